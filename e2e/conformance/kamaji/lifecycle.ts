import type { ManagementCluster } from '../../../packages/lab/src/management/cluster.ts'
import { isObject } from '../json.ts'
import { send } from '../kubernetes/send.ts'
import type { Answer, Call } from '../kubernetes/send.ts'
import { leftOut } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { ADMIN } from './cluster.ts'
import { judgeAnswer } from './exchange.ts'
import type { Line } from './recorded.ts'
import { sendToTenant } from './tenant.ts'
import { Timeline } from './timeline.ts'
import type { Stretch } from './timeline.ts'
import { startWorld } from './world.ts'
import type { World } from './world.ts'

/** How many times faster than recorded; slower where requests were sent while something went on. */
const SPEED = 40
const SPEED_TOGETHER = 10
/** Nothing more is expected when nothing has happened for this long, milliseconds. */
const QUIET = 350
const LONGEST = 15_000
/** Requests that were sent while what the one before caused went on: at their recorded time. */
const MEANWHILE = /while migrating/

/** A request that changed something, with what was seen until the next such request. */
interface Step {
  line: Line
  stretch: Stretch
  /** What it made was removed before it was whole: the recorder did not wait. */
  isCutShort?: boolean
}

/** Seconds between making something and removing it in which it cannot be whole. */
const HASTE = 4

/**
 * Makes the recorded control plane in a management cluster, does to it what was done, and compares after each step: the
 * answer, which objects came and went, and the states that the control plane showed.
 * @param pace how many times slower than usual.
 */
export async function replayLifecycle(lines: Line[], pace = 1): Promise<Outcome[]> {
  const isMeanwhile = lines.some(({ title }) => MEANWHILE.test(title))
  const together = isMeanwhile || stepsOf(lines).some(({ isCutShort }) => isCutShort)
  const namespace = namespaceOf(lines)
  const balancer = namespace.endsWith('lb-pending')
    ? 'pending'
    : namespace.endsWith('lb-hostname-only')
      ? 'hostname'
      : 'address'
  // What was sent meanwhile has to come as soon as it may, however slow all else is.
  const speed = (together ? SPEED_TOGETHER : SPEED) / (isMeanwhile ? 1 : pace)
  const world = await startWorld(speed, balancer)
  try {
    return await play(world, lines, namespace, speed)
  } finally {
    await world.stop()
  }
}

function namespaceOf(lines: Line[]): string {
  const first = lines.find(({ request }) => request !== undefined)
  return /\/namespaces\/([^/]+)\//.exec(first?.request?.path ?? '')?.[1] ?? ''
}

async function play(world: World, lines: Line[], namespace: string, speed: number): Promise<Outcome[]> {
  const { cluster } = world
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
  const steps = stepsOf(lines)
  const absent = absentFrom(lines)
  let open: { outcome: Outcome; stretch: Stretch; isCutShort?: boolean } | undefined
  /** When the first request meanwhile was sent, recorded and now: what the requests take here must not make the last ones late. */
  let since = { recorded: 0, now: 0 }
  /** The state that lasted when the step began. */
  let lasting = ''
  const finish = async (): Promise<void> => {
    if (open === undefined) return
    const { outcome, stretch, isCutShort } = open
    const first = stretch === steps[0]?.stretch
    open = undefined
    if (isCutShort === true)
      await until(() => stretch.made.every((each) => timeline.stretch().made.includes(each)))
    else await settled(timeline, stretch, QUIET * (SPEED / speed))
    const now = { ...timeline.stretch(), before: lasting }
    differ(outcome, 'made', made(stretch, first && ordered), made(now, first && ordered))
    differ(outcome, 'gone', gone(stretch, whole), gone(now, whole))
    differ(outcome, 'states', shown(stretch, first && !ordered), shown(now, first && !ordered))
  }
  for (const line of lines) {
    const { n, title, request, response } = line
    if (/gives an address now/.test(title)) {
      await finish()
      timeline.begin()
      world.giveAddresses()
      await settled(timeline, { ...NOTHING, states: ['Ready'] })
    }
    if (request === undefined) continue
    if (response === undefined) {
      outcomes.push(leftOut(n, title, 'the answer was not recorded'))
      continue
    }
    const why = absent(line)
    if (why !== undefined) {
      outcomes.push(leftOut(n, title, why))
      continue
    }
    if (!MEANWHILE.test(title)) await finish()
    else if (!lines.some((each) => each.n < n && MEANWHILE.test(each.title))) {
      // The first of them was sent as soon as the state was seen.
      await until(() => timeline.state === 'Migrating')
      since = { recorded: line.t_s, now: performance.now() }
    }
    // Somewhat early: a busy machine must not be late.
    else await pause(Math.max(0, since.now + ((line.t_s - since.recorded) * 500) / speed - performance.now()))
    const step = steps.find((each) => each.line === line)
    if (step !== undefined) {
      lasting = PASSING.has(timeline.state) ? lasting : timeline.state
      timeline.begin()
    }
    const answer = await ask(cluster, line, namespace)
    const outcome: Outcome = { n, title, ...judgeAnswer(line, answer) }
    outcomes.push(outcome)
    if (step !== undefined) open = { ...step, outcome }
  }
  await finish()
  return outcomes
}

/** What of a recording the lab has nothing of, and so is not replayed. */
function absentFrom(lines: Line[]): (line: Line) => string | undefined {
  if (lines.some(({ request }) => request?.path.includes('gateway.networking.k8s.io')))
    return () => 'recorded with the Gateway API installed, which the lab is without'
  const stopped = lines.find(({ title }) => /datastore server is stopped/.test(title))?.n ?? Infinity
  return ({ n }) => (n > stopped ? "the lab's data stores have no server that stops" : undefined)
}

/** Notes a fact that differs beside what the answer said. */
function differ(outcome: Outcome, what: string, expected: string[], actual: string[]): void {
  if (expected.join(' ') === actual.join(' ')) return
  if (outcome.verdict === 'agrees') Object.assign(outcome, { verdict: 'wrong', expected: '', actual: '' })
  outcome.expected += ` ${what}: ${expected.join(' ')}`
  outcome.actual += ` ${what}: ${actual.join(' ')}`
}

/** Each request that changed something, with what was seen until the next one. */
function stepsOf(lines: Line[]): Step[] {
  const steps: Step[] = []
  let held: Stretch | undefined
  let before = ''
  for (const line of lines) {
    const { request, response } = line
    // What comes once an address is given is no consequence of a request.
    if (/gives an address now/.test(line.title)) held = { made: [], gone: [], states: [], before }
    if (
      request !== undefined &&
      request.method !== 'GET' &&
      (response?.status ?? 500) < 300 &&
      !isOfTenant(line)
    ) {
      held = undefined
      const stretch: Stretch = { made: [], gone: [], states: [], before }
      // A watch may see what a request removes before the request is answered.
      const [resource = '', name = ''] = request.path.split('/').slice(-2)
      // With a control plane goes what is named like it.
      const kinds = resource === 'tenantcontrolplanes' ? [resource, 'services', 'deployments'] : [resource]
      const earlier = request.method === 'DELETE' ? steps.at(-1)?.stretch : undefined
      const early = earlier?.gone.filter((each) => kinds.some((kind) => each === `${kind}/${name}`))
      if (earlier !== undefined && early !== undefined) {
        earlier.gone = earlier.gone.filter((each) => !early.includes(each))
        stretch.gone.push(...early)
      }
      const previous = steps.at(-1)
      if (
        previous?.line.request?.method === 'POST' &&
        request.path === `${previous.line.request.path}/${name}` &&
        line.t_s - previous.line.t_s < HASTE
      )
        previous.isCutShort = true
      steps.push({ line, stretch })
    }
    const stretch = held ?? steps.at(-1)?.stretch
    if (stretch === undefined || line.watch === undefined) continue
    const { type, resource, name } = line.watch
    if (!WATCHED.has(resource) || name === 'kube-root-ca.crt' || name.endsWith('-nosel')) continue
    if (type === 'ADDED') stretch.made.push(`${resource}/${name}`)
    else if (type === 'DELETED') stretch.gone.push(`${resource}/${name}`)
    if (resource !== 'tenantcontrolplanes' || line.version_status === undefined) continue
    const state = line.version_status?.status ?? ''
    if (state !== '' && stretch.states.at(-1) !== state) stretch.states.push(state)
    if (state !== '' && !PASSING.has(state)) before = state
  }
  return steps
}

const NOTHING: Stretch = { made: [], gone: [], states: [], before: '' }

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
  const names = [...new Set(stretch.made)].filter((name) => !name.startsWith('tenantcontrolplanes/'))
  return ordered ? names : names.toSorted()
}

function gone(stretch: Stretch, whole: boolean): string[] {
  return [...new Set(stretch.gone)]
    .filter((name) => whole || !/^(secrets|configmaps)\//.test(name))
    .toSorted()
}

/** Seen or not as the moment will have it: they last a part of a second, or until the next probe. */
const PASSING = new Set(['Unknown', 'Provisioning', 'NotReady'])

/**
 * The states of a stretch but for those that pass; of one whose beginning was not looked at, only the last. The state it began with
 * is not told: whether the first look still saw it is chance.
 */
function shown({ states, before }: Stretch, last: boolean): string[] {
  const lasting = states.filter((state) => !PASSING.has(state))
  const whole = lasting.filter((state, index) => state !== lasting[index - 1])
  return last ? whole.slice(-1) : whole[0] === before ? whole.slice(1) : whole
}

/** Waits until the control plane shows the last recorded state and nothing moves any more. */
async function settled(
  timeline: Timeline,
  { states, gone: leaving, made: coming }: Stretch,
  quiet = QUIET,
): Promise<void> {
  const end = Date.now() + LONGEST * Math.max(1, quiet / QUIET / 4)
  const wanted = states.at(-1)
  while (Date.now() < end) {
    await pause(25)
    const isThere =
      wanted === undefined || timeline.stretch().states.at(-1) === wanted || timeline.state === wanted
    const seen = timeline.stretch()
    // The recorder went on while this state passed, but not before what it saw come and go had.
    const passes = (wanted === 'Unknown' || wanted === 'NotReady') && seen.states.at(-1) === wanted
    if (
      passes &&
      timeline.quietFor > quiet / 8 &&
      leaving.every((each) => seen.gone.includes(each)) &&
      coming.every((each) => seen.made.includes(each))
    )
      return
    if (timeline.quietFor > (isThere ? quiet : quiet * 8)) return
  }
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + LONGEST
  while (!condition() && Date.now() < end) await pause(5)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Whether a request went to the tenant's API server. */
function isOfTenant({ title, request }: Line): boolean {
  return title.startsWith('tenant') && !(request?.path ?? '').includes('kamaji.clastix.io')
}

/** Sends a request to the management cluster, or to the tenant's API server as its administrator. */
async function ask(cluster: ManagementCluster, line: Line, namespace: string): Promise<Answer> {
  const { request } = line
  const headers = Object.entries(request?.headers ?? {})
  const body = request?.body
  const call: Call = {
    method: request?.method ?? 'GET',
    path: request?.path ?? '/',
    headers,
    ...(isObject(body) || Array.isArray(body) ? { body: JSON.stringify(body) } : {}),
  }
  if (!isOfTenant(line))
    return send(cluster.api.url, { ...call, headers: [...headers, ['Authorization', `Bearer ${ADMIN}`]] })
  return sendToTenant(cluster, namespace, call)
}
