import { createHash } from 'node:crypto'
import {
  Event,
  isForbidden,
  isNotFound,
  orUndefined,
  type Kubernetes,
  type KubernetesObject,
} from '@fochista/kubernetes'
import { timestampOf, type Clock } from './clock.ts'
import type { Logger } from './logger.ts'

/** What an Event says. */
export interface Said {
  readonly type: 'Normal' | 'Warning'
  /** One word for programs. */
  readonly reason: string
  /** One sentence for people. */
  readonly message: string
}

/** Writes Events on objects. Never throws and never waits: telling must not hold up doing. */
export interface Recorder {
  say(object: KubernetesObject, said: Said): void
  /** Resolves when all that was said has been sent, or has failed. */
  flush(): Promise<void>
}

/** What a recorder needs. */
export interface RecorderConfig {
  readonly kubernetes: Pick<Kubernetes, 'create' | 'patch'>
  readonly clock: Clock
  readonly logger: Logger
  /** Who says it. @default 'fochista' */
  readonly component?: string
  readonly identity?: string
}

/** The same sentence within this time is counted, not said anew. */
const WINDOW_MS = 10 * 60_000
/** More different sentences of one reason on one object within the window become one Event "(combined)". */
const MOST_ALIKE = 10
const MOST_REMEMBERED = 4096

interface Series {
  name: string
  namespace: string
  count: number
  last: number
}

/** Makes a recorder. Equal sentences are counted on one Event and floods are drawn together, as by client-go. */
export function createRecorder(config: RecorderConfig): Recorder {
  const { kubernetes, clock, logger, component = 'fochista', identity = component } = config
  const series = new Map<string, Series>()
  const alike = new Map<string, { since: number; messages: Set<string> }>()
  let tail: Promise<unknown> = Promise.resolve()
  let serial = 0

  const send = async (object: KubernetesObject, said: Said): Promise<void> => {
    const now = clock.now()
    const { name, uid, resourceVersion } = object.metadata
    // Events on cluster-scoped objects live in "default", as everywhere in Kubernetes.
    const namespace = object.metadata.namespace ?? 'default'
    const group = [uid ?? `${object.kind}/${namespace}/${name}`, said.type, said.reason].join('\0')
    const message = combined(group, said.message, now)
    const id = `${group}\0${message.isCombined ? '' : said.message}`
    const known = series.get(id)
    if (known && now - known.last < WINDOW_MS) {
      known.count += 1
      known.last = now
      const patched = await orUndefined(
        isNotFound,
        kubernetes.patch(
          Event,
          { name: known.name, namespace: known.namespace },
          { count: known.count, lastTimestamp: timestampOf(now), message: message.text },
        ),
      )
      if (patched) return
    }
    serial += 1
    const hash = createHash('sha256').update(`${identity}\0${now}\0${serial}`).digest('hex').slice(0, 16)
    const event: Event = {
      apiVersion: Event.apiVersion,
      kind: Event.kind,
      metadata: { name: `${name.slice(0, 200)}.${hash}`, namespace },
      involvedObject: {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name,
        ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}),
        ...(uid ? { uid } : {}),
        ...(resourceVersion ? { resourceVersion } : {}),
      },
      type: said.type,
      reason: said.reason,
      message: message.text,
      count: 1,
      firstTimestamp: timestampOf(now),
      lastTimestamp: timestampOf(now),
      source: { component },
      reportingComponent: component,
      reportingInstance: identity,
    }
    await kubernetes.create(Event, event)
    if (series.size >= MOST_REMEMBERED) series.delete(series.keys().next().value ?? '')
    series.set(id, { name: event.metadata.name, namespace, count: 1, last: now })
  }

  const combined = (group: string, message: string, now: number): { text: string; isCombined: boolean } => {
    let seen = alike.get(group)
    if (!seen || now - seen.since > WINDOW_MS) {
      seen = { since: now, messages: new Set() }
      if (alike.size >= MOST_REMEMBERED) alike.delete(alike.keys().next().value ?? '')
      alike.set(group, seen)
    }
    if (seen.messages.size < MOST_ALIKE) seen.messages.add(message)
    const isCombined = seen.messages.size >= MOST_ALIKE
    return {
      text: (isCombined ? `(combined from similar events): ${message}` : message).slice(0, 1024),
      isCombined,
    }
  }

  return {
    say: (object, said) => {
      const snapshot = { apiVersion: object.apiVersion, kind: object.kind, metadata: { ...object.metadata } }
      tail = tail
        .then(() => send(snapshot, said))
        .catch((error: unknown) => {
          const { kind, metadata } = snapshot
          const about = { kind, namespace: metadata.namespace, name: metadata.name, ...said }
          // Nothing can be written in a namespace that goes; what was said stands in the log at least.
          if (isOfEndingNamespace(error)) logger.info(about, `Event: ${said.message}`)
          else logger.warn({ err: error, ...about }, 'could not record an event')
        })
    },
    flush: async () => {
      await tail
    },
  }
}

/** Refused because the namespace is being deleted. */
const isOfEndingNamespace = (error: unknown): boolean =>
  isForbidden(error) && error.causes.some(({ reason }) => reason === 'NamespaceTerminating')
