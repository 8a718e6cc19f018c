import { die, parameterError } from '../api-error.ts'
import type { Container } from '../cluster/state.ts'
import { copyFirewall } from '../firewall/state.ts'
import type { Call, Handlers } from '../handler.ts'
import { need } from '../qemu/config/rights.ts'
import { startVmTask, textOf } from '../qemu/task.ts'
import { freeVolumes, linkVolume, renameVolume, requireVolume } from '../qemu/volumes.ts'
import type { Worker } from '../tasks.ts'
import { keptValue } from './config/values.ts'
import {
  checkContainerLock,
  containerOf,
  isContainerTemplate,
  loadContainer,
  lockContainer,
  takeNumber,
} from './container.ts'
import { mountsOf, printMount, withVolume } from './mount-point.ts'
import { volumesCan } from './snapshot/handlers.ts'
import { rootPassword, setRootPassword } from './root-password.ts'
import { containerStorage, copyMount } from './volumes.ts'

/** Copies of containers, and templates to make them of. */
export const cloneContainerHandlers: Handlers = {
  'POST /nodes/{node}/lxc/{vmid}/clone': clone,
  'POST /nodes/{node}/lxc/{vmid}/template': makeTemplate,
}

function clone(call: Call): string {
  const { world } = call
  const source = containerOf(call)
  const newid = Number(call.text('newid'))
  const storage = call.optional('storage')
  const full = call.flag('full', !isContainerTemplate(source))
  const snapname = call.optional('snapname')
  checkContainerLock(source)
  const section = snapname === undefined ? source.config : source.snapshots?.get(snapname)
  if (section === undefined) die(`snapshot '${snapname}' does not exist`)
  const target = call.optional('target')
  if (target !== undefined && !world.hosts.has(target)) die(`no such cluster node '${target}'`)
  if (!full && storage !== undefined)
    parameterError({ storage: "parameter 'storage' not allowed for linked clones" })
  if (storage !== undefined) need(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
  if (full && source.running && snapname === undefined)
    die('Cannot do full clones on a running container without snapshots')
  if (!full && !volumesCan(world, source.node, section, 'clone', snapname !== undefined))
    die(`Linked clone feature for '${mountsOf(section)[0]?.volume ?? 'rootfs'}' is not available`)
  takeForClone(call, newid)
  return startVmTask(call, 'vzclone', (worker) =>
    lockContainer(world, newid, () => fill(call, { ...section }, full, worker), worker).catch(
      (error: unknown) => {
        world.cluster.containers.delete(newid)
        throw new Error(`clone failed: ${textOf(error)}`, { cause: error })
      },
    ),
  )
}

function takeForClone(call: Call, newid: number): void {
  try {
    takeNumber(call.world, call.text('node'), newid, 'create')
  } catch {
    die(`unable to create CT ${newid}: config file already exists`)
  }
}

/** Gives the clone copies of the source's volumes and the rest of its configuration. */
async function fill(
  call: Call,
  section: Readonly<Record<string, string>>,
  full: boolean,
  worker: Worker,
): Promise<void> {
  const { world } = call
  const [node, vmid, newid] = [call.text('node'), Number(call.text('vmid')), Number(call.text('newid'))]
  const clone = loadContainer(world, node, newid)
  const config: Record<string, string> = {}
  for (const [key, value] of Object.entries(section))
    if (!/^(?:unused\d+|lock|parent|snaptime|template|description)$/.test(key))
      config[key] = /^net\d+$/.test(key) ? keptValue(world, key, value.replace(/,hwaddr=[^,]*/, '')) : value
  const made: string[] = []
  try {
    for (const mount of mountsOf(section)) {
      // What belongs to the host is not copied.
      if (mount.volume.startsWith('/')) continue
      const source = requireVolume(world, node, mount.volume)
      worker.log(`create ${full ? 'full' : 'linked'} clone of mountpoint ${mount.key} (${mount.volume})`)
      const storage = containerStorage(world, call.optional('storage') ?? source.storage, node)
      const volume = full
        ? await copyMount(world, source, { vmid: newid, node, storage }, worker)
        : await linkVolume(world, source, newid, node, worker)
      made.push(volume.volid)
      config[mount.key] = printMount(withVolume(mount, volume.volid, volume.size))
    }
  } catch (error) {
    await freeVolumes(world, node, made, worker)
    throw error
  }
  config['hostname'] = call.optional('hostname') ?? config['hostname'] ?? `CT${newid}`
  const description = call.optional('description')
  if (description !== undefined) config['description'] = description.trimEnd()
  clone.config = config
  clone.node = call.optional('target') ?? node
  copyFirewall(world, vmid, newid)
  setRootPassword(world, newid, rootPassword(world, vmid))
  const pool = call.optional('pool')
  if (pool !== undefined) world.pools.get(pool)?.vms.add(newid)
}

/** Makes the volumes base volumes, which nobody writes on any more. */
async function makeTemplate(call: Call): Promise<null> {
  const { world } = call
  const refuse = (container: Container): void => {
    if ((container.snapshots?.size ?? 0) > 0) die('unable to create template, because CT contains snapshots')
    checkContainerLock(container)
    if (isContainerTemplate(container)) die("you can't convert a CT to template if the CT is a template")
    if (container.running) die("you can't convert a CT to template if the CT is running")
  }
  refuse(containerOf(call))
  await lockContainer(world, Number(call.text('vmid')), () => {
    const container = containerOf(call)
    refuse(container)
    for (const mount of mountsOf(container.config)) {
      if (mount.volume.startsWith('/')) continue
      const volume = requireVolume(world, container.node, mount.volume)
      const base = volume.volid.replace(/vm-(\d+)-disk-(\d+(?:\.\w+)?)$/, 'base-$1-disk-$2')
      renameVolume(world, container.node, volume, base)
      container.config[mount.key] = printMount(withVolume(mount, base, volume.size))
    }
    container.config['template'] = '1'
    return Promise.resolve()
  })
  return null
}
