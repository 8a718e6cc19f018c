import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf, type Section } from '../sections.ts'
import { spend, startTask, type Worker } from '../tasks.ts'
import type { Storage } from '../world.ts'

const PATH = '/nodes/{node}/disks'
const GIB = 1024 ** 3
/** Milliseconds that a host takes to write what a disk is for. */
const WRITING = 1500
/** Bytes a second of a disk. */
const SPEED = 400e6

/** Disks of each host beside that of its system: their names, and bytes. */
const SPARE: readonly (readonly [devpath: string, size: number])[] = [
  ['/dev/sdb', 512 * GIB],
  ['/dev/sdc', 512 * GIB],
]

/** What a disk is made into: how it is listed, and what its task is called. */
interface Use {
  readonly kind: 'directory' | 'lvm' | 'lvmthin'
  readonly used: string
  readonly made: string
  readonly removed: string
}

const USES = {
  directory: { kind: 'directory', used: 'ext4', made: 'dircreate', removed: 'dirremove' },
  lvm: { kind: 'lvm', used: 'LVM', made: 'lvmcreate', removed: 'lvmremove' },
  lvmthin: { kind: 'lvmthin', used: 'LVM', made: 'lvmthincreate', removed: 'lvmthinremove' },
} as const satisfies Record<string, Use>

/** Disks of a host, and making storages of those that nobody uses. */
export const diskHandlers: Handlers = {
  [`GET ${PATH}`]: () =>
    ['list', 'initgpt', 'smart', 'lvm', 'lvmthin', 'directory', 'wipedisk', 'zfs'].map((name) => ({ name })),
  [`GET ${PATH}/list`]: (call) =>
    disksOf(call).filter(({ used }) => call.optional('type') !== 'unused' || used === undefined),
  [`GET ${PATH}/smart`]: (call) => {
    const { devpath } = diskNamed(call, call.text('disk'))
    return {
      health: 'PASSED',
      ...(!call.flag('healthonly') && { type: 'text', text: `${devpath} is emulated, and well` }),
    }
  },
  [`POST ${PATH}/initgpt`]: (call) => {
    const { devpath } = requireUnused(call, call.text('disk'))
    return write(call, 'diskinit', devpath.slice(5), () => keep(call, devpath, { gpt: '1' }))
  },
  [`PUT ${PATH}/wipedisk`]: (call) => {
    const { devpath, used } = diskNamed(call, call.text('disk'))
    if (used !== undefined) die(`disk/partition '${devpath}' has a holder`)
    return write(call, 'wipedisk', devpath.slice(5), () => {
      states(call).delete(keyOf(call, devpath))
    })
  },
  [`GET ${PATH}/directory`]: (call) =>
    made(call, 'directory').map(({ devpath, name, filesystem }) => ({
      device: devpath,
      path: `/mnt/pve/${name}`,
      type: filesystem,
      options: 'defaults',
      unitfile: `/etc/systemd/system/mnt-pve-${name}.mount`,
    })),
  [`GET ${PATH}/lvm`]: (call) => ({
    leaf: 0,
    children: [...made(call, 'lvm'), ...made(call, 'lvmthin')].map(({ devpath, name, size }) => ({
      name,
      size,
      free: 0,
      leaf: 0,
      children: [{ name: devpath, size, free: 0, leaf: 1 }],
    })),
  }),
  [`GET ${PATH}/lvmthin`]: (call) =>
    made(call, 'lvmthin').map(({ name, size }) => ({
      lv: name,
      vg: name,
      lv_size: size,
      used: 0,
      metadata_size: GIB,
      metadata_used: 0,
    })),
  ...makingAndRemoving(USES.directory),
  ...makingAndRemoving(USES.lvm),
  ...makingAndRemoving(USES.lvmthin),
}

/** A disk as lists show it. */
interface Disk {
  readonly devpath: string
  readonly size: number
  readonly used?: string
  readonly [fact: string]: unknown
}

function states({ world }: Call): Map<string, Section> {
  return sectionsOf(world, 'hosts/disks')
}

function keyOf(call: Call, devpath: string): string {
  return `${call.text('node')}${devpath}`
}

function keep(call: Call, devpath: string, section: Section): void {
  states(call).set(keyOf(call, devpath), section)
}

function disksOf(call: Call): Disk[] {
  const host = call.world.hosts.get(call.text('node'))
  const describe = (
    devpath: string,
    size: number,
    facts: { used?: string; gpt: number; mounted: number },
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
    const { used, gpt, kind } = states(call).get(keyOf(call, devpath)) ?? {}
    return describe(devpath, size, {
      ...(typeof used === 'string' && { used }),
      gpt: gpt === '1' ? 1 : 0,
      mounted: kind === 'directory' ? 1 : 0,
    })
  })
  return [system, ...others]
}

function diskNamed(call: Call, devpath: string): Disk {
  return disksOf(call).find((disk) => disk.devpath === devpath) ?? die(`device '${devpath}' does not exist`)
}

function requireUnused(call: Call, devpath: string): Disk {
  const disk = diskNamed(call, devpath)
  return disk.used === undefined ? disk : die(`device '${devpath}' is already in use`)
}

/** What was made of disks in one way. */
function made(
  call: Call,
  kind: Use['kind'],
): { devpath: string; size: number; name: string; filesystem: string }[] {
  return SPARE.flatMap(([devpath, size]) => {
    const state = states(call).get(keyOf(call, devpath))
    return state?.['kind'] === kind
      ? [{ devpath, size, name: String(state['name']), filesystem: String(state['used']) }]
      : []
  })
}

function write(call: Call, type: string, id: string, work: (worker: Worker) => void): string {
  const facts = { node: call.text('node'), type, id, user: call.user }
  return startTask(call.world, facts, async (worker) => {
    await spend(call.world, worker, WRITING)
    work(worker)
  })
}

function makingAndRemoving(use: Use): Handlers {
  const list = `${PATH}/${use.kind}`
  return {
    [`POST ${list}`]: (call) => {
      const name = call.text('name')
      const { devpath, size } = requireUnused(call, call.text('device'))
      if (made(call, use.kind).some((other) => other.name === name)) die(`'${name}' is already there`)
      if (call.flag('add_storage')) {
        if (call.world.storages.has(name)) die(`storage ID '${name}' already defined`)
        if (use.kind === 'lvm') die("the lab has no storages of type 'lvm'")
      }
      const used = use.kind === 'directory' ? (call.optional('filesystem') ?? use.used) : use.used
      return write(call, use.made, name, (worker) => {
        requireUnused(call, devpath)
        keep(call, devpath, { kind: use.kind, used, name, gpt: '1' })
        worker.log(`'${devpath}' is '${name}' now`)
        if (call.flag('add_storage')) call.world.storages.set(name, storageOf(call, use.kind, name, size))
      })
    },
    [`DELETE ${list}/{name}`]: (call) => {
      const name = call.text('name')
      const one = made(call, use.kind).find((other) => other.name === name)
      // A thin pool has the name of its group.
      if (one === undefined || (call.optional('volume-group') ?? name) !== name)
        return die(`no such ${use.kind} '${name}'`)
      return write(call, use.removed, name, () => {
        if (call.flag('cleanup-config')) call.world.storages.delete(name)
        if (call.flag('cleanup-disks')) states(call).delete(keyOf(call, one.devpath))
        else keep(call, one.devpath, { gpt: '1' })
      })
    },
  }
}

function storageOf(call: Call, kind: Use['kind'], name: string, capacity: number): Storage {
  const common = { name, shared: false, nodes: [call.text('node')], capacity, speed: SPEED }
  return kind === 'lvmthin'
    ? {
        ...common,
        type: 'lvmthin',
        content: ['images', 'rootdir'],
        path: name,
        options: { vgname: name, thinpool: name },
      }
    : {
        ...common,
        type: 'dir',
        content: ['images', 'rootdir', 'iso', 'vztmpl', 'backup', 'snippets'],
        path: `/mnt/pve/${name}`,
      }
}
