import { die, parameterError } from '../api-error.ts'
import type { Container } from '../cluster/state.ts'
import type { Call, Handlers } from '../handler.ts'
import { need } from '../qemu/config/rights.ts'
import { parseSize } from '../qemu/drive.ts'
import { TIMINGS } from '../qemu/timings.ts'
import { freeVolume, requireVolume } from '../qemu/volumes.ts'
import { spend, type Worker } from '../tasks.ts'
import { volumeKey } from '../world.ts'
import {
  checkContainerDigest,
  checkContainerLock,
  containerOf,
  startContainerTask,
  whileLocked,
} from './container.ts'
import { mountAt, mountsOf, printMount, withVolume } from './mount-point.ts'
import { containerStorage, copyMount } from './volumes.ts'

/** Making a container's file systems larger, and moving them to other storages. */
export const containerDiskHandlers: Handlers = {
  'PUT /nodes/{node}/lxc/{vmid}/resize': (call) => {
    const container = containerOf(call)
    checkContainerDigest(call, container)
    checkContainerLock(container)
    wantedSize(call, container)
    return startContainerTask(call, 'resize', (now, worker) => resize(call, now, worker))
  },
  'POST /nodes/{node}/lxc/{vmid}/move_volume': move,
}

/** Bytes that a call asks for; `+` adds. Throws when it is less than there is. */
function wantedSize(call: Call, container: Container): number {
  const mount = mountAt(container, call.text('disk'))
  const { size } = requireVolume(call.world, container.node, mount.volume)
  const text = call.text('size')
  const bytes = parseSize(text.replace(/^\+/, '')) ?? 0
  const wanted = text.startsWith('+') ? size + bytes : bytes
  return wanted < size ? die('unable to shrink disk size') : wanted
}

async function resize(call: Call, container: Container, worker: Worker): Promise<void> {
  const { world } = call
  const key = call.text('disk')
  checkContainerLock(container)
  const size = wantedSize(call, container)
  const mount = mountAt(container, key)
  await whileLocked(container, 'disk', () => spend(world, worker, TIMINGS.monitor))
  const volume = world.volumes.get(volumeKey(world, container.node, mount.volume))
  if (volume) volume.size = size
  container.config[key] = printMount(withVolume(mount, mount.volume, size))
}

function move(call: Call): string {
  const { world } = call
  const container = containerOf(call)
  const key = call.text('volume')
  const target = call.optional('storage')
  if (call.params['target-vmid'] !== undefined)
    parameterError({ 'target-vmid': 'the lab gives no volumes of containers to others' })
  if (target === undefined)
    return parameterError({
      storage: 'either set storage to move volume between storages, or target-vmid to another container',
    })
  need(call, `/storage/${target}`, ['Datastore.AllocateSpace'])
  checkContainerDigest(call, container)
  checkContainerLock(container)
  mountAt(container, key)
  containerStorage(world, target, container.node)
  if (container.running) die(`cannot move volumes of a running container`)
  return startContainerTask(call, 'move_volume', async (now, worker) => {
    checkContainerLock(now)
    const mount = mountAt(now, key)
    const source = requireVolume(world, now.node, mount.volume)
    const storage = containerStorage(world, target, now.node)
    await whileLocked(now, 'disk', async () => {
      const volume = await copyMount(world, source, { vmid: now.vmid, node: now.node, storage }, worker)
      now.config[key] = printMount(withVolume(mount, volume.volid, volume.size))
      if (call.flag('delete')) await freeVolume(world, now.node, source.volid, worker)
      else keepUnused(now, source.volid)
    })
  })
}

/** A volume that no mount point names any more is kept under the first free number. */
function keepUnused({ config }: Container, volid: string): void {
  if (mountsOf(config).some(({ volume }) => volume === volid)) return
  let number = 0
  while (config[`unused${number}`] !== undefined) number += 1
  config[`unused${number}`] = volid
}
