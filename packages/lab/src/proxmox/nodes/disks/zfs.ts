import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { splitList } from '../../verify/string-formats.ts'
import { volumesOf } from '../../world.ts'
import {
  addStorage,
  checkStorageName,
  keepDisk,
  madeDisks,
  PATH,
  requireUnused,
  wipeDisk,
  writeDisks,
  type MadeDisk,
} from './state.ts'

/** How a pool lies on its disks: fewest of them, and how many of them hold no data of their own. */
const LEVELS: Readonly<Record<string, readonly [fewest: number, redundant: (disks: number) => number]>> = {
  single: [1, () => 0],
  mirror: [2, (disks) => disks - 1],
  raid10: [4, (disks) => disks / 2],
  raidz: [3, () => 1],
  raidz2: [4, () => 2],
  raidz3: [5, () => 3],
  draid: [3, () => 1],
  draid2: [4, () => 2],
  draid3: [5, () => 3],
}

/** Pools of ZFS. */
export const zfsHandlers: Handlers = {
  [`GET ${PATH}/zfs`]: (call) =>
    poolsOf(call).map(({ name, disks }) => {
      const size = sizeOf(disks)
      const alloc = allocated(call, name)
      return { name, size, alloc, free: size - alloc, frag: 0, dedup: 1, health: 'ONLINE' }
    }),
  [`POST ${PATH}/zfs`]: create,
  [`GET ${PATH}/zfs/{name}`]: (call) => {
    const name = call.text('name')
    const pool = poolsOf(call).find((other) => other.name === name)
    if (pool === undefined) return die(`command '/sbin/zpool status -P ${name}' failed: exit code 1`)
    return {
      name,
      state: 'ONLINE',
      scan: 'none requested',
      errors: 'No known data errors',
      children: [node(name, groupsOf(pool.level, pool.disks))],
    }
  },
  [`DELETE ${PATH}/zfs/{name}`]: (call) => {
    const name = call.text('name')
    return writeDisks(call, 'zfsremove', name, (worker) => {
      const pool = poolsOf(call).find((other) => other.name === name)
      if (pool === undefined) {
        worker.log(`cannot open '${name}': no such pool`)
        return die(`command '/sbin/zpool destroy ${name}' failed: exit code 1`)
      }
      for (const { devpath } of pool.disks)
        if (call.flag('cleanup-disks')) wipeDisk(call, devpath)
        else keepDisk(call, devpath, { gpt: '1' })
      if (!call.flag('cleanup-config')) return
      for (const { type, options, nodes, name: id } of call.world.storages.values())
        if (type === 'zfspool' && options?.['pool'] === name && nodes?.join() === call.text('node'))
          call.world.storages.delete(id)
    })
  },
}

interface Pool {
  readonly name: string
  readonly level: string
  readonly disks: readonly MadeDisk[]
}

function poolsOf(call: Call): Pool[] {
  const disks = madeDisks(call, 'zfs')
  return [...new Set(disks.map(({ name }) => name))].map((name) => {
    const own = disks.filter((disk) => disk.name === name)
    return { name, level: String(own[0]?.facts['level']), disks: own }
  })
}

/** Bytes of a pool's disks: what lists show holds what is redundant too, but for mirrors. */
function sizeOf(disks: readonly MadeDisk[]): number {
  const level = String(disks[0]?.facts['level'])
  const sum = disks.reduce((total, { size }) => total + size, 0)
  const isMirror = level === 'mirror' || level === 'raid10'
  return isMirror ? sum - redundantOf(level, disks) : sum
}

function redundantOf(level: string, disks: readonly { size: number }[]): number {
  return (LEVELS[level]?.[1](disks.length) ?? 0) * (disks[0]?.size ?? 0)
}

/** Bytes of the volumes on a host's pool. */
function allocated(call: Call, pool: string): number {
  return [...call.world.storages.values()]
    .filter(({ type, options }) => type === 'zfspool' && options?.['pool'] === pool)
    .flatMap((storage) => volumesOf(call.world, call.text('node'), storage))
    .reduce((sum, { size }) => sum + size, 0)
}

function create(call: Call): string {
  const [name, level] = [call.text('name'), call.text('raidlevel')]
  const devices = splitList(call.text('devices'))
  const draid = call.optional('draid-config')
  if (draid !== undefined && !level.startsWith('draid')) die('draid-config set without using dRAID level')
  const disks = devices.map((device) => requireUnused(call, device))
  checkStorageName(call, name)
  if (poolsOf(call).some((pool) => pool.name === name))
    die(`pool '${name}' already exists on node '${call.text('node')}'`)
  const [fewest = 1] = LEVELS[level] ?? []
  if (level === 'raid10' && devices.length % 2 !== 0) die('raid10 needs an even number of disks')
  if (level === 'single' && devices.length > 1) die('please give only one disk for single disk mode')
  if (devices.length < fewest) die(`${level} needs at least ${fewest} disks`)
  return writeDisks(call, 'zfscreate', name, (worker) => {
    const facts = {
      kind: 'zfs',
      used: 'ZFS',
      name,
      level,
      gpt: '1',
      ...(draid !== undefined && { draid }),
    }
    for (const device of devices) requireUnused(call, device)
    worker.log(
      `# /sbin/zpool create -o ashift=${call.optional('ashift') ?? '12'} ${name} ${layoutOf(level, devices)}`,
    )
    for (const device of devices) keepDisk(call, device, facts)
    worker.log(`# /sbin/zfs set compression=${call.optional('compression') ?? 'on'} ${name}`)
    addStorage(call, {
      name,
      type: 'zfspool',
      content: ['images', 'rootdir'],
      capacity: disks.reduce((sum, { size }) => sum + size, 0) - redundantOf(level, disks),
      path: name,
      options: { pool: name },
    })
  })
}

function layoutOf(level: string, devices: readonly string[]): string {
  if (level === 'single') return devices.join(' ')
  if (level === 'raid10')
    return devices.map((device, index) => (index % 2 === 0 ? `mirror ${device}` : device)).join(' ')
  return `${level} ${devices.join(' ')}`
}

/** Parts of a pool: its disks, in groups where they make some. */
function groupsOf(level: string, disks: readonly MadeDisk[]): unknown[] {
  const leaves = disks.map(({ devpath }) => node(devpath))
  if (level === 'single') return leaves
  if (level !== 'raid10') return [node(`${level === 'raidz' ? 'raidz1' : level}-0`, leaves)]
  return leaves.flatMap((_, index) =>
    index % 2 === 0 ? [node(`mirror-${index / 2}`, leaves.slice(index, index + 2))] : [],
  )
}

function node(name: string, children?: readonly unknown[]): Record<string, unknown> {
  return { name, state: 'ONLINE', read: 0, write: 0, cksum: 0, msg: '', ...(children && { children }) }
}
