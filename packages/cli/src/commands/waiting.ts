import type { Kind, KubernetesObject } from '@fochista/kubernetes'
import { duration, flag, type Option } from '../command.ts'
import type { Context } from '../context.ts'
import { CancelledError, StillInProgressError } from '../errors.ts'
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

/** How a wait ends without what it waits for. */
export interface WaitLimits {
  readonly timeoutMs: number
  /** What to type to look at what goes on without us; shown after a time-out and after Ctrl-C. */
  readonly hint?: string | undefined
}

/**
 * Watches kinds of one namespace and redraws until `look` says done. `look` runs at once and after every change, one at a time.
 * Throws StillInProgressError when the time is over, CancelledError on Ctrl-C, and what `look` throws.
 */
export async function waitWatching(
  context: Context,
  kinds: readonly { kind: Kind; namespace: string | undefined }[],
  limits: WaitLimits,
  look: () => Promise<Picture> | Picture,
): Promise<void> {
  const { createInformer } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const informers = kinds.map(({ kind, namespace }) =>
    createInformer(kubernetes, kind, namespace === undefined ? {} : { namespace }),
  )
  await waitFor(context, limits, look, (onChange) => {
    for (const informer of informers) {
      informer.subscribe(onChange)
      informer.start()
    }
    return () => informers.forEach((informer) => informer.stop())
  })
}

/** The wait itself: `follow` says that something changed, until what it returned is called. */
export async function waitFor(
  context: Context,
  { timeoutMs, hint }: WaitLimits,
  look: () => Promise<Picture> | Picture,
  follow: (onChange: () => void) => () => void,
): Promise<void> {
  const { clock, io, signal } = context
  const progress = await createProgress(io)
  let wake = (): void => {}
  let changed = false
  const onChange = (): void => {
    changed = true
    wake()
  }
  const deadline = clock.now() + timeoutMs
  const unfollow = follow(onChange)
  signal.addEventListener('abort', onChange)
  // Ages and time-outs move without an event; one look a second is enough for them.
  const stopTicking = clock.every(1000, onChange)
  try {
    for (;;) {
      if (signal.aborted) throw new CancelledError(hint)
      changed = false
      const picture = await look()
      progress.show(picture.lines)
      if (picture.done) return
      if (clock.now() >= deadline) {
        throw new StillInProgressError(
          tr('still in progress when the time to wait ended', 'ancora in corso allo scadere dell’attesa'),
          hint,
        )
      }
      if (!changed) await new Promise<void>((resolve) => (wake = resolve))
    }
  } finally {
    stopTicking()
    signal.removeEventListener('abort', onChange)
    unfollow()
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
  const hint = tr(
    'The deletion goes on while the controllers run (fochista serve).',
    'L’eliminazione prosegue finché i controller sono in esecuzione (fochista serve).',
  )
  const { namespace } = object.metadata
  await waitWatching(context, [{ kind, namespace }], { timeoutMs, hint }, async () => {
    const now = await orUndefined(isNotFound, kubernetes.get(kind, object.metadata))
    if (!now || now.metadata.uid !== object.metadata.uid) return { done: true, lines: [] }
    const held = now.metadata.finalizers?.join(', ')
    return {
      done: false,
      lines: [
        {
          name: object.metadata.name,
          state: tr('deleting', 'in eliminazione'),
          detail: held ? tr(`held by ${held}`, `trattenuto da ${held}`) : undefined,
          style: 'working',
        },
      ],
    }
  })
}
