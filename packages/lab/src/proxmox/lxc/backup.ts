import { die } from '../api-error.ts'
import { notesOf, pruneAfter, stampInName } from '../backup/after.ts'
import type { Archive, ArchivedDisk } from '../backup/archive.ts'
import type { Container } from '../cluster/state.ts'
import type { Call } from '../handler.ts'
import { printBytes } from '../qemu/copy.ts'
import { pathOf } from '../qemu/storage.ts'
import { requireSpace } from '../storage/usage.ts'
import { spend, type Worker } from '../tasks.ts'
import { findVolume, volumeKey, type ProxmoxWorld, type Storage } from '../world.ts'
import { checkContainerLock, lockContainer, whileLocked } from './container.ts'
import { mountsOf, type MountPoint } from './mount-point.ts'
import { startContainer, stopContainer } from './power.ts'

/** Part of a file system that a backup of it takes: most of it is empty. */
const SHARE = 1 / 16

/** Extension of an archive by how it is compressed. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  '0': 'tar',
  '1': 'tar.lzo',
  lzo: 'tar.lzo',
  gzip: 'tar.gz',
  zstd: 'tar.zst',
}

/** Whether a file system goes into backups: the root always, others when they say so. */
export function isBackedUp({ key, volume, options }: MountPoint): boolean {
  return !volume.startsWith('/') && (key === 'rootfs' || options['backup'] === '1')
}

/** Backs a container up: its configuration, and of its file systems their sizes. In mode `stop` it is off meanwhile. */
export async function backUpContainer(
  call: Call,
  container: Container,
  storage: Storage,
  worker: Worker,
): Promise<void> {
  const { world } = call
  const stops = container.running && call.optional('mode') === 'stop'
  await lockContainer(
    world,
    container.vmid,
    async () => {
      checkContainerLock(container)
      worker.log(`INFO: status = ${container.running ? 'running' : 'stopped'}`)
      worker.log(`INFO: CT Name: ${container.config['hostname'] ?? `CT${container.vmid}`}`)
      for (const mount of mountsOf(container.config))
        worker.log(
          isBackedUp(mount)
            ? `INFO: including mount point ${mount.key} ('${mount.options['mp'] ?? '/'}') in backup`
            : `INFO: excluding volume mount point ${mount.key} ('${mount.options['mp'] ?? '/'}') from backup (disabled)`,
        )
      if (stops) await stopContainer(world, container, worker)
      await whileLocked(container, 'backup', () => write(call, container, storage, worker))
      if (stops) await startContainer(world, container, worker)
    },
    worker,
  )
}

async function write(call: Call, container: Container, storage: Storage, worker: Worker): Promise<void> {
  const { world } = call
  const { vmid, node, config } = container
  const extension = EXTENSIONS[call.optional('compress') ?? '0'] ?? 'tar'
  const now = world.clock.now()
  const volid = `${storage.name}:backup/vzdump-lxc-${vmid}-${stampInName(now)}.${extension}`
  const path = pathOf(storage, volid)
  if (findVolume(world, node, volid)) die(`backup file '${path}' already exists`)
  worker.log(`INFO: creating vzdump archive '${path}'`)
  const archive = archiveOf(world, container)
  const bytes = archive.disks.reduce((sum, { size }) => sum + size, 0)
  const data = Buffer.from(JSON.stringify(archive))
  const size = Math.max(data.length, Math.floor(bytes * SHARE))
  requireSpace(world, node, storage, size, 'job failed with err 28 - No space left on device')
  await spend(world, worker, (size / storage.speed) * 1000)
  worker.log(`INFO: Total bytes written: ${size}`)
  world.volumes.set(volumeKey(world, node, volid), {
    volid,
    storage: storage.name,
    node: storage.shared ? '' : node,
    size,
    format: extension,
    content: 'backup',
    vmid,
    data,
    ctime: Math.floor(now / 1000),
    ...notesOf(call, container, config['hostname'] ?? `CT${vmid}`),
    ...(call.flag('protected') && { protected: true }),
  })
  worker.log(`INFO: archive file size: ${printBytes(size).replace(/ (.)iB$/, '$1B')}`)
  pruneAfter(call, container, storage, worker)
}

function archiveOf(world: ProxmoxWorld, { node, config }: Container): Archive {
  const disks = mountsOf(config)
    .filter(isBackedUp)
    .flatMap(({ key, volume: volid }): ArchivedDisk[] => {
      const volume = findVolume(world, node, volid)
      return volume === undefined
        ? []
        : [{ key, storage: volume.storage, format: volume.format, size: volume.size }]
    })
  const kept = Object.entries(config).filter(([key]) => !/^(?:unused\d+|lock|parent)$/.test(key))
  return { type: 'lxc', config: Object.fromEntries(kept), disks }
}
