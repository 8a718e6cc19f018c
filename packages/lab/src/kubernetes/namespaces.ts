import type { ApiObject, JsonObject } from './resources.ts'
import { controllerContext } from './garbage.ts'
import { isObject } from './rest/json.ts'
import type { Core, WriteContext } from './rest/core.ts'
import { bucketOf, timestamp } from './rest/core.ts'
import { deleteObject } from './rest/delete.ts'
import { createObject, updateObject } from './rest/write.ts'

/** Time that a namespace's content is left alone after its deletion, milliseconds of hardware time. */
export const NAMESPACE_GRACE = 5000

/** What is in a namespace: how many objects of each kind, and how many wait for each finalizer. */
interface Content {
  kinds: Map<string, number>
  finalizers: Map<string, number>
}

/** Deletes what is in a namespace that goes, says in its conditions what is left, and lets it go when nothing is. */
export function emptyNamespace(core: Core, namespace: string): void {
  const definition = core.registry.find('', 'v1', 'namespaces')
  const key = { bucket: '/namespaces', namespace: '', name: namespace }
  if (definition === undefined || core.storage.get(key)?.metadata.deletionTimestamp === undefined) return
  const ctx: WriteContext = { ...controllerContext('namespace-controller'), patch: true }
  deleteContent(core, namespace, ctx)
  const write = (subresource: string, change: (home: ApiObject) => ApiObject | undefined): void => {
    const home = core.storage.get(key)
    const next = home === undefined ? undefined : change(home)
    if (next !== undefined)
      updateObject(core, definition, undefined, namespace, next, { ...ctx, subresource })
  }
  const content = contentOf(core, namespace)
  write('status', (home) => withConditions(home, content, timestamp(core)))
  if (content.kinds.size > 0) return
  write('finalize', (home) => {
    const spec = isObject(home['spec']) ? home['spec'] : {}
    const finalizers = Array.isArray(spec['finalizers']) ? spec['finalizers'] : []
    if (!finalizers.includes('kubernetes')) return undefined
    return { ...home, spec: { ...spec, finalizers: finalizers.filter((each) => each !== 'kubernetes') } }
  })
}

function* objectsIn(core: Core, namespace: string) {
  for (const definition of core.registry.all())
    if (definition.namespaced && definition.storedAs === undefined)
      for (const object of core.storage.list(bucketOf(definition), namespace)) yield { definition, object }
}

function deleteContent(core: Core, namespace: string, ctx: WriteContext): void {
  const content = Array.from(objectsIn(core, namespace))
  for (const { definition, object } of content) {
    const { name = '', deletionTimestamp, uid = '' } = object.metadata
    // What another one's deletion took along is not there any more.
    if (deletionTimestamp === undefined && core.storage.byUid(uid) !== undefined)
      deleteObject(core, definition, namespace, name, { propagationPolicy: 'Background' }, ctx)
  }
}

function contentOf(core: Core, namespace: string): Content {
  const content: Content = { kinds: new Map(), finalizers: new Map() }
  const count = (map: Map<string, number>, name: string): void => void map.set(name, (map.get(name) ?? 0) + 1)
  for (const { definition, object } of objectsIn(core, namespace)) {
    count(content.kinds, `${definition.resource}.${definition.group}`)
    for (const finalizer of object.metadata.finalizers ?? []) count(content.finalizers, finalizer)
  }
  return content
}

/** What the conditions of a namespace that goes say: type, status, reason, message. */
function toldOf({ kinds, finalizers }: Content): [string, string, string, string][] {
  const list = (map: Map<string, number>, what: string): string =>
    [...map]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, many]) => `${name} ${what} ${many} resource instances`)
      .join(', ')
  return [
    [
      'NamespaceDeletionDiscoveryFailure',
      'False',
      'ResourcesDiscovered',
      'All resources successfully discovered',
    ],
    [
      'NamespaceDeletionGroupVersionParsingFailure',
      'False',
      'ParsedGroupVersions',
      'All legacy kube types successfully parsed',
    ],
    [
      'NamespaceDeletionContentFailure',
      'False',
      'ContentDeleted',
      'All content successfully deleted, may be waiting on finalization',
    ],
    kinds.size > 0
      ? [
          'NamespaceContentRemaining',
          'True',
          'SomeResourcesRemain',
          `Some resources are remaining: ${list(kinds, 'has')}`,
        ]
      : ['NamespaceContentRemaining', 'False', 'ContentRemoved', 'All content successfully removed'],
    finalizers.size > 0
      ? [
          'NamespaceFinalizersRemaining',
          'True',
          'SomeFinalizersRemain',
          `Some content in the namespace has finalizers remaining: ${list(finalizers, 'in')}`,
        ]
      : [
          'NamespaceFinalizersRemaining',
          'False',
          'ContentHasNoFinalizers',
          'All content-preserving finalizers finished',
        ],
  ]
}

/** The namespace with its conditions brought up to what is told; undefined when they say so already. */
function withConditions(home: ApiObject, content: Content, now: string): ApiObject | undefined {
  const status = isObject(home['status']) ? home['status'] : {}
  const before = Array.isArray(status['conditions']) ? status['conditions'].filter(isObject) : []
  let changed = false
  const conditions = toldOf(content).map(([type, state, reason, message]): JsonObject => {
    const old = before.find((each) => each['type'] === type)
    if (old?.['status'] === state && old['reason'] === reason && old['message'] === message) return old
    changed = true
    const lastTransitionTime = old?.['status'] === state ? (old['lastTransitionTime'] ?? now) : now
    return { type, status: state, lastTransitionTime, reason, message }
  })
  return changed ? { ...home, status: { ...status, conditions } } : undefined
}

const CA_DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Gives a namespace its default account and the CA's certificate. */
export function furnish(core: Core, namespace: string): void {
  const ctx = controllerContext('root-ca-cert-publisher')
  const configMaps = core.registry.find('', 'v1', 'configmaps')
  if (
    configMaps !== undefined &&
    core.caPem !== '' &&
    core.storage.get({ bucket: '/configmaps', namespace, name: 'kube-root-ca.crt' }) === undefined
  )
    createObject(
      core,
      configMaps,
      namespace,
      {
        metadata: { name: 'kube-root-ca.crt', annotations: { 'kubernetes.io/description': CA_DESCRIPTION } },
        data: { 'ca.crt': core.caPem },
      },
      ctx,
    )
  const accounts = core.registry.find('', 'v1', 'serviceaccounts')
  if (
    accounts !== undefined &&
    core.storage.get({ bucket: '/serviceaccounts', namespace, name: 'default' }) === undefined
  )
    createObject(core, accounts, namespace, { metadata: { name: 'default' } }, ctx)
}
