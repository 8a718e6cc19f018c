import { die, parameterError } from '../api-error.ts'
import type { Container } from '../cluster/state.ts'
import type { Call, Handlers } from '../handler.ts'
import { isOnNode, storageNamed } from '../qemu/storage.ts'
import { requireVolume } from '../qemu/volumes.ts'
import { spend, type Worker } from '../tasks.ts'
import { volumeKey, type ProxmoxWorld } from '../world.ts'
import { checkContainerLock, containerOf, startContainerTask, whileLocked } from './container.ts'
import { mountsOf } from './mount-point.ts'
import { startContainer, stopContainer } from './power.ts'

const PATH = '/nodes/{node}/lxc/{vmid}/migrate'

/** Moves of containers between hosts: off, or with a restart. */
export const migrateContainerHandlers: Handlers = {
  [`GET ${PATH}`]: (call) => {
    const container = containerOf(call)
    const others = [...call.world.hosts.values()].filter(
      ({ name, online }) => name !== container.node && online,
    )
    const allowed = others.filter(({ name }) => missingStorage(call.world, container, name) === undefined)
    return {
      running: container.running ? 1 : 0,
      'allowed-nodes': allowed.map(({ name }) => name),
      'not-allowed-nodes': Object.fromEntries(
        others.filter((host) => !allowed.includes(host)).map(({ name }) => [name, {}]),
      ),
    }
  },
  [`POST ${PATH}`]: migrate,
}

/** A storage of a container that another host has not. */
function missingStorage(world: ProxmoxWorld, { config }: Container, node: string): string | undefined {
  return mountsOf(config)
    .filter(({ volume }) => !volume.startsWith('/'))
    .map(({ volume }) => volume.split(':')[0] ?? '')
    .find((name) => !isOnNode(storageNamed(world, name), node))
}

function migrate(call: Call): string {
  const { world } = call
  const container = containerOf(call)
  const target = call.text('target')
  if (target === container.node) parameterError({ target: 'target is local node.' })
  const host = world.hosts.get(target) ?? die(`no such cluster node '${target}'`)
  checkContainerLock(container)
  if (container.running && call.flag('online')) die('lxc live migration is currently not implemented')
  if (container.running && !call.flag('restart'))
    die(`can't migrate running container without --online or --restart`)
  const missing = missingStorage(world, container, target)
  if (missing !== undefined) die(`storage '${missing}' is not available on node '${target}'`)
  return startContainerTask(call, 'vzmigrate', async (now, worker) => {
    checkContainerLock(now)
    if (!host.online) die(`can't connect to node '${target}'`)
    const restarts = now.running
    const say = (text: string): void =>
      worker.log(`${new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')} ${text}`)
    say(`starting migration of CT ${now.vmid} to node '${target}' (${host.address})`)
    if (restarts) await stopContainer(world, now, worker)
    await whileLocked(now, 'migrate', () => carry(world, now, target, worker))
    now.node = target
    say('migration finished successfully')
    if (restarts) await startContainer(world, now, worker)
  })
}

/** Takes the volumes of local storages along; when one fails, none is on the other host. */
async function carry(
  world: ProxmoxWorld,
  container: Container,
  target: string,
  worker: Worker,
): Promise<void> {
  const { node } = container
  const made: string[] = []
  const left: string[] = []
  try {
    for (const { volume: volid } of mountsOf(container.config)) {
      if (volid.startsWith('/')) continue
      const volume = requireVolume(world, node, volid)
      const storage = storageNamed(world, volume.storage)
      if (storage.shared) continue
      const key = volumeKey(world, target, volid)
      if (world.volumes.has(key)) die(`volume '${volid}' already exists on node '${target}'`)
      worker.log(`copying local volume '${volid}'`)
      await spend(world, worker, (volume.size / storage.speed) * 1000)
      world.volumes.set(key, { ...volume, node: target })
      made.push(key)
      left.push(volumeKey(world, node, volid))
    }
  } catch (error) {
    for (const key of made) world.volumes.delete(key)
    throw error
  }
  for (const key of left) world.volumes.delete(key)
}
