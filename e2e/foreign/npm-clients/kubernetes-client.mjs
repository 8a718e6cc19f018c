// The ordinary use of @kubernetes/client-node: typed and custom objects, patches, watches, informers, logs, refusals.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import * as k8s from '@kubernetes/client-node'

const config = new k8s.KubeConfig()
config.loadFromDefault()
const core = config.makeApiClient(k8s.CoreV1Api)
const apps = config.makeApiClient(k8s.AppsV1Api)
const custom = config.makeApiClient(k8s.CustomObjectsApi)
const objects = k8s.KubernetesObjectApi.makeApiClient(config)
const namespace = 'by-npm'
const planes = { group: 'kamaji.clastix.io', version: 'v1alpha1', namespace, plural: 'tenantcontrolplanes' }

/** Requires that a call is refused with this status and these words. */
const refused = (call, code, words) =>
  assert.rejects(call, (error) => {
    assert.equal(error.code, code)
    assert.match(JSON.parse(error.body).message, words)
    return true
  })

/** Waits until `look` gives something; its last answer. */
async function until(look) {
  for (let turn = 0; turn < 1800; turn += 1) {
    const seen = await look()
    if (seen) return seen
    await sleep(100)
  }
  throw new Error(`never: ${look}`)
}

await core.createNamespace({ body: { metadata: { name: namespace } } })

/** An informer that is stopped says so as an error. */
const failed = (error) => {
  if (error.name !== 'AbortError') throw error
}

// Informers: of a built-in and of a custom kind, started before there is anything.
const seen = []
const configs = k8s.makeInformer(
  config,
  `/api/v1/namespaces/${namespace}/configmaps`,
  () => core.listNamespacedConfigMap({ namespace, labelSelector: 'watched=yes' }),
  'watched=yes',
)
for (const event of ['add', 'update', 'delete'])
  configs.on(event, ({ metadata }) => seen.push(`${event} ${metadata.name}`))
configs.on('error', failed)
await configs.start()
const ready = []
const controlPlanes = k8s.makeInformer(
  config,
  `/apis/${planes.group}/${planes.version}/namespaces/${namespace}/${planes.plural}`,
  () => custom.listNamespacedCustomObject(planes),
)
controlPlanes.on('update', ({ status }) => ready.push(status?.kubernetesResources?.version?.status))
controlPlanes.on('error', failed)
await controlPlanes.start()

// Typed objects: create, read, patch in its three ways, replace, pages, delete.
const map = await core.createNamespacedConfigMap({
  namespace,
  body: { metadata: { name: 'one', labels: { watched: 'yes' } }, data: { a: '1' } },
})
assert.match(map.metadata.uid, /^[\da-f-]{36}$/)
assert.ok(map.metadata.creationTimestamp instanceof Date)
await core.patchNamespacedConfigMap({
  name: 'one',
  namespace,
  body: [{ op: 'replace', path: '/data/a', value: '2' }],
})
await core.patchNamespacedConfigMap(
  { name: 'one', namespace, body: { data: { b: '3' } } },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
)
await core.patchNamespacedConfigMap(
  {
    name: 'one',
    namespace,
    fieldManager: 'by-npm',
    force: true,
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one' }, data: { c: '4' } },
  },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.ServerSideApply),
)
const read = await core.readNamespacedConfigMap({ name: 'one', namespace })
assert.deepEqual(read.data, { a: '2', b: '3', c: '4' })
read.data = { a: '5' }
await core.replaceNamespacedConfigMap({ name: 'one', namespace, body: read })
await refused(
  core.replaceNamespacedConfigMap({ name: 'one', namespace, body: read }),
  409,
  /the object has been modified/,
)
await refused(
  core.patchNamespacedConfigMap({ name: 'one', namespace, body: { data: {} } }),
  400,
  /cannot unmarshal object into Go value of type/,
)
await refused(
  core.readNamespacedConfigMap({ name: 'nosuch', namespace }),
  404,
  /configmaps "nosuch" not found/,
)
for (const number of [1, 2, 3])
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { generateName: `page-${number}-` } } })
await until(async () =>
  (await core.listNamespacedConfigMap({ namespace })).items.some(
    ({ metadata }) => metadata.name === 'kube-root-ca.crt',
  ),
)
let page = await core.listNamespacedConfigMap({ namespace, limit: 2 })
let count = page.items.length
while (page.metadata._continue) {
  page = await core.listNamespacedConfigMap({ namespace, limit: 2, _continue: page.metadata._continue })
  count += page.items.length
}
assert.equal(count, 5, 'one, three pages, and the cluster’s own')
await core.deleteNamespacedConfigMap({ name: 'one', namespace })
await until(() => seen.includes('delete one'))
assert.deepEqual([...new Set(seen)], ['add one', 'update one', 'delete one'])
assert.equal(configs.list().length, 0)

// Custom objects, as such and by the client for any object.
const body = {
  apiVersion: `${planes.group}/${planes.version}`,
  kind: 'TenantControlPlane',
  metadata: { name: 'plane', namespace },
  spec: {
    controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'ClusterIP' } },
    kubernetes: { version: 'v1.34.0', kubelet: {} },
    networkProfile: {},
    addons: {},
  },
}
await custom.createNamespacedCustomObject({ ...planes, body })
await until(() => ready.includes('Ready'))
assert.equal(controlPlanes.get('plane', namespace).spec.dataStore, 'default')
await custom.patchNamespacedCustomObject(
  { ...planes, name: 'plane', body: { spec: { kubernetes: { version: 'v1.34.2' } } } },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
)
await refused(
  custom.patchNamespacedCustomObject(
    { ...planes, name: 'plane', body: { spec: { kubernetes: { version: 'v1.30.0' } } } },
    k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.MergePatch),
  ),
  403,
  /unable to downgrade a TenantControlPlane from 1\.34\.0 to 1\.30\.0/,
)
await refused(
  objects.patch({ ...body, metadata: { ...body.metadata, labels: { a: 'b' } } }),
  415,
  /application\/merge-patch\+json/,
)
const labelled = await objects.patch(
  {
    apiVersion: body.apiVersion,
    kind: body.kind,
    metadata: { name: 'plane', namespace, labels: { a: 'b' } },
  },
  undefined,
  undefined,
  undefined,
  undefined,
  k8s.PatchStrategy.MergePatch,
)
assert.equal(labelled.metadata.labels.a, 'b')
assert.equal((await objects.list(body.apiVersion, body.kind, namespace)).items.length, 1)

// What a control plane is made of: its Deployment, its scale, its pods and their log.
await until(
  async () => (await apps.readNamespacedDeployment({ name: 'plane', namespace })).status.readyReplicas === 1,
)
const scale = await apps.readNamespacedDeploymentScale({ name: 'plane', namespace })
assert.equal(scale.spec.replicas, 1)
// A pod that was replaced between two calls is looked for anew.
await until(async () => {
  const { items } = await core.listNamespacedPod({ namespace, labelSelector: 'kamaji.clastix.io/name=plane' })
  const pod = items.find(({ metadata, status }) => status.phase === 'Running' && !metadata.deletionTimestamp)
  if (!pod) return undefined
  const { name } = pod.metadata
  const log = new PassThrough()
  log.resume()
  try {
    await new k8s.Log(config).log(namespace, name, 'kube-apiserver', log, { tailLines: 5 })
    await refused(
      core.readNamespacedPodLog({ name, namespace }),
      400,
      /a container name must be specified for pod/,
    )
    return true
  } catch (error) {
    const left = await core.readNamespacedPod({ name, namespace }).catch(({ code }) => code)
    if (left === 404) return undefined
    throw error
  }
})

// A watch by hand, from a list.
const { metadata } = await core.listNamespacedSecret({ namespace })
const events = []
const watching = await new k8s.Watch(config).watch(
  `/api/v1/namespaces/${namespace}/secrets`,
  {
    resourceVersion: metadata.resourceVersion,
    allowWatchBookmarks: true,
    fieldSelector: 'metadata.name=watched',
  },
  (type, object) => events.push(`${type} ${object.metadata.name}`),
  () => undefined,
)
await core.createNamespacedSecret({
  namespace,
  body: { metadata: { name: 'watched' }, stringData: { a: 'b' } },
})
await core.deleteNamespacedSecret({ name: 'watched', namespace })
await until(() => events.length >= 2)
assert.deepEqual(events, ['ADDED watched', 'DELETED watched'])
watching.abort()

// Who one is, what one may, and a token for somebody else.
const { status } = await config.makeApiClient(k8s.AuthorizationV1Api).createSelfSubjectAccessReview({
  body: {
    spec: { resourceAttributes: { verb: 'create', group: planes.group, resource: planes.plural, namespace } },
  },
})
assert.equal(status.allowed, true)
await until(async () => (await core.listNamespacedServiceAccount({ namespace })).items.length > 0)
const token = await core.createNamespacedServiceAccountToken({
  name: 'default',
  namespace,
  body: { spec: { audiences: [], expirationSeconds: 600 } },
})
const weak = new k8s.KubeConfig()
weak.loadFromOptions({
  clusters: [{ ...config.getCurrentCluster(), name: 'c' }],
  users: [{ name: 'u', token: token.status.token }],
  contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
  currentContext: 'x',
})
await refused(
  weak.makeApiClient(k8s.CoreV1Api).listNamespacedSecret({ namespace }),
  403,
  /User "system:serviceaccount:by-npm:default" cannot list resource "secrets"/,
)

await objects.delete({ apiVersion: body.apiVersion, kind: body.kind, metadata: { name: 'plane', namespace } })
await until(() => controlPlanes.get('plane', namespace) === undefined)
await configs.stop()
await controlPlanes.stop()
await core.deleteNamespace({ name: namespace })
console.log('done')
