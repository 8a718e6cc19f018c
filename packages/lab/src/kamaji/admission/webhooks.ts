import type { Admission, AdmissionRequest, ApiServer } from '../../kubernetes/api.ts'
import type { ApiObject } from '../../kubernetes/resources.ts'
import { gvr } from '../vocabulary.ts'
import { checkDecodes } from './decode.ts'
import { withDefaults } from './defaults.ts'
import { checkTenantControlPlane } from './validation.ts'
import { checkWorkload } from './workload.ts'

/** Adds Kamaji's two webhooks for control planes to an API server. Returns what takes them away. */
export function installWebhooks(api: ApiServer, options: { defaultDataStore: string }): () => void {
  const matches = (request: AdmissionRequest): boolean =>
    request.gvr.group === gvr.tenantControlPlanes.group &&
    request.gvr.resource === gvr.tenantControlPlanes.resource &&
    request.subresource === undefined &&
    (request.operation === 'CREATE' || request.operation === 'UPDATE')
  const surroundings = {
    hasDataStore: (name: string) => api.store.get(gvr.dataStores, undefined, name) !== undefined,
    checkWorkload: (object: ApiObject, old: ApiObject) => checkWorkload(object, old, api.store),
    hasGatewayApi: () => api.registry.find('gateway.networking.k8s.io', 'v1', 'gateways') !== undefined,
  }
  const hooks: Admission[] = [
    {
      name: 'mtenantcontrolplane.kb.io',
      matches,
      mutate({ object, operation }) {
        if (object === undefined) return undefined
        checkDecodes(object)
        return operation === 'CREATE' ? withDefaults(object, options.defaultDataStore) : undefined
      },
    },
    {
      name: 'vtenantcontrolplane.kb.io',
      matches,
      validate({ object, oldObject }) {
        if (object !== undefined) checkTenantControlPlane(object, oldObject, surroundings)
      },
    },
  ]
  const removals = hooks.map((hook) => api.addAdmission(hook))
  return () => {
    for (const remove of removals) remove()
  }
}
