import { messageOfKind } from '../builtin/messages.ts'
import { badRequest } from '../errors.ts'
import type { StatusError } from '../errors.ts'
import type { JsonObject, ResourceDefinition } from '../resources.ts'
import { apiVersionOf } from '../resources.ts'
import { decodeProtobuf, openEnvelope } from './decode.ts'
import { WireError } from './wire.ts'

/**
 * Reads the object of a request in protobuf. An envelope that says no version or kind means those of the path. `unrecognized` makes the
 * error of a body that is none at all. Throws BadRequest with the API server's texts.
 */
export function readProtobuf(
  kind: string,
  data: Uint8Array,
  definition: ResourceDefinition | undefined,
  unrecognized: (why: string) => StatusError,
): JsonObject {
  const expected = definition === undefined ? 'v1' : apiVersionOf(definition)
  let sent: { apiVersion: string; kind: string }
  try {
    sent = openEnvelope(data)
  } catch (error) {
    throw error instanceof WireError ? unrecognized(error.message) : error
  }
  const apiVersion = sent.apiVersion || expected
  const sentKind = sent.kind || kind
  const cannot = (why: string): StatusError => {
    const version = apiVersion.slice(apiVersion.indexOf('/') + 1)
    return badRequest(
      `${sentKind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${why}`,
    )
  }
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  if (
    sentKind !== kind &&
    definition !== undefined &&
    messageOfKind(group, version, sentKind) !== undefined
  ) {
    const home = definition.group === '' ? 'core' : (definition.group.split('.')[0] ?? '')
    throw cannot(`converting (${version}.${sentKind}) to (${home}.${kind}): unknown conversion`)
  }
  try {
    return decodeProtobuf(data, { apiVersion, kind: sentKind })
  } catch (error) {
    throw error instanceof WireError ? cannot(error.message) : error
  }
}
