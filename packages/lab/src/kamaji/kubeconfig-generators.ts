import { X509Certificate } from 'node:crypto'
import { parse } from 'yaml'
import { selectorMatches } from '../kubernetes/builtin/validation/workloads.ts'
import type { ApiServer } from '../kubernetes/api.ts'
import type { ApiObject, Json, JsonObject } from '../kubernetes/resources.ts'
import { asText, at, equal, isObject } from '../kubernetes/rest/json.ts'
import { issueCertificate } from '../pki.ts'
import { base64, fromBase64, kubeconfigText } from './kubeconfig-text.ts'
import { KAMAJI_USER } from './pass.ts'
import { gvr, keys, MANAGER } from './vocabulary.ts'

const WRITE = { user: KAMAJI_USER, fieldManager: MANAGER }
const OPERATORS = new Set(['In', 'NotIn', 'Exists', 'DoesNotExist'])

/** Makes the kubeconfigs that KubeconfigGenerators ask for, a Secret for each control plane they choose. Returns what ends it. */
export function keepKubeconfigGenerators(api: ApiServer, log: (text: string) => void): () => void {
  const { store } = api
  let stopped = false
  let running: Promise<void> | undefined
  let again = false
  const pass = async (): Promise<void> => {
    for (const generator of store.list(gvr.kubeconfigGenerators)) {
      if (stopped) return
      try {
        await generate(api, generator)
      } catch (error) {
        log(`${generator.metadata.name}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  const refresh = (): void => {
    if (stopped || store.list(gvr.kubeconfigGenerators).length === 0) return
    again = true
    running ??= (async () => {
      while (again && !stopped) {
        again = false
        await pass()
      }
    })().finally(() => (running = undefined))
  }
  const stops = [
    store.watch(gvr.kubeconfigGenerators, undefined, ({ type }) => {
      if (type !== 'DELETED') refresh()
    }),
    store.watch(gvr.secrets, store.revision, ({ object }) => {
      if ((object.metadata.name ?? '').endsWith('-admin-kubeconfig')) refresh()
    }),
  ]
  return () => {
    stopped = true
    for (const stop of stops) stop()
  }
}

async function generate(api: ApiServer, generator: ApiObject): Promise<void> {
  const spec = isObject(generator['spec']) ? generator['spec'] : {}
  const { namespaceSelector, tenantControlPlaneSelector } = spec
  // Selectors that cannot be read leave the status as it is, without a word.
  if (!isReadable(namespaceSelector) || !isReadable(tenantControlPlaneSelector)) return
  const { store } = api
  const chosen = store.list(gvr.tenantControlPlanes).filter((tcp) => {
    const home = store.get(gvr.namespaces, undefined, tcp.metadata.namespace ?? '')
    return (
      fits(namespaceSelector, home?.metadata.labels) && fits(tenantControlPlaneSelector, tcp.metadata.labels)
    )
  })
  const errors: JsonObject[] = []
  for (const tcp of chosen)
    try {
      await keepSecret(api, generator, spec, tcp)
    } catch (error) {
      const { namespace = '', name = '' } = tcp.metadata
      errors.push({
        message: error instanceof Error ? error.message : String(error),
        resource: `${namespace}/${name}`,
      })
    }
  const status: JsonObject = {
    availableResources: chosen.length - errors.length,
    ...(errors.length > 0 ? { errors } : {}),
    observedGeneration: generator.metadata.generation ?? 1,
    resources: chosen.length,
  }
  const live = store.get(gvr.kubeconfigGenerators, undefined, generator.metadata.name ?? '')
  if (live === undefined || equal(live['status'], status)) return
  store.update(gvr.kubeconfigGenerators, { ...live, status }, { ...WRITE, subresource: 'status' })
}

function isReadable(selector: Json | undefined): boolean {
  const expressions = isObject(selector) ? selector['matchExpressions'] : undefined
  return (Array.isArray(expressions) ? expressions.filter(isObject) : []).every((each) =>
    OPERATORS.has(asText(each['operator'])),
  )
}

function fits(selector: Json | undefined, labels: JsonObject = {}): boolean {
  return !isObject(selector) || selectorMatches(selector, labels)
}

/** Keeps the Secret of one control plane: made once, and anew when what it says is no longer asked for. Throws what is wrong. */
async function keepSecret(
  api: ApiServer,
  generator: ApiObject,
  spec: JsonObject,
  tcp: ApiObject,
): Promise<void> {
  const { store } = api
  const { namespace = '', name = '' } = tcp.metadata
  const owner = generator.metadata.name ?? ''
  const commonName = valueOf(spec['user'], tcp)
  const groups = Array.isArray(spec['groups']) ? spec['groups'].map((group) => valueOf(group, tcp)) : []
  const data = (suffix: string): JsonObject => {
    const found = store.get(gvr.secrets, namespace, `${name}-${suffix}`)?.['data']
    return isObject(found) ? found : {}
  }
  const key = asText(spec['controlPlaneEndpointFrom'])
  const template = data('admin-kubeconfig')[key]
  if (template === undefined)
    throw new Error(
      `unable to decode Kubeconfig template: the given key is not available in the kubeconfig Secret: ${key}`,
    )
  const found = store.get(gvr.secrets, namespace, `${name}-${owner}`)
  const config = parse(fromBase64(template)) as { clusters: { name: string; cluster: { server: string } }[] }
  const [cluster] = config.clusters
  const ca = data('ca')
  const authority = { certPem: fromBase64(ca['ca.crt']), keyPem: fromBase64(ca['ca.key']) }
  const server = cluster?.cluster.server ?? ''
  if (found !== undefined && says(found, { server, caPem: authority.certPem, commonName, groups })) return
  const client = await issueCertificate(authority, { commonName, organizations: groups, usages: ['client'] })
  const value = kubeconfigText({
    cluster: cluster?.name ?? name,
    user: owner,
    context: owner,
    server,
    caPem: authority.certPem,
    client,
  })
  const secret: ApiObject = {
    metadata: {
      name: `${name}-${owner}`,
      namespace,
      labels: {
        [keys.lifecycle]: 'kubeconfig',
        'kamaji.clastix.io/managed-by': owner,
        'kamaji.clastix.io/managed-for': name,
      },
      // It belongs to the control plane: it outlives the generator.
      ownerReferences: [
        {
          apiVersion: 'kamaji.clastix.io/v1alpha1',
          kind: 'TenantControlPlane',
          name,
          uid: tcp.metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    type: 'Opaque',
    data: { value: base64(value) },
  }
  if (found === undefined) store.create(gvr.secrets, secret, WRITE)
  else
    store.update(
      gvr.secrets,
      { ...found, ...secret, metadata: { ...found.metadata, ...secret.metadata } },
      WRITE,
    )
}

/** Whether a Secret's kubeconfig is what is asked for. */
function says(
  secret: ApiObject,
  wanted: { server: string; caPem: string; commonName: string; groups: readonly string[] },
): boolean {
  const text = fromBase64(at(secret, ['data', 'value']))
  const part = (name: string): string => fromBase64(new RegExp(`${name}: (\\S+)`).exec(text)?.[1] ?? '')
  if (!text.includes(`server: ${wanted.server}\n`) || part('certificate-authority-data') !== wanted.caPem)
    return false
  try {
    const { subject } = new X509Certificate(part('client-certificate-data'))
    const lines = [`CN=${wanted.commonName}`, ...wanted.groups.map((group) => `O=${group}`)]
    return subject.split('\n').toSorted().join() === lines.toSorted().join()
  } catch {
    return false
  }
}

/** A user's or group's name: fixed, or a text field of the control plane. */
function valueOf(source: Json | undefined, tcp: ApiObject): string {
  const { stringValue, fromDefinition } = isObject(source) ? source : {}
  if (asText(stringValue) !== '') return asText(stringValue)
  const path = asText(fromDefinition)
  const value = at(tcp, path.split('.'))
  if (value === undefined) throw new Error(`provided dot notation ${JSON.stringify(path)} is not found`)
  if (typeof value === 'string') return value
  const type =
    typeof value === 'number' ? 'int64' : typeof value === 'boolean' ? 'bool' : 'map[string]interface {}'
  throw new Error(
    `cannot run NestedString ${JSON.stringify(path)} due to an error: .${path} accessor error: ${JSON.stringify(value)} is of the type ${type}, expected string`,
  )
}
