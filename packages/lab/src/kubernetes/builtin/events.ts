import type { ApiObject } from '../resources.ts'

/** Members of an event by their name in events.k8s.io, in its order, and in the core group. */
const NAMES: [string, string][] = [
  ['eventTime', 'eventTime'],
  ['series', 'series'],
  ['reportingController', 'reportingComponent'],
  ['reportingInstance', 'reportingInstance'],
  ['action', 'action'],
  ['reason', 'reason'],
  ['regarding', 'involvedObject'],
  ['related', 'related'],
  ['note', 'message'],
  ['type', 'type'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
]

function renamed(event: ApiObject, from: 0 | 1, apiVersion: string): ApiObject {
  const result: ApiObject = { kind: 'Event', apiVersion, metadata: event.metadata }
  for (const names of NAMES) {
    const value = event[names[from]]
    if (value !== undefined) result[names[1 - from] ?? ''] = value
  }
  return result
}

/** An event of events.k8s.io as the core group has it: in this form events are kept. */
export function toCoreEvent(event: ApiObject): ApiObject {
  const core = renamed(event, 0, 'v1')
  core['reportingComponent'] ??= ''
  core['reportingInstance'] ??= ''
  return core
}

/** A core event as events.k8s.io shows it, without texts that are empty. */
export function toNewEvent(event: ApiObject): ApiObject {
  const shown = renamed(event, 1, 'events.k8s.io/v1')
  for (const name of ['reportingController', 'reportingInstance', 'note'])
    if (shown[name] === '') delete shown[name]
  return shown
}
