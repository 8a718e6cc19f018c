import type { AdmissionRequest } from '../api.ts'
import { forbidden } from '../errors.ts'
import { groupResource } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { bucketOf } from '../rest/core.ts'
import { compareQuantities } from '../schema/quantity.ts'
import { addQuantities } from './amounts.ts'
import { hardOf, missingFor, takenBy, usedOf } from './quota-usage.ts'
import type { Lister } from './quota-usage.ts'

const QUOTAS = '/resourcequotas'

/** Refuses a create that would exceed a ResourceQuota of its namespace, or does not say what the quota sums up. Throws Forbidden. */
export function runQuotas(core: Core, request: AdmissionRequest): void {
  const { definition, namespace, object, operation } = request
  if (operation !== 'CREATE' || namespace === undefined || object === undefined) return
  if ((request.subresource ?? '') !== '' || !definition.namespaced) return
  const kind = groupResource(definition)
  for (const quota of core.storage.list(QUOTAS, namespace)) {
    const name = quota.metadata.name ?? ''
    const missing = missingFor(quota, kind, object)
    if (missing.length > 0)
      throw forbidden(
        definition,
        object.metadata.name,
        `failed quota: ${name}: must specify ${missing.join('; ')}`,
      )
    const asked = takenBy(quota, kind, object)
    if (Object.keys(asked).length === 0) continue
    const hard = hardOf(quota)
    const used = usedOf(quota, listerOf(core, namespace))
    const exceeded = Object.keys(asked)
      .filter((each) => {
        const next = addQuantities(used[each] ?? '0', asked[each] ?? '0')
        return compareQuantities(next, hard[each] ?? '0') > 0
      })
      .toSorted()
    if (exceeded.length === 0) continue
    const list = (amounts: { [name: string]: string }): string =>
      exceeded.map((each) => `${each}=${amounts[each] ?? '0'}`).join(',')
    throw forbidden(
      definition,
      object.metadata.name,
      `exceeded quota: ${name}, requested: ${list(asked)}, used: ${list(used)}, limited: ${list(hard)}`,
    )
  }
}

function listerOf(core: Core, namespace: string): Lister {
  return (kind) => {
    const [resource = '', ...group] = kind.split('.')
    const [version] = core.registry.versions(group.join('.'))
    const definition =
      version === undefined ? undefined : core.registry.find(group.join('.'), version, resource)
    return definition === undefined ? undefined : core.storage.list(bucketOf(definition), namespace)
  }
}
