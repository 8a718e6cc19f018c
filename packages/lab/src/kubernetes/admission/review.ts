import { randomUUID } from 'node:crypto'
import type { AdmissionRequest } from '../api.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import type { WriteContext } from '../rest/core.ts'
import { tidyMetadata } from '../rest/metadata.ts'
import { scaleOf } from '../rest/scale-of.ts'

const OPTIONS: { [operation: string]: string } = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
}

/** What a webhook is asked: `request` of an AdmissionReview, without its `uid`. */
export function admissionRequest(request: AdmissionRequest, ctx: WriteContext): JsonObject {
  const { gvr, definition, operation, subresource, namespace, name, user } = request
  const isScale = subresource === 'scale'
  const kind = kindOf(request)
  const resource = { group: gvr.group, version: gvr.version, resource: gvr.resource }
  const shown = (object: ApiObject | undefined): ApiObject | null =>
    object === undefined ? null : isScale ? scaleOf(definition, object) : object
  // What an update writes still has the version that it replaces.
  const { resourceVersion } = request.oldObject?.metadata ?? {}
  const next =
    request.object === undefined || resourceVersion === undefined
      ? request.object
      : { ...request.object, metadata: tidyMetadata({ ...request.object.metadata, resourceVersion }) }
  return {
    kind,
    resource,
    ...(subresource === undefined ? {} : { subResource: subresource }),
    requestKind: kind,
    requestResource: resource,
    ...(subresource === undefined ? {} : { requestSubResource: subresource }),
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    operation,
    userInfo: {
      username: user.username,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      ...(user.extra === undefined ? {} : { extra: user.extra }),
    },
    object: operation === 'DELETE' ? null : operation === 'CONNECT' ? bare(next) : shown(next),
    oldObject: shown(request.oldObject),
    dryRun: request.dryRun,
    options:
      operation === 'CONNECT'
        ? null
        : { kind: OPTIONS[operation] ?? '', apiVersion: 'meta.k8s.io/v1', ...ctx.options },
  }
}

/** The kind of what is written: that of a subresource may be another one than its parent's. */
function kindOf({ gvr, definition, subresource }: AdmissionRequest): JsonObject {
  if (subresource === 'scale') return { group: 'autoscaling', version: 'v1', kind: 'Scale' }
  const part = definition.subresources?.find((each) => each.name === subresource)
  return {
    group: part?.group ?? gvr.group,
    version: part?.version ?? gvr.version,
    kind: part?.kind ?? definition.kind,
  }
}

/** The options of a connection, which have no metadata. */
function bare(object: ApiObject | undefined): JsonObject | null {
  if (object === undefined) return null
  const { metadata: _, ...rest } = object
  return rest
}

/** A whole AdmissionReview, with a uid of its own. */
export function admissionReview(asked: JsonObject): { uid: string; review: JsonObject } {
  const uid = randomUUID()
  return {
    uid,
    review: {
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request: { uid, ...asked },
    },
  }
}
