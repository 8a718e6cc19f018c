import { updateManagedFields } from '../fields/manage.ts'
import type { ApiObject } from '../resources.ts'
import { asText, at } from '../rest/json.ts'
import type { Core, WriteContext } from '../rest/core.ts'
import { keyOf } from '../rest/core.ts'
import { deleteObject } from '../rest/delete.ts'
import { createObject } from '../rest/write.ts'
import { isLocal, withAvailability } from './availability.ts'
import { builtinPriorities, CUSTOM_PRIORITIES } from './priorities.ts'

/** Where APIServices are kept. */
const BUCKET = 'apiregistration.k8s.io/apiservices'
const AUTOMANAGED = 'kube-aggregator.kubernetes.io/automanaged'
/** Time before what an APIService says of its Service is looked at, milliseconds. */
const LOOK_AFTER = 50
/** Time before what failed is tried again, milliseconds. */
const RETRY_AFTER = 1000

const CONTEXT: WriteContext = {
  user: { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] },
  manager: 'kube-apiserver',
  dryRun: false,
  fieldValidation: 'Ignore',
  warnings: [],
}

/**
 * Keeps the APIServices: one for each group version that the server serves itself, and for those of others whether somebody answers
 * there. Returns what ends it.
 */
export function keepApiServices(core: Core): () => void {
  registerBuiltin(core)
  const pending = new Map<string, NodeJS.Timeout>()
  const later = (name: string, work: () => void, after = LOOK_AFTER): void => {
    if (pending.has(name)) return
    const timer = setTimeout(() => {
      pending.delete(name)
      try {
        work()
      } catch {
        // Admission refused, or somebody else's write came between: tried again, as a controller would.
        later(name, work, RETRY_AFTER)
      }
    }, after)
    timer.unref()
    pending.set(name, timer)
  }
  const unsubscribe = core.registry.subscribe(() => later('custom', () => registerCustom(core)))
  const remote = (): ApiObject[] => core.storage.list(BUCKET).filter((service) => !isLocal(service))
  const discover = (): void => {
    core.registry.remotes = remote().map((service) => ({
      group: asText(at(service, ['spec', 'group'])),
      version: asText(at(service, ['spec', 'version'])),
    }))
    core.registry.revision++
  }
  discover()
  core.storage.tap((key, event) => {
    if (key.bucket === BUCKET) {
      discover()
      if (event.type !== 'DELETED') later(key.name, () => look(core, key.name))
    }
    // What a Service and its endpoints are decides whether an APIService that names it is available.
    if (key.bucket === '/services' || key.bucket === 'discovery.k8s.io/endpointslices')
      for (const { metadata } of remote()) later(metadata.name ?? '', () => look(core, metadata.name ?? ''))
  })
  return () => {
    unsubscribe()
    for (const timer of pending.values()) clearTimeout(timer)
  }
}

/** Registers the built-in group versions that are not: each start brings back what was deleted. */
function registerBuiltin(core: Core): void {
  for (const group of core.registry.groups()) {
    // The aggregator serves this one itself.
    if (group === 'apiregistration.k8s.io') continue
    for (const version of core.registry.versions(group)) {
      const custom = core.registry.inVersion(group, version).some((each) => each.crd === true)
      const isThere =
        core.storage.get({ bucket: BUCKET, namespace: '', name: `${version}.${group}` }) !== undefined
      if (!custom && !isThere) register(core, group, version, 'onstart', builtinPriorities(group, version))
    }
  }
}

/** Registers the versions of custom groups, and takes away those that are no longer served. */
function registerCustom(core: Core): void {
  const served = new Set(
    core.registry.all().flatMap(({ crd, group, version }) => (crd === true ? [`${version}.${group}`] : [])),
  )
  for (const name of served) {
    const dot = name.indexOf('.')
    if (core.storage.get({ bucket: BUCKET, namespace: '', name }) === undefined)
      register(core, name.slice(dot + 1), name.slice(0, dot), 'true', CUSTOM_PRIORITIES)
  }
  const definition = core.registry.find('apiregistration.k8s.io', 'v1', 'apiservices')
  if (definition === undefined) return
  for (const { metadata } of core.storage.list(BUCKET))
    if (metadata.labels?.[AUTOMANAGED] === 'true' && !served.has(metadata.name ?? ''))
      deleteObject(core, definition, undefined, metadata.name ?? '', {}, CONTEXT)
}

function register(
  core: Core,
  group: string,
  version: string,
  managed: 'onstart' | 'true',
  priorities: { group: number; version: number },
): void {
  const definition = core.registry.find('apiregistration.k8s.io', 'v1', 'apiservices')
  if (definition === undefined) return
  const service: ApiObject = {
    metadata: { name: `${version}.${group}`, labels: { [AUTOMANAGED]: managed } },
    spec: {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: priorities.group,
      versionPriority: priorities.version,
    },
  }
  createObject(core, definition, undefined, service, CONTEXT)
}

/** Says in an APIService whether it is available. */
function look(core: Core, name: string): void {
  const definition = core.registry.find('apiregistration.k8s.io', 'v1', 'apiservices')
  if (definition === undefined) return
  const key = keyOf(definition, undefined, name)
  const service = core.storage.get(key)
  if (service === undefined) return
  const seen = withAvailability(core, service)
  if (JSON.stringify(seen['status']) === JSON.stringify(service['status'])) return
  const noted: ApiObject = { ...seen, metadata: { ...seen.metadata } }
  updateManagedFields(core, definition, service, noted, { ...CONTEXT, subresource: 'status' })
  core.storage.put(key, noted)
}
