import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

// One client's cache of Pods in a process of its own, so that what it costs is seen from outside: `ours` or `theirs`, then where the server is
// and, of theirs, where the module is. Plain JavaScript on built packages: a clone's way to run sources costs memory too.

const [whose, server, module] = process.argv.slice(2)
const cache = whose === 'ours' ? await ours() : await theirs()
let cpu = process.cpuUsage()

/** Processor time since the last call, seconds. */
function spent() {
  const { user, system } = process.cpuUsage(cpu)
  cpu = process.cpuUsage()
  return (user + system) / 1e6
}

/** Tells what it took since it told last. */
async function tell() {
  const processor = spent()
  // What was read last is let go of a moment later.
  await sleep(300)
  globalThis.gc()
  globalThis.gc()
  const { heapUsed, external, rss } = process.memoryUsage()
  cpu = process.cpuUsage()
  process.send({
    processor,
    held: heapUsed + external,
    rss,
    behind: cache.behind(),
  })
}

process.on('message', ({ version }) => {
  void cache.reaches(version).then(tell)
})
cache.start()
await cache.ready()
await tell()

async function ours() {
  const { createInformer, createKubernetes, Pod } = await import('@fochista/kubernetes')
  const informer = createInformer(createKubernetes({ server }), Pod, { onError: () => undefined })
  return watching(
    (hear) => informer.subscribe(({ object }) => hear(object)),
    () => informer.start(),
    () => informer.ready,
    () => informer.list(),
  )
}

async function theirs() {
  const k8s = await import(module)
  const config = new k8s.KubeConfig()
  config.loadFromOptions({
    clusters: [{ name: 'bench', server, skipTLSVerify: true }],
    users: [{ name: 'bench' }],
    contexts: [{ name: 'bench', cluster: 'bench', user: 'bench' }],
    currentContext: 'bench',
  })
  const core = config.makeApiClient(k8s.CoreV1Api)
  const informer = k8s.makeInformer(config, '/api/v1/pods', () => core.listPodForAllNamespaces())
  // As its documentation shows it; the pause is shorter.
  informer.on('error', () => setTimeout(() => informer.start(), 100))
  let begun
  return watching(
    (hear) => {
      informer.on('add', hear)
      informer.on('update', hear)
    },
    () => (begun = informer.start()),
    () => begun,
    () => informer.list(),
  )
}

/** A cache with a way to wait for a version. */
function watching(subscribe, start, ready, list) {
  let latest = 0
  let heard = () => undefined
  subscribe((object) => {
    latest = Math.max(latest, Number(object.metadata.resourceVersion))
    heard()
  })
  let wanted = 0
  return {
    start,
    ready,
    reaches: async (version) => {
      wanted = Number(version)
      await new Promise((resolve) => {
        heard = () => latest >= wanted && resolve()
        heard()
      })
    },
    /** Objects that are older than the change that reached each of them. */
    behind: () => list().filter(({ metadata }) => Number(metadata.resourceVersion) <= wanted - 10_000).length,
  }
}

await once(process, 'disconnect')
process.exit(0)
