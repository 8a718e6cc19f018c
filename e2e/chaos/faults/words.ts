import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../../harness.ts'
import { ask } from '../world.ts'

interface Conditioned {
  readonly kind?: string
  readonly metadata: { readonly name: string }
  readonly status?: {
    readonly conditions?: { type: string; status: string; reason: string; message: string }[]
  }
}
interface EventLike {
  readonly message?: string
  readonly reason?: string
  readonly count?: number
  readonly metadata: { readonly uid: string }
}

/** What is said in conditions and in Events from now on. */
export interface Words {
  /** Throws unless each is matched by a condition that was seen and by an Event. */
  require(all: readonly RegExp[]): Promise<void>
  end(): Promise<void>
}

/** Listens to pools, machines and Proxmox clusters, from when it resolves. What cannot be asked then is asked a moment later. */
export async function listen(bench: Bench): Promise<Words> {
  const conditions = new Set<string>()
  const events = new Set<string>()
  const known = new Map<string, number>()
  let isFirst = true
  let isOver = false
  const items = async (path: string): Promise<unknown[]> =>
    ((await ask(bench, 'GET', path)) as { items: unknown[] }).items
  const look = async (): Promise<void> => {
    for (const kind of ['nodepools', 'machines', 'proxmoxclusters'])
      for (const { metadata, status } of (await items(
        `/apis/fochista.dev/v1alpha1/${kind}`,
      )) as Conditioned[])
        for (const { type, status: is, reason, message } of status?.conditions ?? [])
          conditions.add(`${kind}/${metadata.name} ${type} ${is} ${reason}: ${message}`)
    for (const { metadata, message, reason, count = 1 } of (await items('/api/v1/events')) as EventLike[]) {
      if (!isFirst && known.get(metadata.uid) !== count) events.add(`${reason}: ${message}`)
      known.set(metadata.uid, count)
    }
    isFirst = false
  }
  // What was said before is not said now.
  await look()
  conditions.clear()
  const looking = (async () => {
    while (!isOver) {
      await look().catch(() => undefined)
      await sleep(100)
    }
  })()
  return {
    require: async (all) => {
      const lacking = all.flatMap((words) => [
        ...([...conditions].some((one) => words.test(one)) ? [] : [`no condition says ${words}`]),
        ...([...events].some((one) => words.test(one)) ? [] : [`no Event says ${words}`]),
      ])
      assert.deepEqual(
        lacking,
        [],
        `${lacking.join('; ')}\nconditions:\n${[...conditions].filter((one) => !/ True /.test(one)).join('\n')}\nEvents:\n${[...events].join('\n')}`,
      )
    },
    end: async () => {
      isOver = true
      await looking
    },
  }
}
