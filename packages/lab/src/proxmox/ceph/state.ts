import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call } from '../handler.ts'
import { sectionsOf, type Sections } from '../sections.ts'
import { spend, startTask, type Worker } from '../tasks.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Path of a host's Ceph. */
export const PATH = '/nodes/{node}/ceph'
/** What is installed. */
export const VERSION = '19.2.3'
/** Milliseconds that making or removing something takes. */
const WORKING = 2000

/** Daemons that are made by name. */
export type Service = 'mon' | 'mgr' | 'mds'

/** One of Ceph's lists: its daemons, disks, pools, file systems. */
export function listed(world: ProxmoxWorld, list: Service | 'osd' | 'pool' | 'fs'): Sections {
  return sectionsOf(world, `ceph/${list}`)
}

/** Installs Ceph on a host. */
export function installCeph(world: ProxmoxWorld, node: string): void {
  sectionsOf(world, 'ceph/installed').set(node, { version: VERSION })
}

/** Options of `ceph.conf`; undefined before it is written. */
export function configOf(world: ProxmoxWorld): Record<string, string> | undefined {
  return sectionsOf(world, 'ceph/config').get('global') as Record<string, string> | undefined
}

/** Throws what a host says that has no Ceph. @param text where it is not the monitor that is missed first. */
export function requireInstalled(call: Call, text = 'binary not installed: /usr/bin/ceph-mon'): void {
  const node = call.optional('node') ?? call.contact
  if (!sectionsOf(call.world, 'ceph/installed').has(node)) die(text)
}

/** Throws what a host says before Ceph is set up. */
export function requireConfig(call: Call): Record<string, string> {
  requireInstalled(call)
  return configOf(call.world) ?? die('pveceph configuration not initialized')
}

/** Throws what a host says when no monitor answers. */
export function requireMonitor(call: Call): void {
  requireConfig(call)
  if (!isUp(call.world, 'mon')) die('got timeout')
}

/** Whether a daemon of a service runs: on a host that is on, and not stopped. */
export function isUp(world: ProxmoxWorld, service: Service): boolean {
  return [...listed(world, service).values()].some((daemon) => runs(world, daemon))
}

/** Whether a daemon runs. */
export function runs(world: ProxmoxWorld, { node, stopped }: Readonly<Record<string, unknown>>): boolean {
  return stopped !== '1' && world.hosts.get(String(node))?.online === true
}

/** Name of the cluster that Ceph gives itself. */
export function fsidOf({ ticketKey }: ProxmoxWorld): string {
  const hex = createHash('md5').update(`${ticketKey} ceph`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Starts a task of Ceph's on the host of a call. */
export function cephTask(call: Call, type: string, id: string, work: (worker: Worker) => void): string {
  const facts = { node: call.text('node'), type, id, user: call.user }
  return startTask(call.world, facts, async (worker) => {
    await spend(call.world, worker, WORKING)
    work(worker)
  })
}
