import type { Kind, KubernetesObject } from '@fochista/kubernetes'
import { duration, flag, type Option } from '../command.ts'
import type { Context } from '../context.ts'
import { StillInProgressError } from '../errors.ts'
import { tr } from '../locale.ts'
import { createProgress, type ProgressLine } from '../progress.ts'

/** `--timeout`, in milliseconds. */
export function timeoutOption(initial: string): Option<number> {
  return duration(
    '--timeout <time>',
    tr(`how long to wait (default ${initial})`, `quanto attendere (predefinito ${initial})`),
    initial,
  )
}

/** `--dry-run`: print what would be sent, change nothing. */
export const dryRunOption: Option<boolean> = flag(
  '--dry-run',
  tr('print what would be sent and change nothing', 'mostra cosa verrebbe inviato senza cambiare nulla'),
)

/** What a wait looks at: a picture for the person, and whether it is over. */
export interface Picture {
  readonly lines: readonly ProgressLine[]
  readonly done: boolean
}

/**
 * Watches kinds of one namespace and redraws until `look` says done. `look` runs at once and after every change, one at a time.
 * Throws StillInProgressError after `timeoutMs`, and what `look` throws.
 */
export async function waitWatching(
  context: Context,
  kinds: readonly { kind: Kind<KubernetesObject>; namespace: string | undefined }[],
  timeoutMs: number,
  look: () => Promise<Picture> | Picture,
  hint?: string,
): Promise<void> {
  const { createInformer } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const progress = await createProgress(context.io)
  const informers = kinds.map(({ kind, namespace }) => createInformer(kubernetes, kind, { namespace }))
  let wake = (): void => {}
  let changed = true
  const onChange = (): void => {
    changed = true
    wake()
  }
  const unsubscribe = informers.map((informer) => informer.subscribe(onChange))
  context.signal.addEventListener('abort', onChange)
  const deadline = Date.now() + timeoutMs
  // Ages and time-outs move without an event; one look a second is enough for them.
  const ticker = setInterval(onChange, 1000)
  try {
    for (const informer of informers) informer.start()
    for (;;) {
      context.signal.throwIfAborted()
      changed = false
      const picture = await look()
      progress.show(picture.lines)
      if (picture.done) return
      if (Date.now() > deadline) {
        throw new StillInProgressError(
          tr('still in progress when the time to wait ended', 'ancora in corso allo scadere dell’attesa'),
          hint,
        )
      }
      if (!changed) await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    clearInterval(ticker)
    context.signal.removeEventListener('abort', onChange)
    for (const stop of unsubscribe) stop()
    for (const informer of informers) informer.stop()
    progress.end()
  }
}

/** Waits until an object (by UID) is gone. */
export async function waitUntilGone<T extends KubernetesObject>(
  context: Context,
  kind: Kind<T>,
  object: T,
  timeoutMs: number,
): Promise<void> {
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  await waitWatching(context, [{ kind, namespace: object.metadata.namespace }], timeoutMs, async () => {
    const now = await orUndefined(isNotFound, kubernetes.get(kind, object.metadata))
    const gone = !now || now.metadata.uid !== object.metadata.uid
    return {
      done: gone,
      lines: gone
        ? []
        : [{ name: object.metadata.name, state: tr('deleting', 'in eliminazione'), style: 'working' }],
    }
  })
}
