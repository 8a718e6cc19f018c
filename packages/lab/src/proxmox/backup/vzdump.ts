import { randomUUID } from 'node:crypto'
import { die, parameterError } from '../api-error.ts'
import type { Call } from '../handler.ts'
import { backUpContainer } from '../lxc/backup.ts'
import { need, rootOnly } from '../qemu/config/rights.ts'
import { printBytes } from '../qemu/copy.ts'
import { printSize } from '../qemu/drive.ts'
import { lockConfig } from '../qemu/lock.ts'
import { askToShutDown } from '../qemu/power/ask.ts'
import { startVm } from '../qemu/power/start.ts'
import { pathOf, usableStorage } from '../qemu/storage.ts'
import { textOf } from '../qemu/task.ts'
import { checkLock, nameOf } from '../qemu/vm.ts'
import { requireSpace } from '../storage/usage.ts'
import { spend, startTask, type Worker } from '../tasks.ts'
import { splitList } from '../verify/string-formats.ts'
import { findVolume, stopVm, volumeKey, type Storage, type Vm } from '../world.ts'
import { archiveOf, disksToBackUp } from './archive.ts'
import { readRetention } from './prune.ts'
import { notesOf, pruneAfter, stamp, stampInName } from './after.ts'

/** Part of a disk that a backup of it takes, once it is compressed. */
const SHARE = 1 / 16

/** `POST /nodes/{node}/vzdump`: backs VMs up, one after the other, in one task. */
export function vzdump(call: Call): string {
  const { world } = call
  const node = call.text('node')
  checkParameters(call)
  if (call.flag('stop')) {
    for (const task of world.tasks.values())
      if (task.type === 'vzdump' && task.node === node && task.exitstatus === undefined) task.abort.abort()
    if (call.optional('vmid') === undefined && !call.flag('all')) return 'OK'
  }
  const vmids = wantedVms(call)
  // Guests of other hosts are theirs to back up.
  const guestOf = (vmid: number): { node: string } | undefined =>
    world.vms.get(vmid) ?? world.cluster.containers.get(vmid)
  const own = vmids.filter((vmid) => (guestOf(vmid)?.node ?? node) === node)
  if (own.length === 0) return 'OK'
  for (const vmid of own) if (guestOf(vmid)) need(call, `/vms/${vmid}`, ['VM.Backup'])
  const id = own.length === 1 ? String(own[0]) : ''
  return startTask(world, { node, type: 'vzdump', id, user: call.user }, (worker) =>
    backUpAll(call, own, vmids, worker),
  )
}

function checkParameters(call: Call): void {
  const { params } = call
  for (const name of ['all', 'exclude', 'pool'])
    if (params['vmid'] !== undefined && params[name] !== undefined && params[name] !== '0')
      parameterError({ [name]: "option conflicts with option 'vmid'" })
  if (!['vmid', 'all', 'pool', 'exclude', 'stop'].some((name) => params[name] !== undefined))
    parameterError({ vmid: 'property is missing' })
  rootOnly(call, 'tmpdir', 'dumpdir', 'script', 'job-id')
  for (const name of ['bwlimit', 'performance', 'ionice'])
    if (params[name] !== undefined) need(call, '/', ['Sys.Modify'])
  const storage = call.optional('storage')
  if (storage !== undefined) need(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
  readRetention(call.optional('prune-backups'))
}

function wantedVms(call: Call): number[] {
  const { world } = call
  const given = call.optional('vmid')
  if (given !== undefined) return splitList(given).map(Number)
  const excluded = new Set(splitList(call.optional('exclude') ?? '').map(Number))
  const pool = call.optional('pool')
  const guests = [...world.vms.keys(), ...world.cluster.containers.keys()]
  const all = pool === undefined ? guests : [...(world.pools.get(pool)?.vms ?? [])]
  return all.filter((vmid) => !excluded.has(vmid)).toSorted((a, b) => a - b)
}

async function backUpAll(
  call: Call,
  own: readonly number[],
  asked: readonly number[],
  worker: Worker,
): Promise<void> {
  const { world } = call
  const storageName = call.optional('storage') ?? 'local'
  const storage = backupStorage(call, storageName)
  const options = ['storage', 'mode', 'compress', 'notes-template', 'protected', 'prune-backups']
    .filter((name) => call.params[name] !== undefined)
    .map((name) => ` --${name} ${call.text(name)}`)
    .join('')
  worker.log(`INFO: starting new backup job: vzdump ${own.join(' ')}${options}`)
  const others = asked.filter((vmid) => !own.includes(vmid))
  if (others.length > 0) worker.log(`INFO: skip external VMs: ${others.join(', ')}`)
  let failed = 0
  for (const vmid of own) {
    const begun = world.clock.now()
    const container = world.cluster.containers.get(vmid)
    worker.log(`INFO: Starting Backup of VM ${vmid} (${container ? 'lxc' : 'qemu'})`)
    worker.log(`INFO: Backup started at ${stamp(begun)}`)
    try {
      if (container) await backUpContainer(call, container, storage, worker)
      else await backUp(call, world.vms.get(vmid) ?? die(`unable to find VM '${vmid}'`), storage, worker)
      worker.log(`INFO: Finished Backup of VM ${vmid} (${duration(call, begun)})`)
      worker.log(`INFO: Backup finished at ${stamp(world.clock.now())}`)
    } catch (error) {
      if (worker.signal.aborted) throw error
      failed += 1
      worker.log(`ERROR: Backup of VM ${vmid} failed - ${textOf(error)}`)
      worker.log(`INFO: Failed at ${stamp(world.clock.now())}`)
    }
  }
  worker.log(`INFO: Backup job finished ${failed > 0 ? 'with errors' : 'successfully'}`)
  if (failed > 0) die('job errors')
}

function backupStorage(call: Call, name: string): Storage {
  try {
    const storage = usableStorage(call.world, name, call.text('node'))
    if (!storage.content.includes('backup'))
      die(`can't use storage '${name}' for backups - wrong content type`)
    return storage
  } catch (error) {
    return die(`could not get storage information for '${name}': ${textOf(error)}`)
  }
}

async function backUp(call: Call, vm: Vm, storage: Storage, worker: Worker): Promise<void> {
  const { world } = call
  const mode = call.optional('mode') ?? 'snapshot'
  const wasRunning = vm.running
  await lockConfig(
    world,
    vm.vmid,
    () => {
      checkLock(vm)
      vm.config['lock'] = 'backup'
      return Promise.resolve()
    },
    { worker },
  )
  worker.log(`INFO: status = ${wasRunning ? 'running' : 'stopped'}`)
  worker.log(`INFO: VM Name: ${nameOf(vm)}`)
  const { included, excluded } = disksToBackUp(vm)
  for (const { key, file } of included)
    worker.log(
      `INFO: include disk '${key}' '${file}' ${printSize(findVolume(world, vm.node, file)?.size ?? 0)}`,
    )
  for (const { key, file } of excluded) worker.log(`INFO: exclude disk '${key}' '${file}' (backup=no)`)
  worker.log(`INFO: backup mode: ${wasRunning ? mode : 'stop'}`)
  const node = vm.node
  let isPaused = false
  try {
    if (wasRunning && mode === 'stop') {
      worker.log('INFO: stopping virtual guest')
      if (!(await askToShutDown(world, vm, (call.number('stopwait') ?? 10) * 60, worker)))
        die('command failed: VM quit/powerdown failed - got timeout')
      stopVm(world, vm)
    } else if (wasRunning && mode === 'suspend' && vm.paused !== true) {
      worker.log('INFO: suspending guest')
      await world.machines?.of(vm.vmid)?.pause()
      vm.paused = isPaused = true
    }
    await write(call, vm, storage, worker)
  } finally {
    if (isPaused && vm.running) {
      await world.machines?.of(vm.vmid)?.resume()
      vm.paused = false
    }
    delete vm.config['lock']
    if (wasRunning && mode === 'stop' && !vm.running && world.vms.get(vm.vmid) === vm) {
      worker.log('INFO: restarting vm')
      await startVm(world, node, vm.vmid, worker)
    }
  }
}

/** Extension of an archive by how it is compressed. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  '0': 'vma',
  '1': 'vma.lzo',
  lzo: 'vma.lzo',
  gzip: 'vma.gz',
  zstd: 'vma.zst',
}

/** Writes the archive; a failure leaves none. */
async function write(call: Call, vm: Vm, storage: Storage, worker: Worker): Promise<void> {
  const { world } = call
  const extension = EXTENSIONS[call.optional('compress') ?? '0'] ?? 'vma'
  const now = world.clock.now()
  const name = `vzdump-qemu-${vm.vmid}-${stampInName(now)}.${extension}`
  const volid = `${storage.name}:backup/${name}`
  const path = pathOf(storage, volid)
  if (findVolume(world, vm.node, volid)) die(`backup file '${path}' already exists`)
  worker.log(`INFO: creating vzdump archive '${path}'`)
  worker.log(`INFO: started backup task '${randomUUID()}'`)
  const bytes = disksToBackUp(vm).included.reduce(
    (sum, { file }) => sum + (findVolume(world, vm.node, file)?.size ?? 0),
    0,
  )
  const data = archiveOf(world, vm)
  const size = Math.max(data.length, Math.floor(bytes * (extension === 'vma' ? 1 : SHARE)))
  requireSpace(world, vm.node, storage, size, `job failed with err 28 - No space left on device`)
  const bwlimit = call.number('bwlimit')
  const speed = Math.min(storage.speed, bwlimit ? bwlimit * 1024 : Infinity)
  const seconds = Math.max(1, bytes / speed)
  const steps = Math.min(100, Math.ceil(seconds))
  for (let step = 1; step <= steps; step += 1) {
    await spend(world, worker, (seconds / steps) * 1000)
    const done = Math.floor((bytes * step) / steps)
    const percent = String(Math.floor((100 * step) / steps)).padStart(3)
    worker.log(
      `INFO: ${percent}% (${printBytes(done)} of ${printBytes(bytes)}) in ${Math.round((seconds * step) / steps)}s, read: ${printBytes(bytes / seconds)}/s, write: ${printBytes(size / seconds)}/s`,
    )
  }
  world.volumes.set(volumeKey(world, vm.node, volid), {
    volid,
    storage: storage.name,
    node: storage.shared ? '' : vm.node,
    size,
    format: extension,
    content: 'backup',
    vmid: vm.vmid,
    data,
    ctime: Math.floor(now / 1000),
    ...notesOf(call, vm, nameOf(vm)),
    ...(call.flag('protected') && { protected: true }),
  })
  world.events.emit('backedUp', vm, volid)
  worker.log(
    `INFO: transferred ${printBytes(bytes)} in ${Math.round(seconds)} seconds (${printBytes(bytes / seconds)}/s)`,
  )
  worker.log(`INFO: archive file size: ${printBytes(size).replace(/ (.)iB$/, '$1B')}`)
  if (call.optional('notes-template') !== undefined) worker.log('INFO: adding notes to backup')
  if (call.flag('protected')) worker.log('INFO: marking backup as protected')
  pruneAfter(call, vm, storage, worker)
}

/** Time of the hardware since a moment, `00:01:05`. */
function duration({ world }: Call, begun: number): string {
  return new Date((world.clock.now() - begun) * world.clock.speed).toISOString().slice(11, 19)
}
