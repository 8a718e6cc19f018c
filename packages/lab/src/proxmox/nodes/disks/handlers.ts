import { die } from '../../api-error.ts'
import type { Handlers } from '../../handler.ts'
import type { Storage } from '../../world.ts'
import {
  addStorage,
  checkStorageName,
  diskNamed,
  disksOf,
  keepDisk,
  madeDisks,
  PATH,
  requireUnused,
  wipeDisk,
  writeDisks,
  type Kind,
} from './state.ts'
import { zfsHandlers } from './zfs.ts'

/** Bytes that a thin pool keeps about itself. */
const METADATA = 1024 ** 3

/** What a disk is made into: how it is listed, and what its task is called. */
interface Use {
  readonly kind: Exclude<Kind, 'zfs'>
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
    return writeDisks(call, 'diskinit', devpath.slice(5), () => keepDisk(call, devpath, { gpt: '1' }))
  },
  [`PUT ${PATH}/wipedisk`]: (call) => {
    const { devpath, used } = diskNamed(call, call.text('disk'))
    if (used !== undefined) die(`disk/partition '${devpath}' has a holder`)
    return writeDisks(call, 'wipedisk', devpath.slice(5), () => wipeDisk(call, devpath))
  },
  [`GET ${PATH}/directory`]: (call) =>
    madeDisks(call, 'directory').map(({ devpath, name, facts }) => ({
      device: devpath,
      path: `/mnt/pve/${name}`,
      type: facts['used'],
      options: 'defaults',
      unitfile: `/etc/systemd/system/mnt-pve-${name}.mount`,
    })),
  [`GET ${PATH}/lvm`]: (call) => ({
    leaf: 0,
    children: [...madeDisks(call, 'lvm'), ...madeDisks(call, 'lvmthin')].map(({ devpath, name, size }) => ({
      name,
      size,
      free: 0,
      leaf: 0,
      children: [{ name: devpath, size, free: 0, leaf: 1 }],
    })),
  }),
  [`GET ${PATH}/lvmthin`]: (call) =>
    madeDisks(call, 'lvmthin').map(({ name, size }) => ({
      lv: name,
      vg: name,
      lv_size: size,
      used: 0,
      metadata_size: METADATA,
      metadata_used: 0,
    })),
  ...makingAndRemoving(USES.directory),
  ...makingAndRemoving(USES.lvm),
  ...makingAndRemoving(USES.lvmthin),
  ...zfsHandlers,
}

function makingAndRemoving(use: Use): Handlers {
  const list = `${PATH}/${use.kind}`
  return {
    [`POST ${list}`]: (call) => {
      const name = call.text('name')
      const { devpath, size } = requireUnused(call, call.text('device'))
      if (madeDisks(call, use.kind).some((other) => other.name === name)) die(`'${name}' is already there`)
      checkStorageName(call, name)
      const used = use.kind === 'directory' ? (call.optional('filesystem') ?? use.used) : use.used
      return writeDisks(call, use.made, name, (worker) => {
        requireUnused(call, devpath)
        keepDisk(call, devpath, { kind: use.kind, used, name, gpt: '1' })
        worker.log(`'${devpath}' is '${name}' now`)
        addStorage(call, { name, capacity: size, ...storageOf(use.kind, name) })
      })
    },
    [`DELETE ${list}/{name}`]: (call) => {
      const name = call.text('name')
      const one = madeDisks(call, use.kind).find((other) => other.name === name)
      // A thin pool has the name of its group.
      if (one === undefined || (call.optional('volume-group') ?? name) !== name)
        return die(`no such ${use.kind} '${name}'`)
      return writeDisks(call, use.removed, name, () => {
        if (call.flag('cleanup-config')) call.world.storages.delete(name)
        if (call.flag('cleanup-disks')) wipeDisk(call, one.devpath)
        else keepDisk(call, one.devpath, { gpt: '1' })
      })
    },
  }
}

function storageOf(kind: Use['kind'], name: string): Pick<Storage, 'type' | 'content' | 'path' | 'options'> {
  if (kind === 'directory')
    return {
      type: 'dir',
      content: ['images', 'rootdir', 'iso', 'vztmpl', 'backup', 'snippets'],
      path: `/mnt/pve/${name}`,
    }
  const options = { vgname: name, ...(kind === 'lvmthin' && { thinpool: name }) }
  return { type: kind, content: ['images', 'rootdir'], path: name, options }
}
