import type { Mistake } from './mistake.ts'
import { collectionOf, groupVersionOf, type Resource } from './resources.ts'
import * as status from './status.ts'

const JSON_TYPE = 'application/json'
const YAML = 'application/yaml'
const MERGE = 'application/merge-patch+json'

/** Bodies that cannot be read, of types that nobody reads, too long, or of something else. */
export function badBodies(of: Resource): Mistake[] {
  const all = collectionOf(of)
  const unread = (text: string): status.Refusal =>
    status.badRequest(`the object provided is unrecognized (must be of type ${of.kind}): ${text}`)
  const noJson = (text: string, sample: string): status.Refusal =>
    unread(`couldn't get version/kind; json parse error: ${text} (${sample})`)
  const post = (
    kind: string,
    wanted: status.Refusal,
    body: string,
    type = JSON_TYPE,
    query = '',
  ): Mistake => ({
    kind,
    method: 'POST',
    path: all + query,
    type,
    body,
    wanted,
  })
  const put = (mistake: Mistake): Mistake => ({ ...mistake, method: 'PUT', path: `${mistake.path}/x` })
  const malformed = [
    post(
      'malformed JSON',
      noJson("invalid character 'b' looking for beginning of object key string", '{bad'),
      '{bad',
    ),
    post('malformed JSON', noJson('unexpected end of JSON input', '<empty>'), ''),
    post(
      'malformed YAML',
      unread('yaml: line 1: did not find expected node content (613a205b)'),
      'a: [',
      YAML,
    ),
  ]
  const group = groupVersionOf(of)
  const meta = { metadata: { name: 'x' } }
  return [
    ...malformed,
    ...malformed.map(put),
    ...['text/plain', 'application/xml', MERGE, 'bogus'].flatMap((type) => {
      const one = post('content type', status.unsupportedBody, '{}', type)
      return [one, put(one)]
    }),
    of.custom
      ? post('no kind', unread("Object 'Kind' is missing in '{}' ({})"), '{}')
      : post(
          'another kind',
          status.badRequest(
            `Nosuch in version "${of.version}" cannot be handled as a ${of.kind}: no kind "Nosuch" is registered for version "${group}" in scheme "pkg/runtime/scheme.go:111"`,
          ),
          JSON.stringify({ apiVersion: group, kind: 'Nosuch', ...meta }),
        ),
    of.custom
      ? post(
          'another version',
          status.badRequest(
            `the API version in the data (v1) does not match the expected API version (${group})`,
          ),
          JSON.stringify({ apiVersion: 'v1', kind: of.kind, ...meta }),
        )
      : post(
          'another version',
          status.badRequest(
            `${of.kind} in version "v9" cannot be handled as a ${of.kind}: no kind "${of.kind}" is registered for version "v9" in scheme "pkg/runtime/scheme.go:111"`,
          ),
          JSON.stringify({ apiVersion: 'v9', kind: of.kind, ...meta }),
        ),
    post(
      'strange version',
      unread(
        `unexpected GroupVersion string: a/b/c (${JSON.stringify({ apiVersion: 'a/b/c', kind: of.kind }).slice(0, 30)}${JSON.stringify({ apiVersion: 'a/b/c', kind: of.kind }).length > 30 ? ' ...' : ''})`,
      ),
      JSON.stringify({ apiVersion: 'a/b/c', kind: of.kind }),
    ),
  ]
}
