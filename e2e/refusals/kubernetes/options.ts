import type { Mistake } from './mistake.ts'
import { collectionOf, groupVersionOf, type Resource } from './resources.ts'
import * as status from './status.ts'

const JSON_TYPE = 'application/json'

/** Selectors, versions and options that cannot be. */
export function badOptions(of: Resource): Mistake[] {
  const all = collectionOf(of)
  const get = (path: string, wanted: status.Refusal): Mistake => ({
    kind: 'option',
    method: 'GET',
    path,
    wanted,
  })
  const number = 'strconv.ParseUint: parsing "abc": invalid syntax'
  const version = `resourceVersion: Invalid value: "abc": ${number}`
  const unsupported = (field: string, value: string, among: string): status.Cause => ({
    field,
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${value}: supported values: ${among}`,
  })
  const watchMatch: status.Cause = {
    field: 'resourceVersionMatch',
    reason: 'FieldValueForbidden',
    message: 'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
  }
  const onlyOne: status.Cause = {
    field: 'resourceVersionMatch',
    reason: 'FieldValueForbidden',
    message: 'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
  }
  const policies = unsupported('propagationPolicy', '"Foo"', '"Foreground", "Background", "Orphan", "nil"')
  const dryRun = unsupported('dryRun', '["Some"]', '"All"')
  const validation = unsupported('fieldValidation', '"Foo"', '"", "Ignore", "Strict", "Warn"')
  const object = JSON.stringify({ apiVersion: groupVersionOf(of), kind: of.kind, metadata: { name: 'x' } })
  const json = { type: JSON_TYPE, body: object }
  return [
    get(
      `${all}?labelSelector=a%3D%3D%3Db`,
      status.badRequest("unable to parse requirement: found '=', expected: identifier"),
    ),
    get(
      `${all}?labelSelector=a%20b`,
      status.badRequest("unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
    ),
    get(
      `${all}?labelSelector=a%20in%20(`,
      status.badRequest("unable to parse requirement: found '', expected: ',', ')' or identifier"),
    ),
    get(
      `${all}?fieldSelector=metadata.name`,
      status.badRequest("invalid selector: 'metadata.name'; can't understand 'metadata.name'"),
    ),
    ...(of.custom || of.resource === 'pods' || of.resource === 'secrets'
      ? [get(`${all}?fieldSelector=spec.foo%3Dx`, status.badRequest('field label not supported: spec.foo'))]
      : []),
    get(`${all}?resourceVersion=abc`, status.badRequest(`invalid resource version: ${version}`)),
    get(
      `${all}?continue=abc`,
      status.badRequest(
        "invalid continue token: continue key is not valid: invalid character 'i' looking for beginning of value",
      ),
    ),
    get(`${all}?resourceVersionMatch=Exact`, status.invalidOptions('ListOptions', onlyOne)),
    get(`${all}?watch=true&sendInitialEvents=true`, status.invalidOptions('ListOptions', watchMatch)),
    get(`${all}?watch=true&resourceVersion=abc`, status.failed(version)),
    get(
      `${all}?watch=true&timeoutSeconds=abc`,
      status.badRequest('strconv.ParseInt: parsing "abc": invalid syntax'),
    ),
    { ...get(all, status.notAcceptable(of)), kind: 'accept', headers: { Accept: 'text/html' } },
    {
      ...get(`${all}/x`, status.invalidOptions('DeleteOptions', policies)),
      method: 'DELETE',
      path: `${all}/x?propagationPolicy=Foo`,
    },
    {
      ...get(`${all}/x`, status.unsupportedBody),
      kind: 'content type',
      method: 'DELETE',
      type: 'text/plain',
      body: '{}',
    },
    {
      ...get(
        `${all}/x`,
        status.badRequest(
          "couldn't get version/kind; json parse error: invalid character 'b' looking for beginning of object key string",
        ),
      ),
      kind: 'malformed JSON',
      method: 'DELETE',
      type: JSON_TYPE,
      body: '{bad',
    },
    { ...get(`${all}?dryRun=Some`, status.invalidOptions('CreateOptions', dryRun)), method: 'POST', ...json },
    {
      ...get(`${all}?fieldValidation=Foo`, status.invalidOptions('CreateOptions', validation)),
      method: 'POST',
      ...json,
    },
    ...(of.namespaced
      ? [
          {
            ...get(
              all,
              status.badRequest(
                'the namespace of the provided object does not match the namespace sent on the request',
              ),
            ),
            kind: 'namespace',
            method: 'POST',
            type: JSON_TYPE,
            body: JSON.stringify({
              apiVersion: groupVersionOf(of),
              kind: of.kind,
              metadata: { name: 'x', namespace: 'default' },
              ...of.whole,
            }),
          },
        ]
      : []),
  ]
}
