import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { drivesOf, isCdrom, type Drive } from '../proxmox/qemu/drive.ts'
import { findVolume, type Machines, type ProxmoxWorld, type Vm, type Volume } from '../proxmox/world.ts'
import { qemuArguments, type VmFiles } from './arguments.ts'
import { openFolders } from './folders.ts'
import { requirePrograms } from './programs.ts'
import { QEMU, QemuProcess } from './process.ts'

const run = promisify(execFile)

/** Room for the memory of snapshots: it grows as it is needed. */
const MEMORY_SIZE = '1T'

/** Machines that run until they are closed. */
export interface RunningMachines extends Machines {
  /** Starts those that the world says are on. Resolves when each runs, or is off because it would not. */
  startAll(): Promise<void>
  /** Ends all processes; the world is not told. */
  close(): Promise<void>
}

/**
 * Runs each VM of a world as a QEMU process of its own, without KVM.
 * @param folder where disks are kept; absent: they go with the lab.
 * @param log told what goes wrong.
 * @throws MissingProgramError when QEMU, or what ties it to the lab, is not on this machine.
 */
export async function runMachines(
  world: ProxmoxWorld,
  folder: string | undefined,
  log: (text: string) => void,
): Promise<RunningMachines> {
  await requirePrograms([QEMU, 'qemu-img', 'setpriv'])
  const folders = await openFolders(folder)
  const processes = new Map<number, QemuProcess>()
  /** The last thing under way for each VM: a process only begins when the one before it is gone. */
  const turns = new Map<number, Promise<unknown>>()
  const inTurn = <T>(vmid: number, work: () => Promise<T>): Promise<T> => {
    const mine = (turns.get(vmid) ?? Promise.resolve()).then(work)
    turns.set(
      vmid,
      mine.catch(() => {}),
    )
    return mine
  }
  let isClosing = false

  const start: Machines['start'] = (vm, say, snapshot) => inTurn(vm.vmid, () => startNow(vm, say, snapshot))
  const startNow: Machines['start'] = async (vm, say, snapshot) => {
    if (isClosing) throw new Error('the lab ends')
    const files = await prepare(world, vm, folders.of(vm.vmid))
    const started = await QemuProcess.start(qemuArguments(vm, files, snapshot && tagOf(snapshot)), files, {
      log: say,
      paused: (isPaused) => {
        if (vm.running) vm.paused = isPaused
      },
    })
    processes.set(vm.vmid, started)
    void started.ended.then(() => {
      if (processes.get(vm.vmid) !== started) return
      processes.delete(vm.vmid)
      // It was turned off from inside, or died.
      if (!isClosing) world.guestStopped(vm)
    })
    return started
  }
  const end = (vmid: number): Promise<void> => {
    const process = processes.get(vmid)
    processes.delete(vmid)
    return inTurn(vmid, async () => process?.end())
  }
  const onStopped = (vm: Vm): void => void end(vm.vmid)
  const onReset = (vm: Vm): void => {
    processes
      .get(vm.vmid)
      ?.execute('system_reset')
      .catch(() => {})
  }
  const onDestroyed = (vm: Vm): void => {
    void end(vm.vmid)
    // In its turn: another VM may get the number at once.
    inTurn(vm.vmid, () => rm(folders.of(vm.vmid).disks, { recursive: true, force: true })).catch(
      (error: unknown) => log(`the disks of VM ${vm.vmid} stay: ${String(error)}`),
    )
  }
  world.events.on('stopped', onStopped)
  world.events.on('reset', onReset)
  world.events.on('destroyed', onDestroyed)
  const images = (vm: Vm): string[] =>
    disksOf(vm)
      .flatMap((drive) => imageOf(world, vm, drive, folders.of(vm.vmid).disks) ?? [])
      .filter(existsSync)
  const machines: RunningMachines = {
    of: (vmid) => processes.get(vmid),
    start,
    async takeSnapshot(vm, name, withMemory) {
      await turns.get(vm.vmid)
      const process = processes.get(vm.vmid)
      if (process === undefined)
        for (const image of images(vm)) await run('qemu-img', ['snapshot', '-c', tagOf(name), image])
      else if (withMemory) refuseText(await process.monitor(`savevm ${tagOf(name)}`))
      else
        for (const drive of disksOf(vm)) {
          // A disk that was added while the machine runs is not in it.
          const image = imageOf(world, vm, drive, folders.of(vm.vmid).disks)
          if (image === undefined || !existsSync(image)) continue
          const device = `drive-${drive.key}`
          await process.execute('blockdev-snapshot-internal-sync', { device, name: tagOf(name) })
        }
    },
    async restoreDisks(vm, name) {
      await turns.get(vm.vmid)
      for (const image of images(vm))
        if (await hasSnapshot(image, name)) await run('qemu-img', ['snapshot', '-a', tagOf(name), image])
    },
    async dropSnapshot(vm, name) {
      await turns.get(vm.vmid)
      const process = processes.get(vm.vmid)
      if (process !== undefined) {
        refuseText(await process.monitor(`delvm ${tagOf(name)}`))
        return
      }
      const memory = memoryOf(folders.of(vm.vmid).disks)
      for (const image of [...images(vm), ...(existsSync(memory) ? [memory] : [])])
        if (await hasSnapshot(image, name)) await run('qemu-img', ['snapshot', '-d', tagOf(name), image])
    },
    async startAll() {
      for (const vm of world.vms.values()) {
        if (!vm.running || isClosing) continue
        try {
          const process = await start(vm, (line) => log(`VM ${vm.vmid}: ${line}`))
          vm.pid = process.pid
          if (!vm.running) await end(vm.vmid)
        } catch (error) {
          log(`VM ${vm.vmid} is off: ${error instanceof Error ? error.message : String(error)}`)
          world.guestStopped(vm)
        }
      }
    },
    async close() {
      isClosing = true
      world.events.off('stopped', onStopped)
      world.events.off('reset', onReset)
      world.events.off('destroyed', onDestroyed)
      // Those that are starting are ended once they run.
      await Promise.all(turns.values())
      await Promise.all([...processes.keys()].map(end))
      await folders.close()
    },
  }
  return machines
}

/** Name of a snapshot inside an image. */
function tagOf(name: string): string {
  return `lab-${name}`
}

/** The monitor tells of failures in what it prints. */
function refuseText(text: string): void {
  if (text.trim() !== '') throw new Error(text.trim().replace(/^Error: /, ''))
}

function disksOf(vm: Vm): Drive[] {
  return drivesOf(vm.config).filter(
    (drive) => !isCdrom(drive) && /^(?:ide|sata|scsi|virtio)\d+$/.test(drive.key),
  )
}

/** Image of a drive's volume; undefined for a drive without one. */
function imageOf(world: ProxmoxWorld, vm: Vm, { file }: Drive, folder: string): string | undefined {
  const volume = findVolume(world, vm.node, file)
  return volume && imagePath(folder, volume)
}

/** Image of a volume. One that was removed and made anew under its name is another. */
function imagePath(folder: string, { volid, ctime }: Volume): string {
  return join(folder, `${volid.replace(/[^\w.-]/g, '_')}-${ctime}.qcow2`)
}

function memoryOf(folder: string): string {
  return join(folder, 'memory.qcow2')
}

async function hasSnapshot(image: string, name: string): Promise<boolean> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', image])
  const { snapshots = [] } = JSON.parse(stdout) as { snapshots?: { name: string }[] }
  return snapshots.some((snapshot) => snapshot.name === tagOf(name))
}

/** Makes the files of a VM's process that are not there yet: empty disks of the right size, and the media in its drives. */
async function prepare(
  world: ProxmoxWorld,
  vm: Vm,
  folder: { disks: string; sockets: string },
): Promise<VmFiles> {
  const { disks, sockets } = folder
  for (const each of [disks, sockets]) await mkdir(each, { recursive: true, mode: 0o700 })
  const made = new Map<string, string>()
  for (const drive of drivesOf(vm.config)) {
    const volume = findVolume(world, vm.node, drive.file)
    if (volume === undefined) continue
    if (!isCdrom(drive)) {
      const path = imagePath(disks, volume)
      if (!existsSync(path)) await makeImage(path, volume.size)
      else await growImage(path, volume.size)
      made.set(drive.key, path)
    } else if (volume.data !== undefined) {
      const path = join(disks, `${drive.key}.iso`)
      await writeFile(path, volume.data, { mode: 0o600 })
      made.set(drive.key, path)
    }
  }
  const memory = memoryOf(disks)
  if (!existsSync(memory)) await makeImage(memory, MEMORY_SIZE)
  return {
    qmp: join(sockets, 'qmp'),
    vnc: join(sockets, 'vnc'),
    serial: (key) => join(sockets, key),
    image: ({ key }) => made.get(key),
    memory,
  }
}

/** Makes an empty image under another name first: half a one would be taken for whole later. */
async function makeImage(path: string, size: number | string): Promise<void> {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', `${path}.next`, String(size)])
  await rename(`${path}.next`, path)
}

/** A disk may have been made larger since. */
async function growImage(path: string, size: number): Promise<void> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', path])
  if ((JSON.parse(stdout) as { 'virtual-size': number })['virtual-size'] < size)
    await run('qemu-img', ['resize', '-q', path, String(size)])
}
