import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const PROGRAM = 'qemu-system-x86_64'

/** What a VM has when it is switched on. */
export interface Hardware {
  readonly cores: number
  /** The most cores that can be plugged. */
  readonly mostCores: number
  readonly memoryMiB: number
}

/** A VM that runs. */
export interface Running {
  /** A command of QEMU's monitor protocol. Throws what it answers. */
  ask(execute: string, args?: object): Promise<unknown>
  /** Lines that the guest has written to its serial port so far. */
  readonly lines: readonly string[]
  /** Presses the power button and waits until it is off. */
  shutdown(): Promise<void>
  /** Switches it off. */
  kill(): Promise<void>
}

/** Boots the kernel of a folder with its disk, as Proxmox attaches it: virtio-scsi. FOCHISTA_ACCEL=kvm is faster where KVM works. */
export async function startQemu(folder: string, { cores, mostCores, memoryMiB }: Hardware): Promise<Running> {
  const qmp = join(folder, 'qmp')
  const accel = process.env['FOCHISTA_ACCEL'] || 'tcg'
  const child = spawn(
    PROGRAM,
    [
      ['-machine', `q35,accel=${accel}`, '-cpu', accel === 'kvm' ? 'host' : 'max'],
      ['-smp', `${cores},sockets=1,cores=${mostCores},maxcpus=${mostCores}`],
      ['-m', `${memoryMiB}M,slots=4,maxmem=4G`, '-object', `memory-backend-ram,id=ram,size=${memoryMiB}M`],
      ['-numa', 'node,nodeid=0,memdev=ram', '-nodefaults', '-display', 'none'],
      ['-kernel', join(folder, 'vmlinuz'), '-initrd', join(folder, 'initrd.img')],
      ['-append', 'root=/dev/sda1 rw console=ttyS0 loglevel=4 net.ifnames=0'],
      ['-drive', `file=${join(folder, 'disk')},format=raw,if=none,id=disk,cache=unsafe`],
      ['-device', 'virtio-scsi-pci,id=scsi', '-device', 'scsi-hd,drive=disk,bus=scsi.0'],
      ['-serial', 'stdio', '-qmp', `unix:${qmp},server=on,wait=off`],
    ].flat(),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const ended = once(child, 'exit')
  const lines: string[] = []
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line)
    if (process.env['FOCHISTA_SHOW_LOG']) console.error(line)
  })
  const ask = await connect(qmp, child)
  await ask('qmp_capabilities')
  return {
    ask,
    lines,
    shutdown: async () => {
      await ask('system_powerdown')
      await ended
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

async function connect(path: string, child: ChildProcess): Promise<Running['ask']> {
  const socket = await dial(path, child)
  const waiting: { resolve(value: unknown): void; reject(error: Error): void }[] = []
  createInterface(socket).on('line', (line) => {
    const { return: value, error } = JSON.parse(line) as { return?: unknown; error?: { desc: string } }
    // The rest is its greeting, and events.
    if (error) waiting.shift()?.reject(new Error(error.desc))
    else if (value !== undefined) waiting.shift()?.resolve(value)
  })
  return (execute, args) =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject })
      socket.write(JSON.stringify({ execute, ...(args ? { arguments: args } : {}) }))
    })
}

async function dial(path: string, child: ChildProcess): Promise<Socket> {
  for (;;) {
    const socket = createConnection(path)
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (child.exitCode !== null) throw error
      await sleep(50)
    }
  }
}
