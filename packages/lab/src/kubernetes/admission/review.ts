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
  const kind = isScale
    ? { group: 'autoscaling', version: 'v1', kind: 'Scale' }
    : { group: gvr.group, version: gvr.version, kind: definition.kind }
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
    object: operation === 'DELETE' ? null : shown(next),
    oldObject: shown(request.oldObject),
    dryRun: request.dryRun,
    options: {
      kind: OPTIONS[operation] ?? '',
      apiVersion: 'meta.k8s.io/v1',
      ...ctx.options,
    },
  }
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
