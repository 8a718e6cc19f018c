import { isLocal, localStatus } from '../api-services/availability.ts'
import { defaultCrd, newCrdStatus } from '../crds.ts'
import type { ApiObject, ResourceDefinition, UserInfo } from '../resources.ts'
import { groupResource } from '../resources.ts'
import { asText, isObject } from './json.ts'

/** Rules the server cannot do without, whatever the other rules of built-in kinds are: namespaces, secrets, CRDs. In place. */
export function essentialDefaults(
  definition: ResourceDefinition,
  object: ApiObject,
  old: ApiObject | undefined,
  user: UserInfo,
): void {
  switch (groupResource(definition)) {
    case 'namespaces': {
      object.metadata.labels = {
        ...object.metadata.labels,
        'kubernetes.io/metadata.name': object.metadata.name ?? '',
      }
      const spec = isObject(object['spec']) ? object['spec'] : {}
      if (old === undefined) {
        const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'] : []
        object['spec'] = {
          ...spec,
          finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
        }
        object['status'] = { phase: 'Active' }
      }
      return
    }
    case 'secrets': {
      const plain = object['stringData']
      if (isObject(plain)) {
        const data = isObject(object['data']) ? { ...object['data'] } : {}
        for (const [key, value] of Object.entries(plain))
          data[key] = Buffer.from(asText(value)).toString('base64')
        object['data'] = data
      }
      delete object['stringData']
      if (object['type'] === undefined || object['type'] === '') object['type'] = 'Opaque'
      return
    }
    case 'certificatesigningrequests.certificates.k8s.io': {
      const spec = isObject(object['spec']) ? object['spec'] : {}
      const { username, uid, groups, extra } = old === undefined ? user : specUser(old)
      // Who asks is what the server saw, never what the request says.
      object['spec'] = {
        ...spec,
        username,
        ...(uid === undefined ? {} : { uid }),
        groups,
        ...(extra === undefined ? {} : { extra }),
      }
      return
    }
    case 'customresourcedefinitions.apiextensions.k8s.io':
      defaultCrd(object)
      if (old === undefined) object['status'] = newCrdStatus(object)
      return
    case 'apiservices.apiregistration.k8s.io':
      // One that this server answers for is available from the beginning.
      if (old === undefined) {
        const since = object.metadata.creationTimestamp ?? ''
        object['status'] = isLocal(object) ? localStatus(since) : {}
      }
      return
    default:
  }
}

function specUser(request: ApiObject): UserInfo {
  const spec = isObject(request['spec']) ? request['spec'] : {}
  const { username, uid, groups, extra } = spec
  return {
    username: asText(username),
    ...(typeof uid === 'string' ? { uid } : {}),
    groups: Array.isArray(groups) ? groups.map(asText) : [],
    ...(isObject(extra) ? { extra: extra as { [key: string]: string[] } } : {}),
  }
}
