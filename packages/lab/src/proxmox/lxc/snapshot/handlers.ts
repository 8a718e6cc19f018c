import { die } from '../../api-error.ts'
import type { Container } from '../../cluster/state.ts'
import type { Call, Handlers } from '../../handler.ts'
import { canDo, storageNamed } from '../../qemu/storage.ts'
import { TIMINGS } from '../../qemu/timings.ts'
import { spend, type Worker } from '../../tasks.ts'
import { findVolume, type ProxmoxWorld } from '../../world.ts'
import { shownContainer } from '../config/values.ts'
import {
  checkContainerLock,
  containerDigest,
  containerOf,
  isContainerTemplate,
  lockContainer,
  startContainerTask,
  whileLocked,
} from '../container.ts'
import { mountsOf } from '../mount-point.ts'
import { startContainer, stopContainer } from '../power.ts'

const LIST = '/nodes/{node}/lxc/{vmid}/snapshot'
const ONE = `${LIST}/{snapname}`

/** Snapshots of containers, and what their volumes can do. */
export const containerSnapshotHandlers: Handlers = {
  [`GET ${LIST}`]: list,
  [`POST ${LIST}`]: create,
  [`GET ${ONE}`]: () => ['config', 'rollback'].map((cmd) => ({ cmd })),
  [`GET ${ONE}/config`]: (call) => shownContainer(sectionOf(containerOf(call), call.text('snapname'))),
  [`PUT ${ONE}/config`]: describe,
  [`DELETE ${ONE}`]: (call) =>
    startContainerTask(call, 'vzdelsnapshot', (container, worker) => remove(call, container, worker)),
  [`POST ${ONE}/rollback`]: (call) => {
    sectionOf(containerOf(call), call.text('snapname'))
    return startContainerTask(call, 'vzrollback', (container, worker) => rollBack(call, container, worker))
  },
  'GET /nodes/{node}/lxc/{vmid}/feature': (call) => {
    const container = containerOf(call)
    const snapname = call.optional('snapname')
    const config = snapname === undefined ? container.config : sectionOf(container, snapname)
    const feature = call.text('feature') as 'snapshot' | 'clone' | 'copy'
    const can = volumesCan(call.world, container.node, config, feature, snapname !== undefined)
    return { hasFeature: can ? 1 : 0 }
  },
}

function sectionOf({ snapshots }: Container, name: string): Record<string, string> {
  return snapshots?.get(name) ?? die(`snapshot '${name}' does not exist`)
}

/** Whether all volumes of a configuration can do something where they are. */
export function volumesCan(
  world: ProxmoxWorld,
  node: string,
  config: Readonly<Record<string, string>>,
  feature: 'snapshot' | 'clone' | 'copy',
  ofSnapshot = false,
): boolean {
  return mountsOf(config).every(({ volume: volid }) => {
    const volume = findVolume(world, node, volid)
    return volume !== undefined && canDo(storageNamed(world, volume.storage), volume, feature, ofSnapshot)
  })
}

function list(call: Call): unknown[] {
  const container = containerOf(call)
  const entries = [...(container.snapshots ?? [])].map(([name, section]) => ({
    name,
    snaptime: Number(section['snaptime'] ?? 0),
    description: section['description'] ?? '',
    parent: section['parent'],
  }))
  const current = {
    name: 'current',
    description: 'You are here!',
    digest: containerDigest(container),
    running: container.running ? 1 : 0,
    parent: container.config['parent'],
  }
  return [...entries, current]
}

function create(call: Call): string {
  const { world } = call
  const name = call.text('snapname')
  containerOf(call)
  if (['current', 'pending', 'vzdump'].includes(name))
    die(`unable to use snapshot name '${name}' (reserved name)`)
  return startContainerTask(call, 'vzsnapshot', async (container, worker) => {
    if (isContainerTemplate(container)) die("you can't take a snapshot if it's a template")
    checkContainerLock(container)
    if (container.snapshots?.has(name)) die(`snapshot name '${name}' already used`)
    if (!volumesCan(world, container.node, container.config, 'snapshot'))
      die('snapshot feature is not available')
    const { description: _, ...kept } = container.config
    const description = call.optional('description')?.trimEnd()
    await whileLocked(container, 'snapshot', () => spend(world, worker, TIMINGS.monitor))
    ;(container.snapshots ??= new Map()).set(name, {
      ...Object.fromEntries(Object.entries(kept).filter(([key]) => !key.startsWith('unused'))),
      ...(description !== undefined && description !== '' && { description }),
      snaptime: String(Math.floor(world.clock.now() / 1000)),
    })
    container.config['parent'] = name
  })
}

async function describe(call: Call): Promise<null> {
  containerOf(call)
  await lockContainer(call.world, Number(call.text('vmid')), () => {
    const container = containerOf(call)
    checkContainerLock(container)
    const section = sectionOf(container, call.text('snapname'))
    const description = call.optional('description')
    if (description !== undefined) section['description'] = description.trimEnd()
    return Promise.resolve()
  })
  return null
}

async function remove(call: Call, container: Container, worker: Worker): Promise<void> {
  const name = call.text('snapname')
  checkContainerLock(container)
  const { parent } = sectionOf(container, name)
  await whileLocked(container, 'snapshot-delete', () => spend(call.world, worker, TIMINGS.monitor))
  for (const section of [container.config, ...(container.snapshots?.values() ?? [])]) {
    if (section['parent'] !== name) continue
    if (parent === undefined) delete section['parent']
    else section['parent'] = parent
  }
  container.snapshots?.delete(name)
}

/** Puts a snapshot back. The container is off afterwards, unless its start is asked for. */
async function rollBack(call: Call, container: Container, worker: Worker): Promise<void> {
  const { world } = call
  const name = call.text('snapname')
  const { snaptime: _, description: __, ...section } = sectionOf(container, name)
  if (isContainerTemplate(container)) die("you can't rollback if vm is a template")
  checkContainerLock(container)
  await whileLocked(container, 'rollback', async () => {
    if (container.running) await stopContainer(world, container, worker)
    await spend(world, worker, TIMINGS.monitor)
    const kept = Object.entries(container.config).filter(
      ([key]) => key.startsWith('unused') || key === 'description',
    )
    container.config = { ...Object.fromEntries(kept), ...section, parent: name }
    container.pending.clear()
  })
  if (call.flag('start')) await startContainer(world, container, worker)
}
