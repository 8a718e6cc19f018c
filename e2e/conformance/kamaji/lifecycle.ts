import { createLabClock } from '../../../packages/lab/src/clock.ts'
import { startManagementCluster } from '../../../packages/lab/src/management/cluster.ts'
import type { ManagementCluster } from '../../../packages/lab/src/management/cluster.ts'
import { createCa } from '../../../packages/lab/src/pki.ts'
import { createLabNetwork } from '../../../packages/lab/src/tenant/network.ts'
import { isObject } from '../json.ts'
import { send } from '../kubernetes/send.ts'
import type { Outcome } from '../outcome.ts'
import { ADMIN } from './cluster.ts'
import type { Line } from './recorded.ts'
import { Timeline } from './timeline.ts'
import type { Stretch } from './timeline.ts'

/** How many times faster than recorded. */
const SPEED = 40
/** Nothing more is expected when nothing has happened for this long, milliseconds. */
const QUIET = 350
const LONGEST = 8000

/** What the lab does not play: the tenant's own API, what happens to the data store's server, remarks. */
const LEFT_OUT = /^tenant|^note|datastore|DataStore|while the|etcd/

/**
 * Makes the recorded control plane in a management cluster, does to it what was done, and compares after each step: the
 * answer, which objects came and went, and the states that the control plane showed.
 */
export async function replayLifecycle(lines: Line[]): Promise<Outcome[]> {
  const network = await createLabNetwork()
  const cluster = await startManagementCluster({
    clock: createLabClock(SPEED),
    network,
    host: '127.0.0.1',
    port: 0,
    ca: await createCa({ commonName: 'management' }),
    tokens: [{ token: ADMIN, user: { username: 'admin', groups: ['system:masters'] } }],
    log: () => {},
  })
  try {
    return await play(cluster, lines)
  } finally {
    await cluster.stop()
    await network.close()
  }
}

async function play(cluster: ManagementCluster, lines: Line[]): Promise<Outcome[]> {
  const steps = stepsOf(lines)
  const namespace = /\/namespaces\/([^/]+)\//.exec(steps[0]?.line.request?.path ?? '')?.[1] ?? ''
  cluster.api.store.create(
    { group: '', version: 'v1', resource: 'namespaces' },
    { metadata: { name: namespace } },
  )
  const timeline = new Timeline(cluster.api.store, namespace)
  const outcomes: Outcome[] = []
  // A recording of updates begins to look when the control plane is ready: the order before is not in it.
  const ordered = !lines.some((line) => line.title === 'note: set up: Ready')
  // Most recordings leave out how Secrets and ConfigMaps go.
  const whole = lines.some((line) => line.watch?.type === 'DELETED' && line.watch.resource === 'secrets')
  for (const [index, { line, stretch }] of steps.entries()) {
    const { n, title, request, response } = line
    if (request === undefined || response === undefined || LEFT_OUT.test(title)) {
      outcomes.push({ n, title, verdict: 'not sent', expected: '', actual: '' })
      continue
    }
    timeline.begin()
    const { status, body } = await call(cluster.api.url, line)
    const same = status === response.status
    outcomes.push({
      n,
      title,
      verdict: same ? 'agrees' : 'status',
      expected: String(response.status),
      actual: `${status} ${same ? '' : body}`,
    })
    if (request.method === 'GET' || response.status >= 300) continue
    await settled(timeline, stretch)
    const now = timeline.stretch()
    const first = index === 0
    outcomes.push(
      compared(n, `${title}: objects made`, made(stretch, first && ordered), made(now, first && ordered)),
      compared(n, `${title}: objects gone`, gone(stretch, whole), gone(now, whole)),
      compared(n, `${title}: states shown`, shown(stretch, first && !ordered), shown(now, first && !ordered)),
    )
  }
  return outcomes
}

/** Each request with what was seen until the next one. */
function stepsOf(lines: Line[]): { line: Line; stretch: Stretch }[] {
  const steps: { line: Line; stretch: Stretch }[] = []
  for (const line of lines) {
    if (line.request !== undefined) steps.push({ line, stretch: { made: [], gone: [], states: [] } })
    const stretch = steps.at(-1)?.stretch
    if (stretch === undefined || line.watch === undefined) continue
    const { type, resource, name } = line.watch
    if (!WATCHED.has(resource) || name === 'kube-root-ca.crt') continue
    if (type === 'ADDED') stretch.made.push(`${resource}/${name}`)
    else if (type === 'DELETED') stretch.gone.push(`${resource}/${name}`)
    if (resource !== 'tenantcontrolplanes' || line.version_status === undefined) continue
    const state = line.version_status?.status ?? ''
    if (state !== '' && stretch.states.at(-1) !== state) stretch.states.push(state)
  }
  return steps
}

const WATCHED = new Set([
  'tenantcontrolplanes',
  'services',
  'configmaps',
  'secrets',
  'deployments',
  'ingresses',
])

/** What came; the control plane itself, which may be seen before its request is answered, apart. */
function made(stretch: Stretch, ordered: boolean): string[] {
  const names = stretch.made.filter((name) => !name.startsWith('tenantcontrolplanes/'))
  return ordered ? names : names.toSorted()
}

function gone(stretch: Stretch, whole: boolean): string[] {
  return stretch.gone.filter((name) => whole || !/^(secrets|configmaps)\//.test(name)).toSorted()
}

/** The states of a stretch; of one whose beginning was not looked at, only the last. */
function shown(stretch: Stretch, last: boolean): string[] {
  return last ? stretch.states.slice(-1) : stretch.states
}

function compared(n: number, title: string, expected: string[], actual: string[]): Outcome {
  const left = expected.join(' ')
  const right = actual.join(' ')
  return { n, title, verdict: left === right ? 'agrees' : 'answer', expected: left, actual: right }
}

/** Waits until the control plane shows the last recorded state and nothing moves any more. */
async function settled(timeline: Timeline, stretch: Stretch): Promise<void> {
  const end = Date.now() + LONGEST
  const wanted = stretch.states.at(-1)
  while (Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 25))
    const isThere =
      wanted === undefined || timeline.stretch().states.at(-1) === wanted || timeline.state === wanted
    if (timeline.quietFor > (isThere ? QUIET : QUIET * 6)) return
  }
}

async function call(url: string, line: Line): Promise<{ status: number; body: string }> {
  const { request } = line
  const headers = Object.entries(request?.headers ?? {})
  const body = request?.body
  const answer = await send(url, {
    method: request?.method ?? 'GET',
    path: request?.path ?? '/',
    headers: [...headers, ['Authorization', `Bearer ${ADMIN}`]],
    ...(isObject(body) || Array.isArray(body) ? { body: JSON.stringify(body) } : {}),
  })
  return { status: answer.status, body: answer.body }
}
