import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { checkMayCreate, need } from '../qemu/config/rights.ts'
import { pathOf, storageNamed } from '../qemu/storage.ts'
import { startVmTask, textOf } from '../qemu/task.ts'
import { requireVolume } from '../qemu/volumes.ts'
import { spend, type Worker } from '../tasks.ts'
import type { ProxmoxWorld, Volume } from '../world.ts'
import { checkContainerRights } from './config/rights.ts'
import { givenOptions } from './config/update.ts'
import { keptValue } from './config/values.ts'
import { loadContainer, lockContainer, takeNumber } from './container.ts'
import { startContainer } from './power.ts'
import { setRootPassword } from './root-password.ts'
import { restoreContainer } from './restore.ts'
import { containerStorage, createMounts, storagesAskedFor } from './volumes.ts'

/** Milliseconds that a host takes to find out what was unpacked. */
const SETUP = 500

/** `POST /nodes/{node}/lxc`: the number is taken before the answer, the rest is a task. */
export const createContainerHandlers: Handlers = { 'POST /nodes/{node}/lxc': create }

async function create(call: Call): Promise<string> {
  const { world } = call
  const [node, vmid] = [call.text('node'), Number(call.text('vmid'))]
  const pool = call.optional('pool')
  checkMayCreate(call, vmid, pool)
  const given = givenOptions(call)
  if (call.flag('restore')) {
    checkContainerRights(call, { vmid, pool }, given)
    return restoreContainer(call, given)
  }
  given['rootfs'] ??= `${call.optional('storage') ?? 'local'}:4`
  checkContainerRights(call, { vmid, pool }, given)
  for (const name of storagesAskedFor(given)) {
    need(call, `/storage/${name}`, ['Datastore.AllocateSpace'])
    containerStorage(world, name, node)
  }
  await reserve(world, node, vmid)
  const work = async (worker: Worker): Promise<void> => {
    await lockContainer(world, vmid, () => build(call, vmid, given, worker), worker).catch(
      (error: unknown) => {
        world.cluster.containers.delete(vmid)
        throw new Error(`unable to create CT ${vmid} - ${textOf(error)}`, { cause: error })
      },
    )
    if (pool !== undefined) world.pools.get(pool)?.vms.add(vmid)
    if (call.flag('ha-managed')) world.cluster.haResources.set(`ct:${vmid}`, { state: 'started' })
    if (call.flag('start')) await startContainer(world, loadContainer(world, node, vmid), worker)
  }
  return startVmTask(call, 'vzcreate', work, String(vmid))
}

/** Takes a number for a container that is being made. Throws when a guest has it. */
async function reserve(world: ProxmoxWorld, node: string, vmid: number): Promise<void> {
  try {
    await lockContainer(world, vmid, () => {
      takeNumber(world, node, vmid, 'create')
      return Promise.resolve()
    })
  } catch (error) {
    die(`unable to create CT ${vmid} - ${textOf(error)}`)
  }
}

async function build(
  call: Call,
  vmid: number,
  given: Readonly<Record<string, string>>,
  worker: Worker,
): Promise<void> {
  const { world } = call
  const node = call.text('node')
  const container = loadContainer(world, node, vmid)
  const template = requireTemplate(world, node, call.text('ostemplate'))
  const mounts = await createMounts(world, { vmid, node }, given, worker)
  const storage = storageNamed(world, template.storage)
  worker.log(`extracting archive '${pathOf(storage, template.volid)}'`)
  await spend(world, worker, (template.size / storage.speed) * 1000)
  worker.log(`Total bytes read: ${template.size}`)
  worker.log('Detected container architecture: amd64')
  await spend(world, worker, SETUP)
  const config: Record<string, string> = {
    arch: 'amd64',
    ostype: systemOf(template.volid),
    hostname: `CT${vmid}`,
    memory: '512',
    swap: '512',
  }
  for (const [key, value] of Object.entries(given)) config[key] = mounts[key] ?? keptValue(world, key, value)
  container.config = config
  setRootPassword(world, vmid, call.optional('password'))
}

/** The archive that a container is unpacked from. */
function requireTemplate(world: ProxmoxWorld, node: string, volid: string): Volume {
  const volume = requireVolume(world, node, volid)
  return volume.content === 'vztmpl' || volume.content === 'backup'
    ? volume
    : die(`unable to parse '${volid}' as a template`)
}

const SYSTEMS = [
  'debian',
  'devuan',
  'ubuntu',
  'centos',
  'fedora',
  'opensuse',
  'archlinux',
  'alpine',
  'gentoo',
  'nixos',
]

/** What a template holds, told by its name. */
function systemOf(volid: string): string {
  return SYSTEMS.find((system) => volid.includes(system)) ?? 'unmanaged'
}
