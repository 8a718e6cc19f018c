import { die, forbidden, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { isBackedUp } from '../lxc/backup.ts'
import { mountsOf } from '../lxc/mount-point.ts'
import { can } from '../permissions.ts'
import { drivesOf, isCdrom } from '../qemu/drive.ts'
import { usableStorage } from '../qemu/storage.ts'
import { nameOf } from '../qemu/vm.ts'
import { freeVolume } from '../qemu/volumes.ts'
import { startTask } from '../tasks.ts'
import { splitList } from '../verify/string-formats.ts'
import { findVolume, volumesOf, type ProxmoxWorld, type Volume } from '../world.ts'
import { configText, kindOfArchive, readArchive } from './archive.ts'
import { backupJobHandlers } from './jobs.ts'
import { markBackups, readRetention } from './prune.ts'
import { vzdump } from './vzdump.ts'

/** Backups of VMs: making them, looking into them, and keeping only some. */
export const backupHandlers: Handlers = {
  ...backupJobHandlers,
  'POST /nodes/{node}/vzdump': vzdump,
  'GET /nodes/{node}/vzdump/defaults': defaults,
  'GET /nodes/{node}/vzdump/extractconfig': (call) => {
    const volid = call.text('volume')
    const volume = findVolume(call.world, call.text('node'), volid) ?? die(`volume '${volid}' does not exist`)
    requireSight(call, volume)
    return configText(readArchive(volume))
  },
  'GET /nodes/{node}/storage/{storage}/prunebackups': (call) =>
    [...marked(call)].map(([{ volid, ctime, vmid }, mark]) => ({
      volid,
      ctime,
      vmid,
      type: kindOfArchive(volid),
      mark,
    })),
  'DELETE /nodes/{node}/storage/{storage}/prunebackups': prune,
  'GET /cluster/backup-info': () => [{ subdir: 'not-backed-up' }],
  'GET /cluster/backup-info/not-backed-up': ({ world }) => {
    const jobs = [...world.cluster.backupJobs.values()]
    return guestsOf(world)
      .filter((guest) => !jobs.some((job) => job['enabled'] !== '0' && isIncluded(world, job, guest)))
      .map(({ vmid, name, type }) => ({ vmid, name, type }))
  },
  'GET /cluster/backup/{id}/included_volumes': includedVolumes,
}

function requireSight({ world, identity }: Call, { storage, vmid }: Volume): void {
  if (can(world, identity, `/storage/${storage}`, ['Datastore.Allocate'])) return
  if (vmid !== undefined && !can(world, identity, `/vms/${vmid}`, ['VM.Backup']))
    forbidden(`/vms/${vmid}, VM.Backup`)
}

function defaults(call: Call): Record<string, unknown> {
  const name = call.optional('storage')
  const storage = name === undefined ? undefined : usableStorage(call.world, name, call.text('node'))
  return {
    all: 0,
    bwlimit: 0,
    compress: '0',
    dumpdir: '/var/lib/vz/dump',
    fleecing: { enabled: 0 },
    ionice: 7,
    lockwait: 180,
    mailnotification: 'always',
    mode: 'snapshot',
    'notification-mode': 'auto',
    performance: { 'max-workers': 16, 'pbs-entries-max': 1_048_576 },
    pigz: 0,
    'prune-backups': storage?.options?.['prune-backups'] ?? 'keep-all=1',
    quiet: 0,
    remove: 1,
    stdexcludes: 1,
    stop: 0,
    stopwait: 10,
    storage: name,
    zstd: 1,
  }
}

/** Backups of a call's storage with what its retention, or the storage's, does with each. */
function marked(call: Call): Map<Volume, string> {
  const node = call.text('node')
  const storage = usableStorage(call.world, call.text('storage'), node)
  const retention =
    readRetention(call.optional('prune-backups') ?? storage.options?.['prune-backups']) ??
    die(`no prune-backups options configured for storage '${storage.name}'`)
  const vmid = call.number('vmid')
  const backups = volumesOf(call.world, node, storage).filter(
    (volume) =>
      volume.content === 'backup' &&
      (vmid === undefined || volume.vmid === vmid) &&
      (call.optional('type') ?? kindOfArchive(volume.volid)) === kindOfArchive(volume.volid),
  )
  return markBackups(backups, retention)
}

function prune(call: Call): string {
  const { world, identity } = call
  const node = call.text('node')
  const storage = call.text('storage')
  const vmid = call.number('vmid')
  const path = `/storage/${storage}`
  if (!can(world, identity, path, ['Datastore.Allocate'])) {
    if (vmid === undefined) forbidden(`${path}, Datastore.Allocate`)
    if (!can(world, identity, path, ['Datastore.AllocateSpace']))
      forbidden(`${path}, Datastore.AllocateSpace`)
    if (!can(world, identity, `/vms/${vmid}`, ['VM.Backup'])) forbidden(`/vms/${vmid}, VM.Backup`)
  }
  marked(call)
  const id = vmid === undefined ? storage : `${vmid}@${storage}`
  return startTask(world, { node, type: 'prunebackups', id, user: call.user }, async (worker) => {
    for (const [{ volid }, mark] of marked(call)) {
      worker.log(`${mark.padEnd(9)} ${volid}`)
      if (mark === 'remove') await freeVolume(world, node, volid, worker)
    }
  })
}

/** A guest as jobs see it, with its volumes. */
interface Guest {
  readonly vmid: number
  readonly node: string
  readonly name: string
  readonly type: 'qemu' | 'lxc'
  readonly volumes: readonly { key: string; volume: string; excluded?: string }[]
}

/** Every guest, by number. */
function guestsOf(world: ProxmoxWorld): Guest[] {
  const vms = [...world.vms.values()].map((vm): Guest => ({
    vmid: vm.vmid,
    node: vm.node,
    name: nameOf(vm),
    type: 'qemu',
    volumes: drivesOf(vm.config).map((drive) => ({
      key: drive.key,
      volume: drive.file,
      ...(isCdrom(drive)
        ? { excluded: 'CD-ROM drives are not backed up' }
        : drive.options['backup'] === '0' && { excluded: 'disabled' }),
    })),
  }))
  const containers = [...world.cluster.containers.values()].map(({ vmid, node, config }): Guest => ({
    vmid,
    node,
    name: config['hostname'] ?? `CT${vmid}`,
    type: 'lxc',
    volumes: mountsOf(config).map((mount) => ({
      key: mount.key,
      volume: mount.volume,
      ...(!isBackedUp(mount) && { excluded: 'disabled' }),
    })),
  }))
  return [...vms, ...containers].toSorted((one, other) => one.vmid - other.vmid)
}

/** Whether a job backs a guest up. */
function isIncluded(
  world: ProxmoxWorld,
  job: Readonly<Record<string, string>>,
  { vmid, node }: Guest,
): boolean {
  if (job['node'] !== undefined && job['node'] !== node) return false
  if (splitList(job['exclude'] ?? '').includes(String(vmid))) return false
  if (job['all'] === '1') return true
  if (job['pool'] !== undefined) return world.pools.get(job['pool'])?.vms.has(vmid) === true
  return splitList(job['vmid'] ?? '').includes(String(vmid))
}

function includedVolumes(call: Call): unknown {
  const { world } = call
  const id = call.text('id')
  const job = world.cluster.backupJobs.get(id) ?? parameterError({ id: `No such job '${id}'` })
  return {
    children: guestsOf(world)
      .filter((guest) => isIncluded(world, job, guest))
      .map(({ vmid, name, type, volumes }) => ({
        id: vmid,
        name,
        type,
        children: volumes.map(({ key, volume, excluded }) => ({
          id: key,
          name: volume,
          included: excluded === undefined ? 1 : 0,
          reason: excluded ?? 'enabled',
        })),
      })),
  }
}
