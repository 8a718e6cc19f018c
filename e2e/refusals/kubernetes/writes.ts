import type { Mistake } from './mistake.ts'
import { collectionOf, groupVersionOf, NAMESPACE, type Resource } from './resources.ts'
import * as status from './status.ts'

const JSON_TYPE = 'application/json'
const MERGE = 'application/merge-patch+json'
const JSON_PATCH = 'application/json-patch+json'
const STRATEGIC = 'application/strategic-merge-patch+json'
const APPLY = 'application/apply-patch+yaml'
const UID = '11111111-1111-1111-1111-111111111111'

/** Writes of an object that is there, `base`, with its uid. */
export function badWrites(of: Resource, uid: string): Mistake[] {
  if (of.whole === undefined) return []
  const all = collectionOf(of)
  const base = `${all}/base`
  const object = (metadata: Record<string, unknown>, more: Record<string, unknown> = {}): string =>
    JSON.stringify({ apiVersion: groupVersionOf(of), kind: of.kind, metadata, ...of.whole, ...more })
  const write = (
    method: string,
    path: string,
    body: string,
    wanted: status.Refusal,
    type = JSON_TYPE,
  ): Mistake => ({
    kind: 'write',
    method,
    path,
    type,
    body,
    wanted,
  })
  const patch = (body: string, wanted: status.Refusal, type: string, query = ''): Mistake => ({
    ...write('PATCH', base + query, body, wanted, type),
    kind: 'patch',
  })
  const options = (field: string, reason: string, message: string): status.Refusal =>
    status.invalidOptions('PatchOptions', { field, reason, message })
  const group = groupVersionOf(of)
  // Of every object once, and of its kind again.
  const sameUid: status.Cause = {
    field: 'metadata.uid',
    reason: 'FieldValueInvalid',
    message: `Invalid value: "${UID}": field is immutable`,
  }
  return [
    write('POST', all, object({ name: 'base' }), status.alreadyExists(of, 'base')),
    ...(of.custom ? [write('POST', base, object({ name: 'base' }), status.alreadyExists(of, 'base'))] : []),
    write(
      'POST',
      all,
      object({ name: 'y', resourceVersion: '5' }),
      status.failed('resourceVersion should not be set on objects to be created'),
    ),
    write(
      'PUT',
      base,
      object({ name: 'other' }),
      status.badRequest('the name of the object (other) does not match the name on the URL (base)'),
    ),
    write('PUT', base, object({ name: 'base', resourceVersion: '1' }), status.modified(of, 'base')),
    ...(of.custom
      ? [
          write('PUT', base, object({ name: 'base' }), status.noVersion(of, 'base')),
          write(
            'PUT',
            base,
            object({ name: 'base', resourceVersion: 'abc' }),
            status.failed('strconv.ParseUint: parsing "abc": invalid syntax'),
          ),
          write(
            'PUT',
            `${all}/nosuch`,
            object({ name: 'nosuch', resourceVersion: '1' }),
            status.notFound(of, 'nosuch'),
          ),
        ]
      : [
          write(
            'PUT',
            base,
            object({}),
            status.badRequest(
              'the name of the object (base based on URL) was undeterminable: name must be provided',
            ),
          ),
        ]),
    ...(of.namespaced
      ? [
          write(
            'PUT',
            base,
            object({ name: 'base', namespace: 'default' }),
            status.badRequest(
              'the namespace of the provided object does not match the namespace sent on the request',
            ),
          ),
          {
            ...write(
              'POST',
              collectionOf(of, false, 'nosuch'),
              object({ name: 'x' }),
              status.noNamespace('nosuch'),
            ),
            kind: 'no namespace',
          },
        ]
      : []),
    write(
      'POST',
      `${all}?fieldValidation=Strict`,
      object({ name: 'y' }, { nosuch: 1 }),
      status.badRequest(
        `${of.kind} in version "${of.version}" cannot be handled as a ${of.kind}: strict decoding error: unknown field "nosuch"`,
      ),
    ),
    {
      kind: 'option',
      method: 'GET',
      path: `${base}?resourceVersion=abc`,
      wanted: status.failed(
        'resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
      ),
    },
    {
      kind: 'accept',
      method: 'GET',
      path: base,
      headers: { Accept: 'text/html' },
      wanted: status.notAcceptable(of),
    },
    write(
      'DELETE',
      base,
      JSON.stringify({ preconditions: { uid: UID } }),
      status.otherUid(of, 'base', UID, uid),
    ),
    patch('{}', status.unsupportedPatch(of), JSON_TYPE),
    patch('{}', status.unsupportedPatch(of), 'text/plain'),
    ...(of.custom ? [patch('{}', status.unsupportedPatch(of), STRATEGIC)] : []),
    ...[MERGE, JSON_PATCH].flatMap((type) => [
      patch(
        '{bad',
        status.badRequest(
          "error decoding patch: invalid character 'b' looking for beginning of object key string",
        ),
        type,
      ),
      patch('', status.badRequest('error decoding patch: unexpected end of JSON input'), type),
      patch(
        type === MERGE ? '{}' : '[]',
        options('force', 'FieldValueForbidden', 'Forbidden: may not be specified for non-apply patch'),
        type,
        '?force=true',
      ),
    ]),
    patch(
      '[]',
      status.badRequest(
        'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
      ),
      MERGE,
    ),
    patch(
      '{"op":"add"}',
      status.badRequest(
        'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp',
      ),
      JSON_PATCH,
    ),
    patch('[{"op":"test","path":"/kind","value":"no"}]', status.unpatched, JSON_PATCH),
    patch('[{"op":"remove","path":"/nosuch"}]', status.unpatched, JSON_PATCH),
    patch('{"metadata":{"resourceVersion":"1"}}', status.modified(of, 'base'), MERGE),
    patch(`{"metadata":{"uid":"${UID}"}}`, status.invalid(of, 'base', sameUid, sameUid), MERGE),
    patch(
      '{}',
      options('fieldManager', 'FieldValueRequired', 'Required value: is required for apply patch'),
      APPLY,
    ),
    patch(
      JSON.stringify({ apiVersion: group, kind: of.kind, nosuch: 1 }),
      status.failed(
        `failed to create typed patch object (/; ${of.group === '' ? '/v1' : group}, Kind=${of.kind}): .nosuch: field not declared in schema`,
      ),
      APPLY,
      '?fieldManager=m',
    ),
    ...(of.custom && of.subs.includes('status')
      ? [
          write(
            'PUT',
            `${base}/status`,
            object({ name: 'base', resourceVersion: '1' }),
            status.modified(of, 'base'),
          ),
          write('PUT', `${base}/status`, object({ name: 'base' }), status.noVersion(of, 'base')),
        ]
      : []),
    ...(of.custom && of.subs.includes('scale')
      ? [
          write(
            'PUT',
            `${base}/scale`,
            JSON.stringify({
              apiVersion: 'autoscaling/v1',
              kind: 'Scale',
              metadata: {
                name: 'base',
                ...(of.namespaced && { namespace: NAMESPACE }),
                resourceVersion: '1',
              },
              spec: { replicas: 1 },
            }),
            status.modified(of, 'base'),
          ),
        ]
      : []),
  ]
}
