import { StatusError } from '../errors.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { kinds } from './kinds.ts'
import type { Loop } from './runtime.ts'
import { timestamp } from './runtime.ts'

/** What an event is about. */
export interface Subject {
  object: ApiObject
  apiVersion: string
  kind: string
}

/** Names of the Events that each controller has written, by what they say: to look through all that there are would cost more with each. */
const written = new WeakMap<Loop, Map<string, string>>()
const MOST_REMEMBERED = 4096

/** Writes an Event on an object, or counts the same one up. What cannot be written is let go, as a recorder does. */
export function recordEvent(
  loop: Loop,
  subject: Subject,
  event: { type: 'Normal' | 'Warning'; reason: string; message: string; component?: string },
): void {
  const { object, apiVersion, kind } = subject
  const namespace = object.metadata.namespace ?? 'default'
  const now = timestamp(loop.clock)
  const component = event.component ?? loop.name
  const involvedObject: JsonObject = {
    kind,
    ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
    name: object.metadata.name,
    uid: object.metadata.uid,
    apiVersion,
    resourceVersion: object.metadata.resourceVersion,
  }
  try {
    const known = written.get(loop) ?? new Map<string, string>()
    written.set(loop, known)
    const id = [object.metadata.uid, event.reason, event.message].join('\0')
    const same = loop.store.get(kinds.events, namespace, known.get(id) ?? '')
    if (same !== undefined) {
      const count = typeof same['count'] === 'number' ? same['count'] + 1 : 1
      loop.store.patch(
        kinds.events,
        { namespace, name: same.metadata.name ?? '' },
        { count, lastTimestamp: now },
        loop.writes,
      )
      return
    }
    const suffix = (BigInt(loop.clock.now()) * 1_000_000n + BigInt(Math.floor(Math.random() * 1e6))).toString(
      16,
    )
    const name = `${object.metadata.name ?? ''}.${suffix}`
    loop.store.create(
      kinds.events,
      {
        metadata: { name, namespace },
        involvedObject,
        reason: event.reason,
        message: event.message,
        source: { component },
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        type: event.type,
        reportingComponent: component,
      },
      loop.writes,
    )
    if (known.size >= MOST_REMEMBERED) known.delete(known.keys().next().value ?? '')
    known.set(id, name)
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
  }
}
