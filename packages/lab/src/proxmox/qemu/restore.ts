import { randomUUID } from 'node:crypto'
import { readArchive, type Archive } from '../backup/archive.ts'
import { die, forbidden } from '../api-error.ts'
import type { Call } from '../handler.ts'
import { can } from '../permissions.ts'
import { spend, type Worker } from '../tasks.ts'
import type { ProxmoxWorld, Vm } from '../world.ts'
import { need } from './config/rights.ts'
import { printDrive, printSize, parseDrive, withOptions } from './drive.ts'
import { namedVolumes, removeVolumes } from './destroy.ts'
import { lockConfig } from './lock.ts'
import { isNicKey, newMac, parseNic, printNic } from './nic.ts'
import { startLater } from './power/start.ts'
import { formatOn, pathOf, usableStorage } from './storage.ts'
import { startVmTask, textOf } from './task.ts'
import { checkLock, isTemplate, newVm, vmidOf } from './vm.ts'
import { allocateVolume, freeVolumes, requireVolume } from './volumes.ts'

/** `POST /nodes/{node}/qemu` with an archive: makes a VM of a backup, or puts one back. */
export async function restore(call: Call, overrides: Readonly<Record<string, string>>): Promise<string> {
  const { world } = call
  const [vmid, node, archive] = [vmidOf(call), call.text('node'), call.text('archive')]
  const force = call.flag('force')
  checkMayRestore(call, vmid, archive)
  const before = await reserve(world, { node, vmid, force })
  return startVmTask(
    call,
    'qmrestore',
    async (worker) => {
      await lockConfig(world, vmid, () => build(call, { vmid, node, archive, before, overrides }, worker), {
        waitMs: 1000,
        worker,
      }).catch((error: unknown) => {
        // What it was before is gone with its disks once they are written over.
        if (before === undefined) world.vms.delete(vmid)
        else delete before.config['lock']
        throw new Error(`unable to restore VM ${vmid} - ${textOf(error)}`, { cause: error })
      })
      const pool = call.optional('pool')
      if (pool !== undefined) world.pools.get(pool)?.vms.add(vmid)
      if (!call.flag('start')) return
      worker.log('Execute autostart')
      startLater(world, node, vmid, call.user)
    },
    String(vmid),
  )
}

function checkMayRestore(call: Call, vmid: number, archive: string): void {
  const { world, identity } = call
  const pool = call.optional('pool')
  if (pool !== undefined && !world.pools.has(pool)) forbidden(`pool '${pool}' does not exist`)
  const may =
    can(world, identity, `/vms/${vmid}`, ['VM.Allocate']) ||
    (pool !== undefined && can(world, identity, `/pool/${pool}`, ['VM.Allocate'])) ||
    (call.flag('force') && can(world, identity, `/vms/${vmid}`, ['VM.Backup']))
  if (!may) forbidden()
  const storage = call.optional('storage')
  if (storage !== undefined) need(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
  const place = /^([^/:\s]+):/.exec(archive)?.[1]
  if (place === undefined) return die(`unable to parse volume ID '${archive}'`)
  if (!can(world, identity, `/storage/${place}`, ['Datastore.Allocate']))
    need(call, `/storage/${place}`, ['Datastore.Audit', 'Datastore.AllocateSpace'], true)
}

/** Takes the number. Resolves to the VM that had it, if that may be written over. */
async function reserve(
  world: ProxmoxWorld,
  { node, vmid, force }: { node: string; vmid: number; force: boolean },
): Promise<Vm | undefined> {
  try {
    return await lockConfig(
      world,
      vmid,
      () => {
        const other = world.vms.get(vmid)
        if (other && (!force || other.node !== node)) die(`VM ${vmid} already exists on node '${other.node}'`)
        if (other?.running) die('vm is running')
        if (other && isTemplate(other)) die('vm is a template')
        if (other?.config['protection'] === '1') die('protection mode enabled')
        const container = world.cluster.containers.get(vmid)
        if (container) die(`CT ${vmid} already exists on node '${container.node}'`)
        if (other) {
          checkLock(other)
          other.config['lock'] = 'create'
        } else world.vms.set(vmid, newVm(vmid, node, { lock: 'create' }))
        return Promise.resolve(other)
      },
      { waitMs: 5000 },
    )
  } catch (error) {
    return die(`unable to restore VM ${vmid} - ${textOf(error)}`)
  }
}

interface Restore {
  readonly vmid: number
  readonly node: string
  readonly archive: string
  readonly before: Vm | undefined
  readonly overrides: Readonly<Record<string, string>>
}

async function build(
  call: Call,
  { vmid, node, archive, before, overrides }: Restore,
  worker: Worker,
): Promise<void> {
  const { world } = call
  const volume = requireVolume(world, node, archive)
  const source = usableStorage(world, volume.storage, node)
  const held = readArchive(volume)
  const directory = `/var/tmp/vzdumptmp${world.nextPid()}`
  worker.log(
    `restore vma archive: ${archive.endsWith('.zst') ? 'zstd -q -d -c' : 'cat'} ${pathOf(source, archive)} | vma extract -v -r ${directory}.fifo - ${directory}`,
  )
  worker.log(`CFG: size: ${JSON.stringify(held.config).length} name: qemu-server.conf`)
  for (const [index, { key, size }] of held.disks.entries())
    worker.log(`DEV: dev_id=${index + 1} size: ${size} devname: drive-${key}`)
  worker.log(`CTIME: ${new Date(volume.ctime * 1000).toUTCString().replace(',', '').replace(' GMT', '')}`)
  if (before !== undefined) {
    await removeVolumes(world, before, namedVolumes(before), worker)
    before.snapshots?.clear()
    before.pending.clear()
  }
  const made: Record<string, string> = {}
  try {
    for (const disk of held.disks) made[disk.key] = await restoreDisk(call, { vmid, node }, disk, worker)
    await readAll(call, held, source.speed, worker)
  } catch (error) {
    await freeVolumes(world, node, Object.values(made), worker)
    throw error
  }
  const vm = world.vms.get(vmid)
  if (vm === undefined) return
  vm.config = configOf(call, held, made, overrides)
  worker.log('rescan volumes...')
  world.events.emit('restored', vm, archive)
}

async function restoreDisk(
  call: Call,
  { vmid, node }: { vmid: number; node: string },
  { key, storage: from, format, size, data }: Archive['disks'][number],
  worker: Worker,
): Promise<string> {
  const { world } = call
  const storage = usableStorage(world, call.optional('storage') ?? from, node)
  if (!storage.content.includes('images'))
    die(`storage '${storage.name}' does not support content-type 'images'`)
  const { volid } = await allocateVolume(
    world,
    {
      vmid,
      storage,
      node,
      format: formatOn(storage, format),
      size,
      ...(data !== undefined && { data: Buffer.from(data, 'base64') }),
    },
    worker,
  )
  worker.log(`new volume ID is '${volid}'`)
  worker.log(`map 'drive-${key}' to '${pathOf(storage, volid)}' (write zeros = 0)`)
  return volid
}

/** Reads the archive at its storage's speed. */
async function readAll(call: Call, { disks }: Archive, storageSpeed: number, worker: Worker): Promise<void> {
  const bytes = disks.reduce((sum, { size }) => sum + size, 0)
  const bwlimit = call.number('bwlimit')
  const seconds = bytes / Math.min(storageSpeed, bwlimit ? bwlimit * 1024 : Infinity)
  const steps = Math.min(100, Math.ceil(seconds))
  for (let step = 1; step <= steps; step += 1) {
    await spend(call.world, worker, (seconds / steps) * 1000)
    worker.log(
      `progress ${Math.floor((100 * step) / steps)}% (read ${Math.floor((bytes * step) / steps)} bytes, duration ${Math.round((seconds * step) / steps)} sec)`,
    )
  }
  worker.log(`total bytes read ${bytes}, sparse bytes ${bytes}`)
  worker.log('space reduction due to 4K zero blocks 100%')
}

function configOf(
  call: Call,
  { config, disks }: Archive,
  made: Readonly<Record<string, string>>,
  overrides: Readonly<Record<string, string>>,
): Record<string, string> {
  const isUnique = call.flag('unique')
  const restored: Record<string, string> = {}
  for (const [key, value] of Object.entries(config)) {
    const disk = disks.find((each) => each.key === key)
    const volid = made[key]
    if (disk !== undefined && volid !== undefined)
      restored[key] = printDrive({
        ...withOptions(parseDrive(key, value), { size: printSize(disk.size), format: undefined }),
        file: volid,
      })
    else if (isNicKey(key) && isUnique) restored[key] = printNic({ ...parseNic(value), macaddr: newMac() })
    else if (!(parseDrive(key, value).options['backup'] === '0' && /^(?:ide|sata|scsi|virtio)\d+$/.test(key)))
      restored[key] = value
  }
  if (isUnique) restored['smbios1'] = `uuid=${randomUUID()}`
  if (restored['vmgenid'] !== undefined) restored['vmgenid'] = randomUUID()
  return { ...restored, ...overrides }
}
