import { execFileSync, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { median, type Figure } from './figure.ts'
import { moduleOf } from './npm-clients.ts'
import { startPodServer, type PodServer } from './watch-cache/server.ts'

const root = join(import.meta.dirname, '..')
const MIB = 2 ** 20
const ROUNDS = 5

/** What a client tells of itself. */
interface Told {
  /** Seconds of the processor since it told last. */
  readonly processor: number
  /** The heap after a collection, bytes: the objects, and the client that holds them. */
  readonly held: number
  /** Resident, bytes. */
  readonly rss: number
  /** Objects that are older than they should be. */
  readonly behind: number
}

/** What a client took for its list, then for 10,000 changes, then for 10,000 more in the middle of which its connection was cut. */
interface Run {
  readonly list: Told
  readonly changes: Told
  readonly cut: Told
}

/**
 * A cache of 10,000 Pods of 4 KB that follows 10,000 changes, beside the informer of npm's Kubernetes client: what it takes of the processor and
 * of memory, and whether it is whole after its connection was reset. Each runs in a process of its own.
 */
export async function watchCache(): Promise<Figure[]> {
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-b', 'packages/kubernetes'], { cwd: root })
  const ours: Run[] = []
  const theirs: Run[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(await runOf('ours'))
    theirs.push(await runOf('theirs', moduleOf('@kubernetes/client-node/dist/index.js')))
  }
  const beside = (name: string, unit: string, goal: number, of: (run: Run) => number): Figure => {
    const value = median(ours.map(of))
    const its = median(theirs.map(of))
    return {
      name,
      value,
      unit,
      peer: `@kubernetes/client-node 2.0.1 (${its.toFixed(1)} ${unit})`,
      ratio: value / its,
      goal,
    }
  }
  const behind = Math.max(...ours.map(({ cut }) => cut.behind))
  return [
    beside('watch cache: processor for a list of 10,000', 's', 1, ({ list }) => list.processor),
    beside('watch cache: processor for 10,000 changes', 's', 1, ({ changes }) => changes.processor),
    beside('watch cache: heap after the list, collected', 'MiB', 0.8, ({ list }) => list.held / MIB),
    beside(
      'watch cache: heap after 10,000 changes, collected',
      'MiB',
      0.8,
      ({ changes }) => changes.held / MIB,
    ),
    beside(
      'watch cache: the process, heap limited to 192 MiB',
      'MiB',
      0.8,
      ({ changes }) => changes.rss / MIB,
    ),
    {
      name: 'watch cache: objects behind after a reset connection',
      value: behind,
      unit: '',
      peer: 'none',
      ratio: behind,
      goal: 0,
    },
  ]
}

async function runOf(whose: 'ours' | 'theirs', module = ''): Promise<Run> {
  const server = await startPodServer()
  const client = fork(join(import.meta.dirname, 'watch-cache', 'client.mjs'), [whose, server.url, module], {
    // The image's own, and a limit as in a small container: without one each would take what it can get, and the figure would tell of V8's
    // appetite. With V8's own young generation of 64 MiB beside this limit either of them does nothing but collect, as there is never room for
    // all of it to be promoted.
    execArgv: ['--expose-gc', '--max-semi-space-size=4', '--max-old-space-size=192'],
  })
  try {
    const list = await told(client)
    const changes = await after(client, await server.change())
    const cut = await after(client, await changedAndCut(server))
    return { list, changes, cut }
  } finally {
    client.kill()
    server.stop()
  }
}

/** Changes everything, and cuts the connections while that goes on. */
async function changedAndCut(server: PodServer): Promise<string> {
  await server.cut()
  await sleep(50)
  const version = await server.change()
  await server.cut()
  return version
}

async function after(client: ChildProcess, version: string): Promise<Told> {
  client.send({ version })
  return told(client)
}

async function told(client: ChildProcess): Promise<Told> {
  return ((await once(client, 'message')) as [Told])[0]
}
