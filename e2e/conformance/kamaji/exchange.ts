import { isObject, parseJson } from '../json.ts'
import type { Json } from '../json.ts'
import { compareAnswer } from '../kubernetes/compare.ts'
import type { Answer } from '../kubernetes/send.ts'
import type { Outcome } from '../outcome.ts'
import type { Fields, Line } from './recorded.ts'

/** Compares an answer with a recorded one of Kamaji's clusters. What was not kept of a body is not compared. */
export function judgeAnswer(line: Line, answer: Answer): Pick<Outcome, 'verdict' | 'expected' | 'actual'> {
  const { request, response } = line
  if (response === undefined) throw new Error(`#${line.n} has no answer`)
  const head = {
    status: response.status,
    ...(response.reason === undefined ? {} : { reason: response.reason }),
    headers: Object.entries(response.headers),
  }
  const { body } = response
  if (body === undefined || isStandIn(body))
    return compareAnswer({ ...head, body: '' }, { ...answer, body: '' })
  return compareAnswer(
    { ...head, body: plain(body) },
    { ...answer, body: plain(asRecorded(body, parseJson(answer.body) ?? answer.body)) },
    JSON.stringify(request?.body ?? null),
  )
}

/** Whether a body stands for one that is told elsewhere: `<left out>`, `<in objects/>`. */
function isStandIn(body: Json): boolean {
  return typeof body === 'string' && /^<(\d+ chars|left out|in objects\/|masked[^<>]*)>$/.test(body)
}

/** The part of an answer that was recorded: where the recorder left something out or masked it, its word for that stands. */
function asRecorded(recorded: Json, actual: Json): Json {
  if (isStandIn(recorded)) return recorded
  if (Array.isArray(recorded) && Array.isArray(actual))
    return actual.map((item, index) => asRecorded(recorded[index] ?? null, item))
  if (!isObject(recorded) || !isObject(actual)) return actual
  const result: Fields = {}
  for (const [key, member] of Object.entries(actual)) {
    const wanted = recorded[key]
    if (wanted === undefined) result[key] = member
    else if (key === 'status' && isSummary(wanted)) result[key] = pick(wanted, member)
    else result[key] = asRecorded(wanted, member)
  }
  return result
}

/** Whether the recorder kept of a control plane's status only how it is. */
function isSummary(status: Json): boolean {
  const resources = isObject(status) ? status['kubernetesResources'] : undefined
  return isObject(resources) && Object.keys(resources).join() === 'version'
}

/** Whether a summary says nothing: the control plane had no status yet. */
function isEmptySummary(status: Json): boolean {
  const resources = isObject(status) ? status['kubernetesResources'] : undefined
  return isSummary(status) && isObject(resources) && resources['version'] === null
}

function pick(wanted: Json, actual: Json): Json {
  if (!isObject(wanted) || !isObject(actual)) return actual
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([key, value]) =>
      actual[key] === undefined ? [] : [[key, pick(value, actual[key])]],
    ),
  )
}

function plain(body: Json): string {
  return typeof body === 'string' ? body : JSON.stringify(withoutVolatile(body))
}

const DIGEST = /^([0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/
/** Addresses of balancers, pods and tenants: those of the recorder's networks, and those that a lab gives. */
const ADDRESS = /\b(203\.0\.113|198\.51\.100|192\.0\.2|127\.\d+\.\d+|10\.9[68]\.\d+)\.\d+(:\d+)?\b/g

/** Facts of a build or of a moment: pods that are just going. */
const MOMENTARY = new Set(['goVersion', 'terminatingReplicas'])
/** A lab's first data store has three members, the recorded ones had one each. */
const isOfEtcd = (value: Json): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string' && each.startsWith('kamaji-etcd-'))
/** A control plane of the recorder's that no recording makes: it used a data store beside theirs. */
const ALONGSIDE = 't-join/join'
const REPLICA_SET = /ReplicaSet "([a-z0-9-]+)-[bcdf-hj-np-tv-xz0-9]+"/g

/** A body without what another run gives otherwise: who wrote which field, digests, addresses, hashes in names. */
function withoutVolatile(value: Json): Json {
  if (typeof value === 'string')
    return DIGEST.test(value)
      ? '<digest>'
      : value.replaceAll(ADDRESS, '<address>').replaceAll(REPLICA_SET, 'ReplicaSet "$1-*"')
  if (Array.isArray(value)) return value.map(withoutVolatile)
  if (!isObject(value)) return value
  const result: Fields = {}
  for (const [key, member] of Object.entries(value)) {
    // The recorder wrote who wrote what in short form, and only for objects.
    if (key === 'managedFields' || MOMENTARY.has(key)) continue
    const shown = key === 'endpoints' && isOfEtcd(member) ? '<etcd>' : withoutVolatile(member)
    if (key === 'usedBy' && Array.isArray(shown)) {
      const others = shown.filter((each) => each !== ALONGSIDE)
      if (others.length > 0) result[key] = others
      continue
    }
    if (key === 'status' && isEmptySummary(shown)) continue
    result[key] = shown
  }
  return result
}
