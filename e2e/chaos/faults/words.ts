import assert from 'node:assert/strict'
import { machineKind, nodePoolKind, proxmoxClusterKind } from '@fochista/api'
import {
  connectionFromEnvironment,
  createInformer,
  createKubernetes,
  defineKind,
  Event,
  type KubernetesObject,
} from '@fochista/kubernetes'
import type { Bench } from '../../harness.ts'

interface Conditioned extends KubernetesObject {
  readonly status?: {
    readonly conditions?: { type: string; status: string; reason: string; message: string }[]
  }
}

/** What is said in conditions and in Events from now on. */
export interface Words {
  /** Throws unless each is matched by a condition that was seen and by an Event. */
  require(all: readonly RegExp[]): Promise<void>
  end(): Promise<void>
}

/**
 * Listens to pools, machines and Proxmox clusters, from when it resolves. It watches: what holds for a moment would slip between two looks,
 * the more so on a busy machine. What was said before, and still is, is not said now.
 */
export async function listen(bench: Bench): Promise<Words> {
  const conditions = new Set<string>()
  const events = new Set<string>()
  const kubernetes = createKubernetes(await connectionFromEnvironment(bench.environment))
  let isListening = false
  const objects = [machineKind, nodePoolKind, proxmoxClusterKind].map((definition) => {
    const informer = createInformer(kubernetes, defineKind<Conditioned>(definition))
    informer.subscribe(({ object, old }) => {
      const before = new Set(wordsOf(old))
      if (isListening) for (const words of wordsOf(object)) if (!before.has(words)) conditions.add(words)
    })
    return informer
  })
  const told = createInformer(kubernetes, Event)
  told.subscribe(({ type, object: { reason, message, count }, old }) => {
    if (isListening && type !== 'deleted' && (!old || old.count !== count))
      events.add(`${reason}: ${message}`)
  })
  const all = [...objects, told]
  for (const one of all) one.start()
  await Promise.all(all.map(({ ready }) => ready))
  isListening = true
  return {
    require: (wanted) => {
      const lacking = wanted.flatMap((words) => [
        ...([...conditions].some((one) => words.test(one)) ? [] : [`no condition says ${words}`]),
        ...([...events].some((one) => words.test(one)) ? [] : [`no Event says ${words}`]),
      ])
      assert.deepEqual(
        lacking,
        [],
        `${lacking.join('; ')}\nconditions:\n${[...conditions].filter((one) => !/ True /.test(one)).join('\n')}\nEvents:\n${[...events].join('\n')}`,
      )
      return Promise.resolve()
    },
    end: async () => {
      for (const one of all) one.stop()
      await kubernetes.close()
    },
  }
}

const wordsOf = (object: Conditioned | undefined): string[] =>
  (object?.status?.conditions ?? []).map(
    ({ type, status, reason, message }) =>
      `${object?.kind}/${object?.metadata.name} ${type} ${status} ${reason}: ${message}`,
  )
