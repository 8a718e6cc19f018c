import { isObject, parseJson } from '../json.ts'
import type { Json } from '../json.ts'
import { compareAnswer } from '../kubernetes/compare.ts'
import { mask } from '../kubernetes/mask.ts'
import { send } from '../kubernetes/send.ts'
import type { Answer } from '../kubernetes/send.ts'
import { leftOut } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { ADMIN, startCluster } from './cluster.ts'
import { Objects } from './objects.ts'
import type { Fields, Line } from './recorded.ts'

/** An exchange and which recording it stands in. */
type Sourced = Line & { source: string }

/**
 * Sends what Kamaji refused and what it accepted, in the order in which it was sent, and compares the answers. What the recorder
 * did between the lines is done here too. Returns the outcomes by recording.
 */
export async function replayAdmission(recordings: {
  [source: string]: Line[]
}): Promise<Map<string, Outcome[]>> {
  const results = new Map(Object.keys(recordings).map((source): [string, Outcome[]] => [source, []]))
  /** First full answer of each group of accepted lines. */
  const firsts = new Map<string, Json>()
  for (const run of runsOf(recordings)) {
    const cluster = await startCluster('errors')
    try {
      await replayRun(cluster.api.url, run, firsts, (source, outcome) => results.get(source)?.push(outcome))
    } finally {
      await cluster.stop()
    }
  }
  for (const outcomes of results.values()) outcomes.sort((a, b) => a.n - b.n)
  return results
}

/** Where the time of a recording starts again, another run began. */
function runsOf(recordings: { [source: string]: Line[] }): Sourced[][] {
  const runs: Sourced[][] = []
  for (const [source, lines] of Object.entries(recordings)) {
    let run = 0
    let last = 0
    for (const line of lines) {
      if (line.t_s < last) run++
      last = line.t_s
      ;(runs[run] ??= []).push({ ...line, source })
    }
  }
  return runs.map((run) => run.toSorted((a, b) => a.t_s - b.t_s))
}

/** What held a version that something else had changed since: the recorder had read it some lines before. */
const OUTDATED = new Set(['scale: PUT without kind'])

const isCreate = (line: Line): boolean => line.title.startsWith('create: ')

async function replayRun(
  url: string,
  run: Sourced[],
  firsts: Map<string, Json>,
  report: (source: string, outcome: Outcome) => void,
): Promise<void> {
  const objects = new Objects(url, baseOf(run))
  const make: { [name: string]: () => Promise<void> } = {
    upd: () =>
      objects.make('upd', (spec) => {
        Object.assign(spec, { dataStoreSchema: 'sch', dataStoreUsername: 'usr' })
        const network = isObject(spec['networkProfile']) ? spec['networkProfile'] : {}
        spec['networkProfile'] = {
          ...network,
          loadBalancerClass: 'example.test/lb',
          clusterDomain: 'cluster.local',
        }
        if (isObject(spec['kubernetes'])) spec['kubernetes']['version'] = 'v1.34.2'
      }),
    upd2: () => objects.make('upd2'),
    upd3: () => objects.make('upd3', () => {}, false),
  }
  const made = new Set<string>()
  let viewer = ''
  for (const line of run) {
    const { n, title, request, response, source } = line
    if (request === undefined || response === undefined || title.startsWith('operator down')) {
      report(source, leftOut(n, title, "the lab's operator never goes away"))
      continue
    }
    const name = /tenantcontrolplanes\/(upd\d?)\b/.exec(request.path)?.[1]
    if (name !== undefined && !made.has(name)) {
      made.add(name)
      await make[name]?.()
    }
    if (title.startsWith('forbidden without a role') && viewer === '') viewer = await viewerToken(objects)
    if (title.startsWith('datastore as seen after')) await pause(400)
    const answer = await ask(url, line, objects, viewer)
    const group = title.split(':')[0] ?? ''
    if (response.body !== undefined && response.status < 300 && !firsts.has(group))
      firsts.set(group, response.body)
    report(source, { n, title, ...judge(line, answer, firsts.get(group)) })
    await afterwards(line, answer, objects, name, make)
  }
}

async function ask(url: string, line: Line, objects: Objects, viewer: string): Promise<Answer> {
  const { request, title } = line
  if (request === undefined) throw new Error(`#${line.n} has no request`)
  const headers = Object.entries(request.headers).filter(([name]) => name !== 'Authorization')
  const authorization = title.startsWith('forbidden without')
    ? `Bearer ${viewer}`
    : title === 'bad token list'
      ? 'Bearer nobody'
      : title === 'basic authorization header'
        ? 'Basic YTpi'
        : title === 'anonymous list'
          ? undefined
          : `Bearer ${ADMIN}`
  if (authorization !== undefined) headers.push(['Authorization', authorization])
  let body = request.body
  if (request.method === 'PUT' && isObject(body) && !title.includes('another uid'))
    body = await withCurrentVersion(
      body,
      request.path.replace(/\/scale$/, ''),
      objects,
      title.includes('stale') || OUTDATED.has(title),
    )
  return send(url, {
    method: request.method,
    path: request.path,
    headers,
    ...(body === undefined || body === null ? {} : { body: typeof body === 'string' ? body : spaced(body) }),
  })
}

/** JSON as the recorder wrote it: some refusals repeat what was sent. */
function spaced(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member)}`)
  return `{${members.join(', ')}}`
}

async function withCurrentVersion(
  body: Fields,
  path: string,
  objects: Objects,
  stale: boolean,
): Promise<Fields> {
  const current = await objects.get(path)
  const now = isObject(current) && isObject(current['metadata']) ? current['metadata'] : {}
  const metadata = isObject(body['metadata']) ? body['metadata'] : {}
  const { resourceVersion = null, uid = null } = now
  return {
    ...body,
    metadata: {
      ...metadata,
      ...(metadata['resourceVersion'] === undefined || stale ? {} : { resourceVersion }),
      ...(metadata['uid'] === undefined ? {} : { uid }),
    },
  }
}

/** Undoes what was accepted, as the recorder did. */
async function afterwards(
  line: Line,
  answer: Answer,
  objects: Objects,
  name: string | undefined,
  make: { [name: string]: () => Promise<void> },
): Promise<void> {
  const { title, request } = line
  const path = (request?.path ?? '').split('?')[0] ?? ''
  if (answer.status >= 300) return
  const body = parseJson(answer.body)
  const named = isObject(body) && isObject(body['metadata']) ? body['metadata']['name'] : undefined
  const own = typeof named === 'string' ? named : ''
  if (isCreate(line) && !title.includes('dryRun')) await objects.remove(`${path}/${own}`)
  else if (title.startsWith('kubeconfiggenerator create')) await objects.remove(`${path}/${own}`)
  else if (title.startsWith('datastore as seen after')) await objects.remove(path)
  else if (title.startsWith('update: ') && name !== undefined && !title.includes('step 1'))
    await objects.putBack(name, make[name] ?? (async () => {}))
  else if (title.startsWith('delete: ') && name !== undefined) await make[name]?.()
}

async function viewerToken(objects: Objects): Promise<string> {
  const path = '/api/v1/namespaces/errors/serviceaccounts'
  await objects.call('POST', path, { metadata: { name: 'viewer' } })
  const { body } = await objects.call('POST', `${path}/viewer/token`, { spec: {} })
  const status = isObject(body) ? body['status'] : undefined
  return isObject(status) && typeof status['token'] === 'string' ? status['token'] : ''
}

/** The object that all creates vary: the first one that says nothing unusual. */
function baseOf(run: Sourced[]): Fields {
  const plain = run.find((line) => line.title === 'create: dryRun All') ?? run.find(isCreate)
  const body = plain?.request?.body
  return isObject(body) ? body : {}
}

function judge(
  line: Line,
  answer: Answer,
  first: Json | undefined,
): Pick<Outcome, 'verdict' | 'expected' | 'actual'> {
  const { request, response } = line
  if (response === undefined) throw new Error(`#${line.n} has no answer`)
  const headers = Object.entries(response.headers)
  const { status } = response
  const head = { status, headers, ...(response.reason === undefined ? {} : { reason: response.reason }) }
  const sent = JSON.stringify(request?.body ?? null)
  if (response.body !== undefined)
    return compareAnswer(
      { ...head, body: textOf(response.body) },
      { ...answer, body: withoutManagersText(answer.body) },
      sent,
    )
  if (response.spec_differs === undefined)
    return compareAnswer({ ...head, body: '' }, { ...answer, body: '' })
  const spec = flat(isObject(first) ? (first['spec'] ?? null) : null)
  for (const [path, value] of Object.entries(response.spec_differs))
    if (value === null) spec.delete(path)
    else spec.set(path, JSON.stringify(value))
  const actual = parseJson(answer.body)
  const { metadata } = response
  const expected = {
    kind: response.kind ?? '',
    metadata: metadata ?? {},
    spec: Object.fromEntries([...spec].toSorted(byPath)),
  }
  const now: Fields = {
    kind: isObject(actual) ? (actual['kind'] ?? '') : '',
    metadata: pick(isObject(actual) ? actual['metadata'] : undefined, Object.keys(metadata ?? {})),
    spec: Object.fromEntries([...flat(isObject(actual) ? (actual['spec'] ?? null) : null)].toSorted(byPath)),
  }
  return compareAnswer(
    { ...head, body: JSON.stringify(expected) },
    { ...answer, body: answer.status < 300 ? JSON.stringify(now) : answer.body },
    sent,
  )
}

/** Leaves of a value by their dotted paths; lists and empty objects are leaves. */
function flat(value: Json, path = '', found = new Map<string, string>()): Map<string, string> {
  if (isObject(value) && (Object.keys(value).length > 0 || path === ''))
    for (const [key, member] of Object.entries(value))
      flat(member, path === '' ? key : `${path}.${key}`, found)
  else found.set(path, JSON.stringify(mask(value)))
  return found
}

function pick(value: Json | undefined, keys: string[]): Fields {
  return isObject(value) ? Object.fromEntries(keys.map((key) => [key, value[key] ?? null])) : {}
}

function withoutManagers(value: Json): Json {
  if (!isObject(value) || !isObject(value['metadata'])) return value
  const { managedFields: _, ...metadata } = value['metadata']
  const { message } = value
  return { ...value, metadata, ...(typeof message === 'string' ? { message: inOrder(message) } : {}) }
}

/** A refusal with its reasons sorted: the rules of an object are looked at in no order. */
function inOrder(message: string): string {
  const [, head = '', list = ''] = /^(.* is invalid: )\[(.*)\]$/s.exec(message) ?? []
  if (head === '') return message
  const reasons = list.split(/, (?=[a-z][\w.[\]]*: [A-Z])/)
  return `${head}[${reasons.toSorted().join(', ')}]`
}

function textOf(body: Json): string {
  return typeof body === 'string' ? body : JSON.stringify(withoutManagers(body))
}

function withoutManagersText(text: string): string {
  const value = parseJson(text)
  return value === undefined ? text : JSON.stringify(withoutManagers(value))
}

function byPath([a]: [string, string], [b]: [string, string]): number {
  return a < b ? -1 : 1
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
