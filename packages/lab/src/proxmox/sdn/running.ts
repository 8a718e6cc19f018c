import { sectionsOf, type Section, type Sections } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Files whose changes wait until they are applied. */
export const APPLIED = ['zones', 'vnets', 'subnets', 'controllers', 'fabrics', 'fabric-nodes'] as const
/** One of them. */
export type Applied = (typeof APPLIED)[number]

/** A file as it is written, and as it is in force. */
export function writtenFile(world: ProxmoxWorld, file: Applied): Sections {
  return sectionsOf(world, `sdn/${file}`)
}

/** The entries of a file that are in force. */
export function runningFile(world: ProxmoxWorld, file: Applied): Sections {
  return sectionsOf(world, `sdn/running/${file}`)
}

/** Puts what is written in force. */
export function applyNetworks(world: ProxmoxWorld): void {
  for (const file of APPLIED) copy(writtenFile(world, file), runningFile(world, file))
}

/** Throws away what is written and not in force. */
export function revertNetworks(world: ProxmoxWorld): void {
  for (const file of APPLIED) copy(runningFile(world, file), writtenFile(world, file))
}

function copy(from: Sections, to: Sections): void {
  to.clear()
  for (const [id, section] of from) to.set(id, { ...section })
}

/** Whether anything is written that is not in force. */
export function hasPending(world: ProxmoxWorld): boolean {
  return APPLIED.some((file) => {
    const [written, running] = [writtenFile(world, file), runningFile(world, file)]
    return (
      [...written].some(([id, section]) => stateOf(section, running.get(id)) !== undefined) ||
      [...running.keys()].some((id) => !written.has(id))
    )
  })
}

/** How an entry differs from what is in force; undefined for not at all. */
export function stateOf(
  written: Section | undefined,
  running: Section | undefined,
): 'new' | 'changed' | 'deleted' | undefined {
  if (written === undefined) return 'deleted'
  if (running === undefined) return 'new'
  const names = new Set([...Object.keys(written), ...Object.keys(running)])
  return [...names].some((name) => String(written[name]) !== String(running[name])) ? 'changed' : undefined
}

/** The zone of a network that is in force; undefined for none of that name. */
export function zoneOfNetwork(world: ProxmoxWorld, vnet: string): string | undefined {
  const zone = runningFile(world, 'vnets').get(vnet)?.['zone']
  return typeof zone === 'string' ? zone : undefined
}

/** Whether a zone that is in force reaches a host. */
export function reachesHost(world: ProxmoxWorld, zone: string, node: string): boolean {
  const section = runningFile(world, 'zones').get(zone)
  if (section === undefined) return false
  const nodes = section['nodes']
  return typeof nodes !== 'string' || nodes.split(/[,;\s]+/).includes(node)
}
