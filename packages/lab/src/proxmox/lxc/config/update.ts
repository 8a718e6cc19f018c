import { die, parameterError } from '../../api-error.ts'
import type { Container } from '../../cluster/state.ts'
import type { Call, Handlers } from '../../handler.ts'
import { need } from '../../qemu/config/rights.ts'
import { freeVolume } from '../../qemu/volumes.ts'
import { splitList } from '../../verify/string-formats.ts'
import { findVolume, type ProxmoxWorld } from '../../world.ts'
import { checkContainerDigest, checkContainerLock, containerOf, lockContainer } from '../container.ts'
import { isMountKey, mountsOf, parseMount } from '../mount-point.ts'
import { createMounts, storagesAskedFor } from '../volumes.ts'
import { checkContainerRights } from './rights.ts'
import { containerOption, keptValue } from './values.ts'

/** Options that a running container takes over at once; others wait until it is started anew. */
const LIVE =
  /^(?:description|onboot|startup|protection|hostname|hookscript|cores|tags|lock|cpulimit|cpuunits|memory|swap|nameserver|searchdomain|net\d+|unused\d+)$/

/** Changes of a container's configuration. */
export const containerUpdateHandlers: Handlers = { 'PUT /nodes/{node}/lxc/{vmid}/config': update }

async function update(call: Call): Promise<null> {
  const { world } = call
  const vmid = Number(call.text('vmid'))
  const given = givenOptions(call)
  const removed = splitList(call.optional('delete') ?? '')
  const reverted = splitList(call.optional('revert') ?? '')
  if (Object.keys(given).length + removed.length + reverted.length === 0) die('no options specified')
  checkLists(given, removed, reverted)
  containerOf(call)
  checkContainerRights(call, { vmid }, given, removed)
  for (const name of storagesAskedFor(given)) need(call, `/storage/${name}`, ['Datastore.AllocateSpace'])
  await lockContainer(world, vmid, async () => {
    const container = containerOf(call)
    checkContainerLock(container)
    checkContainerDigest(call, container)
    checkProtection(container, [...removed, ...Object.keys(given)])
    for (const key of reverted) container.pending.delete(key)
    const mounts = await createMounts(world, container, given)
    for (const [key, value] of Object.entries(given)) {
      const kept = mounts[key] ?? keptValue(world, key, value)
      // A new mount point of a running container is mounted at once, another value of one that is there is not.
      const isLive = LIVE.test(key) || (isMountKey(key) && container.config[key] === undefined)
      if (container.running && !isLive) container.pending.set(key, kept)
      else await setOption(world, container, key, kept)
    }
    for (const key of removed) {
      if (container.running && !LIVE.test(key) && container.config[key] !== undefined)
        container.pending.set(key, undefined)
      else await removeOption(world, container, key)
    }
  })
  return null
}

/** The options among a call's parameters. */
export function givenOptions(call: Call): Record<string, string> {
  const given: Record<string, string> = {}
  for (const key in call.params) if (containerOption(key)) given[key] = call.text(key)
  return given
}

function checkLists(
  given: Readonly<Record<string, string>>,
  removed: readonly string[],
  reverted: readonly string[],
): void {
  for (const key of removed) {
    if (given[key] !== undefined)
      parameterError({ delete: `you can't use '-${key}' and -delete ${key} at the same time` })
    if (!containerOption(key)) parameterError({ delete: `unknown option '${key}'` })
    if (key === 'rootfs') parameterError({ delete: `can't delete required option 'rootfs'` })
  }
  for (const key of reverted) {
    if (!containerOption(key)) parameterError({ revert: `unknown option '${key}'` })
    if (given[key] !== undefined || removed.includes(key))
      parameterError({
        delete: `you can't use '-${given[key] === undefined ? 'delete ' : ''}${key}' and -revert ${key} at the same time`,
      })
  }
}

function checkProtection({ vmid, config }: Container, keys: readonly string[]): void {
  const mount = keys.find((key) => isMountKey(key) && config[key] !== undefined)
  if (config['protection'] === '1' && mount !== undefined)
    die(`can't remove CT ${vmid} drive '${mount}' - protection mode enabled`)
}

/** What waited for the container to be off becomes real. */
export async function applyPending(world: ProxmoxWorld, container: Container): Promise<void> {
  for (const [key, value] of container.pending)
    if (value === undefined) await removeOption(world, container, key)
    else await setOption(world, container, key, value)
  container.pending.clear()
}

async function setOption(
  world: ProxmoxWorld,
  container: Container,
  key: string,
  value: string,
): Promise<void> {
  if (isMountKey(key)) detach(world, container, key)
  else if (key.startsWith('unused')) await removeOption(world, container, key)
  container.config[key] = value
  const volume = isMountKey(key) ? parseMount(key, value).volume : ''
  for (const [unused, volid] of Object.entries(container.config))
    if (unused.startsWith('unused') && volid === volume) delete container.config[unused]
}

/** The volume of a mount point that is taken out is kept as `unusedN`; that of an `unusedN` is destroyed. */
async function removeOption(world: ProxmoxWorld, container: Container, key: string): Promise<void> {
  const value = container.config[key]
  if (value !== undefined && key.startsWith('unused')) await freeVolume(world, container.node, value)
  if (isMountKey(key)) detach(world, container, key)
  container.pending.delete(key)
  delete container.config[key]
}

function detach(world: ProxmoxWorld, { config, node }: Container, key: string): void {
  const text = config[key]
  if (text === undefined) return
  delete config[key]
  const { volume } = parseMount(key, text)
  if (
    findVolume(world, node, volume) === undefined ||
    mountsOf(config).some((each) => each.volume === volume)
  )
    return
  let number = 0
  while (config[`unused${number}`] !== undefined) number += 1
  config[`unused${number}`] = volume
}
