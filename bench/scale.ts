import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Figure } from './figure.ts'
import { startServers } from './scale/servers.ts'
import type { WorldSize } from './scale/world.ts'

const LARGE: WorldSize = { clusters: 1000, vms: 10_000, machines: 5000 }
/** How long the processor is counted at rest, seconds: each pool looks once a minute. */
const REST_SECONDS = 60
const MIB = 2 ** 20
/** The image's own. */
const NURSERY = '--max-semi-space-size=4'
const root = join(import.meta.dirname, '..')

/** What the process of the controllers tells when it is asked. */
interface Cost {
  /** Resident, bytes. */
  readonly memory: number
  /** Processor time since the start of the process, seconds. */
  readonly cpu: number
  /** Looks so far by the name of the controller. */
  readonly looks: Readonly<Record<string, number>>
  /** Looks that failed. */
  readonly failures: number
}

/**
 * The controllers of 1,000 clusters with 5,000 machines among 10,000 VMs: what they take at rest, and how long they need to see everything
 * after a start. The back ends answer over real sockets, each tenant over a connection of its own.
 */
export async function scale(): Promise<Figure[]> {
  const { resync, memory, cpu } = await costOf(LARGE, REST_SECONDS)
  return [
    limited('memory, 1,000 clusters, 5,000 machines, 10,000 VMs', memory / MIB, 'MiB', 512, '512 MiB'),
    limited('processor at rest, the same world', cpu * 100, '%', 10, '10 % of a core'),
    limited('start until every machine was looked at, the same', resync, 's', 60, '60 s'),
  ]
}

/**
 * What a machine's way from declared to Ready takes of the processor, with back ends in memory, when there are 100, 1,000 and 10,000 of
 * them: the same for each, or something looks at all to know about one. In turn in one process of its own, with the image's V8 options,
 * after a thousand that are not counted: most of what is compiled is compiled by then.
 */
export async function costPerMachine(): Promise<Figure[]> {
  const child = fork(join(import.meta.dirname, 'scale', 'way-process.ts'), {
    execArgv: [...process.execArgv, NURSERY, '--expose-gc'],
  })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the process of the ways ended with ${code}`)
  })
  try {
    return await waysOf(async (count) => {
      child.send(count)
      const [seconds] = (await Promise.race([once(child, 'message'), ended])) as [number]
      return seconds
    })
  } finally {
    child.kill()
  }
}

/** @param wayOf Processor time of so many ways, seconds. */
async function waysOf(wayOf: (machines: number) => Promise<number>): Promise<Figure[]> {
  await wayOf(1000)
  const costs = new Map<number, number[]>()
  for (const count of [100, 1000, 100, 1000, 100, 1000, 100, 10_000, 100]) {
    const each = ((await wayOf(count)) / count) * 1000
    costs.set(count, [...(costs.get(count) ?? []), each])
  }
  const few = median(costs.get(100) ?? [])
  return [1000, 10_000].map((count) => {
    const value = median(costs.get(count) ?? [])
    return {
      name: `processor for a machine's way to Ready, of ${count}`,
      value,
      unit: 'ms',
      peer: `the same of 100 (${few.toFixed(1)} ms)`,
      ratio: value / few,
      goal: 1.2,
    }
  })
}

function limited(name: string, value: number, unit: string, limit: number, peer: string): Figure {
  return { name, value, unit, peer, ratio: value / limit, goal: 1 }
}

/** @returns seconds until all was looked at once and nothing more was to be done; bytes then; cores at rest */
async function costOf(
  size: WorldSize,
  restSeconds: number,
): Promise<{ resync: number; memory: number; cpu: number }> {
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-b', 'packages/controllers'], { cwd: root })
  const servers = await startServers(size)
  const child = fork(join(import.meta.dirname, 'scale', 'process.mjs'), [servers.management], {
    // As in a container of 512 MiB: without a limit V8 would rather take memory than collect what is no longer used.
    execArgv: [NURSERY, '--max-old-space-size=320'],
  })
  try {
    const started = performance.now()
    let last: Cost | undefined
    let settledAt = started
    for (;;) {
      await sleep(500)
      const now = await ask(child)
      const before = last?.looks
      last = now
      const isIdle = before && Object.keys(now.looks).every((name) => now.looks[name] === before[name])
      if (!isIdle) settledAt = performance.now()
      else if ((now.looks['machine'] ?? 0) >= size.machines && performance.now() - settledAt > 3000) break
      if (performance.now() - started > 300_000)
        throw new Error(`no rest after five minutes: ${JSON.stringify(now)}`)
    }
    if (last.failures > 0) throw new Error(`${last.failures} looks failed`)
    await sleep(2000)
    const before = await ask(child)
    await sleep(restSeconds * 1000)
    const after = await ask(child)
    return {
      resync: (settledAt - started) / 1000,
      memory: after.memory,
      cpu: (after.cpu - before.cpu) / restSeconds,
    }
  } finally {
    child.kill('SIGINT')
    await servers.stop()
  }
}

async function ask(child: ChildProcess): Promise<Cost> {
  if (child.exitCode !== null) throw new Error(`the controllers ended with ${child.exitCode}`)
  child.send('cost?')
  const [cost] = (await once(child, 'message')) as [Cost]
  return cost
}
