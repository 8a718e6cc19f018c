import { isObject, parseJson } from '../json.ts'
import type { Json } from '../json.ts'
import { send } from '../kubernetes/send.ts'
import type { Answer } from '../kubernetes/send.ts'
import { leftOut } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { ADMIN } from './cluster.ts'
import { judgeAnswer } from './exchange.ts'
import type { Fields, Line } from './recorded.ts'
import { startWorld } from './world.ts'

const SPEED = 40
/** What Kamaji makes of a generator is waited for at most this long, milliseconds: some it makes nothing of. */
const LONGEST = 1500
/** So long the control planes may take to have their kubeconfigs, milliseconds. */
const FURNISHED = 20_000
const JSON_BODY: [string, string] = ['Content-Type', 'application/json']
const HOME = '/apis/kamaji.clastix.io/v1alpha1'

/** The control planes that stood in the recorder's cluster: the generators are for the first. */
const CONTROL_PLANES = [
  { namespace: 't-join', name: 'join' },
  { namespace: 't-other', name: 'one' },
  { namespace: 't-other', name: 'two' },
]

/** A line that tells of a Secret in the place of an exchange. */
type SecretLine = Line & { secret?: Fields }

/** Makes the recorded KubeconfigGenerators, and compares the answers and the Secrets that come of them. */
export async function replayGenerators(lines: Line[]): Promise<Outcome[]> {
  const world = await startWorld(SPEED, 'address')
  const call = (
    method: string,
    path: string,
    body?: Json,
    headers: [string, string][] = [JSON_BODY],
  ): Promise<Answer> =>
    send(world.cluster.api.url, {
      method,
      path,
      headers: [...headers, ['Authorization', `Bearer ${ADMIN}`]],
      ...(body === undefined || body === null ? {} : { body: JSON.stringify(body) }),
    })
  const get = async (path: string): Promise<Fields> => {
    const value = parseJson((await call('GET', path)).body)
    return isObject(value) ? value : {}
  }
  try {
    await furnish(call, get)
    const outcomes: Outcome[] = []
    for (const line of lines as SecretLine[]) {
      const { n, title, request, response, secret } = line
      if (secret !== undefined) {
        const { namespace, name } = secret
        const path = `/api/v1/namespaces/${textOf(namespace)}/secrets/${textOf(name)}`
        const expected = JSON.stringify(factsOf(secret))
        const actual = JSON.stringify(factsOf(await get(path)))
        outcomes.push({ n, title, verdict: expected === actual ? 'agrees' : 'wrong', expected, actual })
      }
      if (request === undefined || response === undefined) continue
      if (typeof response.body === 'string' && response.body.includes('<cut')) {
        outcomes.push(leftOut(n, title, 'the recorder cut the answer'))
        continue
      }
      const answer = await call(request.method, request.path, request.body, Object.entries(request.headers))
      outcomes.push({ n, title, ...judgeAnswer(line, answer) })
      if (request.method !== 'GET') await settled(get, request.path, request.body)
    }
    return outcomes
  } finally {
    await world.stop()
  }
}

/** Makes the control planes, and waits until each has a kubeconfig to begin from. */
async function furnish(
  call: (method: string, path: string, body?: Json) => Promise<Answer>,
  get: (path: string) => Promise<Fields>,
): Promise<void> {
  for (const namespace of new Set(CONTROL_PLANES.map((each) => each.namespace)))
    await call('POST', '/api/v1/namespaces', {
      metadata: { name: namespace, labels: namespace === 't-join' ? { kc: 'yes' } : {} },
    })
  for (const { namespace, name } of CONTROL_PLANES)
    await call('POST', `${HOME}/namespaces/${namespace}/tenantcontrolplanes`, {
      apiVersion: 'kamaji.clastix.io/v1alpha1',
      kind: 'TenantControlPlane',
      metadata: { name, namespace, labels: { 'tenant.clastix.io': name } },
      spec: {
        controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
        kubernetes: { version: 'v1.35.0', kubelet: { cgroupfs: 'systemd' } },
        networkProfile: { port: 6443 },
        addons: { coreDNS: {}, kubeProxy: {} },
      },
    })
  for (const { namespace, name } of CONTROL_PLANES)
    await until(async () => {
      const secret = await get(`/api/v1/namespaces/${namespace}/secrets/${name}-admin-kubeconfig`)
      return secret['kind'] === 'Secret'
    }, FURNISHED)
}

/** Waits until Kamaji has seen what was written: a generator's generation, a Secret that it makes anew. */
async function settled(
  get: (path: string) => Promise<Fields>,
  path: string,
  body: Json | undefined,
): Promise<void> {
  const named = isObject(body) && isObject(body['metadata']) ? body['metadata']['name'] : undefined
  const object = path.endsWith('/kubeconfiggenerators') ? `${path}/${textOf(named)}` : path
  await until(async () => {
    const { kind, metadata, status } = await get(object)
    if (kind === 'Status') return path.includes('/kubeconfiggenerators')
    if (kind === 'Secret') {
      const annotations = isObject(metadata) ? metadata['annotations'] : undefined
      return !isObject(annotations) || annotations['certs.kamaji.clastix.io/rotate'] !== ''
    }
    const generation = isObject(metadata) ? metadata['generation'] : undefined
    return isObject(status) && status['observedGeneration'] === generation
  })
}

async function until(condition: () => Promise<boolean>, longest = LONGEST): Promise<void> {
  const end = Date.now() + longest
  while (!(await condition()) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20))
}

/** What is told of a Secret: whose it is, how it is marked, and what it holds by name. */
function factsOf(secret: Fields): Fields {
  const metadata = isObject(secret['metadata']) ? secret['metadata'] : secret
  const owners = Array.isArray(metadata['ownerReferences'])
    ? metadata['ownerReferences'].filter(isObject)
    : []
  return {
    name: metadata['name'] ?? null,
    type: secret['type'] ?? null,
    labels: sorted(metadata['labels']),
    annotations: sorted(metadata['annotations']),
    owners: owners.map((owner) => sorted({ ...owner, uid: '' })),
    keys: isObject(secret['data']) ? Object.keys(secret['data']).toSorted() : [],
  }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

function sorted(value: Json | undefined): Json {
  if (!isObject(value)) return null
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
