import { die } from '../../api-error.ts'
import type { Call } from '../../handler.ts'
import { sectionsOf, type Section } from '../../sections.ts'
import { spend, startTask, type Worker } from '../../tasks.ts'
import type { Storage } from '../../world.ts'

/** Path of a host's disks. */
export const PATH = '/nodes/{node}/disks'

const GIB = 1024 ** 3
/** Milliseconds that a host takes to write what a disk is for. */
const WRITING = 1500
/** Bytes a second of a disk. */
const SPEED = 400e6

/** Disks of each host beside that of its system: their names, and bytes. */
const SPARE: readonly (readonly [devpath: string, size: number])[] = ['b', 'c', 'd', 'e'].map((letter) => [
  `/dev/sd${letter}`,
  512 * GIB,
])

/** A disk as lists show it. */
interface Disk {
  readonly devpath: string
  readonly size: number
  readonly used?: string
  readonly [fact: string]: unknown
}

/** What disks are made into. */
export type Kind = 'directory' | 'lvm' | 'lvmthin' | 'zfs'

/** A disk that was made into something, alone or with others of that name. */
export interface MadeDisk {
  readonly devpath: string
  readonly size: number
  readonly name: string
  /** What is written about it. */
  readonly facts: Section
}

/** Writes down what a disk is for. */
export function keepDisk(call: Call, devpath: string, facts: Section): void {
  states(call).set(keyOf(call, devpath), facts)
}

/** A disk becomes as it came. */
export function wipeDisk(call: Call, devpath: string): void {
  states(call).delete(keyOf(call, devpath))
}

/** Disks of the host that a call names. */
export function disksOf(call: Call): Disk[] {
  const host = call.world.hosts.get(call.text('node'))
  const describe = (
    devpath: string,
    size: number,
    facts: { used?: string; gpt: number; mounted: number; osdid?: number; 'osdid-list'?: number[] },
  ): Disk => ({
    devpath,
    size,
    model: 'LAB HARDDISK',
    vendor: 'LAB',
    serial: `${host?.name ?? ''}-${devpath.slice(5)}`,
    type: 'hdd',
    health: 'PASSED',
    wearout: 'N/A',
    osdid: -1,
    'osdid-list': [],
    ...facts,
  })
  const system = describe('/dev/sda', host?.rootSize ?? 100 * GIB, { used: 'LVM', gpt: 1, mounted: 0 })
  const others = SPARE.map(([devpath, size]) => {
    const { used, gpt, kind, osdid } = states(call).get(keyOf(call, devpath)) ?? {}
    return describe(devpath, size, {
      ...(typeof used === 'string' && { used }),
      gpt: gpt === '1' ? 1 : 0,
      mounted: kind === 'directory' ? 1 : 0,
      ...(osdid !== undefined && { osdid: Number(osdid), 'osdid-list': [Number(osdid)] }),
    })
  })
  return [system, ...others]
}

/** A disk of that host. Throws when it has none of that name. */
export function diskNamed(call: Call, devpath: string): Disk {
  return disksOf(call).find((disk) => disk.devpath === devpath) ?? die(`device '${devpath}' does not exist`)
}

/** A disk that nobody uses. Throws when it has a use. */
export function requireUnused(call: Call, devpath: string): Disk {
  const disk = diskNamed(call, devpath)
  return disk.used === undefined ? disk : die(`device '${devpath}' is already in use`)
}

/** Disks that were made into something of a kind. */
export function madeDisks(call: Call, kind: Kind): MadeDisk[] {
  return SPARE.flatMap(([devpath, size]) => {
    const facts = states(call).get(keyOf(call, devpath))
    return facts?.['kind'] === kind ? [{ devpath, size, name: String(facts['name']), facts }] : []
  })
}

/** Starts a task that writes on disks. */
export function writeDisks(call: Call, type: string, id: string, work: (worker: Worker) => void): string {
  const facts = { node: call.text('node'), type, id, user: call.user }
  return startTask(call.world, facts, async (worker) => {
    await spend(call.world, worker, WRITING)
    work(worker)
  })
}

/** Throws when a storage cannot be made with what disks are made into. */
export function checkStorageName(call: Call, name: string): void {
  if (call.flag('add_storage') && call.world.storages.has(name)) die(`storage ID '${name}' already defined`)
}

/** Makes a storage of disks, for their host alone, if the call wants one. */
export function addStorage(
  call: Call,
  storage: Pick<Storage, 'name' | 'type' | 'capacity' | 'content' | 'path' | 'options'>,
): void {
  if (!call.flag('add_storage')) return
  call.world.storages.set(storage.name, {
    ...storage,
    shared: false,
    nodes: [call.text('node')],
    speed: SPEED,
  })
}

function states({ world }: Call): Map<string, Section> {
  return sectionsOf(world, 'hosts/disks')
}

function keyOf(call: Call, devpath: string): string {
  return `${call.text('node')}${devpath}`
}
