import type { ApiServer } from '../kubernetes/api.ts'
import type { ApiObject, JsonObject } from '../kubernetes/resources.ts'
import { asText, at, copy, equal, isObject } from '../kubernetes/rest/json.ts'
import { KAMAJI_USER } from './pass.ts'
import { gvr, keys, MANAGER } from './vocabulary.ts'

const WRITE = { user: KAMAJI_USER, fieldManager: MANAGER }

/** Keeps the finalizer and the status of data stores: ready, by whom they are used. Returns what ends it. */
export function keepDataStores(api: ApiServer): () => void {
  const { store } = api
  let stopped = false
  const refresh = (): void => {
    if (stopped) return
    for (const dataStore of store.list(gvr.dataStores)) keep(api, dataStore)
  }
  const stops = [
    store.watch(gvr.dataStores, undefined, ({ type }) => {
      if (type !== 'DELETED') refresh()
    }),
    store.watch(gvr.tenantControlPlanes, undefined, ({ type, object, old }) => {
      const used = (each: ApiObject | undefined): string =>
        asText(at(each, ['status', 'storage', 'dataStoreName']))
      if (type === 'DELETED' || used(object) !== used(old)) refresh()
    }),
    store.watch(gvr.secrets, store.revision, ({ object }) => {
      if (object.metadata.ownerReferences === undefined) refresh()
    }),
  ]
  return () => {
    stopped = true
    for (const stop of stops) stop()
  }
}

function keep(api: ApiServer, dataStore: ApiObject): void {
  const { store } = api
  const name = dataStore.metadata.name ?? ''
  const usedBy = store
    .list(gvr.tenantControlPlanes)
    .filter((tcp) => at(tcp, ['status', 'storage', 'dataStoreName']) === name)
    .map((tcp) => `${tcp.metadata.namespace ?? ''}/${tcp.metadata.name ?? ''}`)
    .toSorted()
  if (dataStore.metadata.annotations?.[keys.paused] !== undefined) return
  const deleting = dataStore.metadata.deletionTimestamp !== undefined
  const finalizers = dataStore.metadata.finalizers ?? []
  if (!deleting && !finalizers.includes(keys.dataStoreFinalizer)) {
    const next = copy(dataStore) as ApiObject
    next.metadata.finalizers = [...finalizers, keys.dataStoreFinalizer]
    store.update(gvr.dataStores, next, WRITE)
    return
  }
  const fault = faultOf(api, dataStore)
  const old = at(dataStore, ['status', 'conditions'])
  const before = Array.isArray(old) ? old.filter(isObject) : []
  const condition = (type: string, status: string, reason: string, message: string): JsonObject => {
    const same = before.find(
      (each) => each['type'] === type && each['status'] === status && each['reason'] === reason,
    )
    return {
      type,
      status,
      reason,
      message,
      observedGeneration: same?.['observedGeneration'] ?? dataStore.metadata.generation ?? 1,
      lastTransitionTime:
        same?.['lastTransitionTime'] ?? new Date(api.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
    }
  }
  const status: JsonObject = {
    ...(usedBy.length > 0 ? { usedBy } : {}),
    ready: fault === undefined,
    observedGeneration: dataStore.metadata.generation ?? 1,
    conditions: [
      fault === undefined
        ? condition('kamaji.clastix.io/DataStoreValidation', 'True', 'DataStoreIsValid', '')
        : condition('kamaji.clastix.io/DataStoreValidation', 'False', fault.reason, fault.message),
      ...(deleting
        ? [
            usedBy.length > 0
              ? condition(
                  'kamaji.clastix.io/DataStoreAllowedDeletion',
                  'False',
                  'DataStoreStillUsed',
                  'The DataStore is still used and referenced by one (or more) TenantControlPlane objects.',
                )
              : condition('kamaji.clastix.io/DataStoreAllowedDeletion', 'True', 'DataStoreUnused', ''),
          ]
        : []),
    ],
  }
  if (!equal(status, dataStore['status'] as JsonObject | undefined))
    store.update(gvr.dataStores, { ...dataStore, status }, { ...WRITE, subresource: 'status' })
  if (deleting && usedBy.length === 0) {
    const live = store.get(gvr.dataStores, undefined, name)
    if (live === undefined) return
    const next = copy(live) as ApiObject
    next.metadata.finalizers = (next.metadata.finalizers ?? []).filter(
      (each) => each !== keys.dataStoreFinalizer,
    )
    store.update(gvr.dataStores, next, WRITE)
  }
}

/** What Kamaji finds wrong with a data store: only whether the Secrets it names exist. */
function faultOf(api: ApiServer, dataStore: ApiObject): { reason: string; message: string } | undefined {
  const missing = (path: string[]): string | undefined => {
    const reference = at(dataStore, ['spec', ...path, 'secretReference'])
    if (asText(at(dataStore, ['spec', ...path, 'content'])) !== '') return undefined
    if (at(dataStore, ['spec', ...path]) === undefined) return undefined
    if (!isObject(reference)) return 'the Secret reference is mandatory when bare content is not specified'
    const namespace = asText(reference['namespace'])
    const name = asText(reference['name'])
    if (name === '') return 'the Secret reference name is mandatory'
    if (namespace === '') return 'the Secret reference namespace is mandatory'
    return api.store.get(gvr.secrets, namespace, name) === undefined
      ? `secret ${namespace}/${name} is not found`
      : undefined
  }
  const places: [string, string, string[]][] = [
    ['BasicAuthValidationFailed', 'basic-auth username', ['basicAuth', 'username']],
    ['BasicAuthValidationFailed', 'basic-auth password', ['basicAuth', 'password']],
    [
      'TLSConfigurationValidationFailed',
      'CA certificate',
      ['tlsConfig', 'certificateAuthority', 'certificate'],
    ],
    [
      'TLSConfigurationValidationFailed',
      'CA private key',
      ['tlsConfig', 'certificateAuthority', 'privateKey'],
    ],
    [
      'TLSConfigurationValidationFailed',
      'client certificate',
      ['tlsConfig', 'clientCertificate', 'certificate'],
    ],
    [
      'TLSConfigurationValidationFailed',
      'client private key',
      ['tlsConfig', 'clientCertificate', 'privateKey'],
    ],
  ]
  for (const [reason, what, path] of places) {
    const text = missing(path)
    if (text !== undefined) return { reason, message: `${what} is not valid, ${text}` }
  }
  return undefined
}
