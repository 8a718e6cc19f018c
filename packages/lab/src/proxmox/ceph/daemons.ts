import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import type { ProxmoxWorld } from '../world.ts'
import {
  cephTask,
  listed,
  PATH,
  requireInstalled,
  requireMonitor,
  requireConfig,
  runs,
  VERSION,
  type Service,
} from './state.ts'

/** What is particular of a service's daemons. */
interface Daemons {
  readonly service: Service
  /** Parameter that names one. */
  readonly parameter: string
  readonly taken: (id: string) => string
  readonly missing: (id: string) => string
}

const folder = (service: string, id: string): string => `/var/lib/ceph/${service}/ceph-${id}`

const DAEMONS: readonly Daemons[] = [
  {
    service: 'mon',
    parameter: 'monid',
    taken: (id) => `monitor '${id}' already exists`,
    missing: (id) => `no such monitor id '${id}'`,
  },
  {
    service: 'mgr',
    parameter: 'id',
    taken: (id) => `ceph manager directory '${folder('mgr', id)}' already exists`,
    missing: (id) => `ceph manager directory '${folder('mgr', id)}' not found`,
  },
  {
    service: 'mds',
    parameter: 'name',
    taken: (id) => `ceph MDS directory '${folder('mds', id)}' already exists`,
    missing: (id) => `no such MDS '${id}'`,
  },
]

/** Monitors, managers and metadata servers, and turning any daemon on and off. */
export const daemonHandlers: Handlers = {
  ...Object.assign({}, ...DAEMONS.map(handlersOf)),
  ...Object.fromEntries(
    (['start', 'stop', 'restart'] as const).map((verb) => [
      `POST ${PATH}/${verb}`,
      (call: Call) => turn(call, verb),
    ]),
  ),
}

function handlersOf({ service, parameter, taken, missing }: Daemons): Handlers {
  const one = `${PATH}/${service}/{${parameter}}`
  return {
    [`GET ${PATH}/${service}`]: (call) => {
      requireConfig(call)
      return daemonsOf(call.world, service)
    },
    [`POST ${one}`]: (call) => {
      requireInstalled(call, `binary not installed: /usr/bin/ceph-${service}`)
      requireConfig(call)
      // The first monitor is made without one.
      if (service !== 'mon') requireMonitor(call)
      const id = call.optional(parameter) ?? call.text('node')
      const own = listed(call.world, service)
      if (own.has(id)) die(taken(id))
      const address = call.optional('mon-address') ?? call.world.hosts.get(call.text('node'))?.address ?? ''
      return cephTask(call, `cephcreate${service}`, `${service}.${id}`, (worker) => {
        if (own.has(id)) die(taken(id))
        worker.log(`creating ${service} '${id}'`)
        own.set(id, { node: call.text('node'), address })
      })
    },
    [`DELETE ${one}`]: (call) => {
      requireConfig(call)
      const id = call.text(parameter)
      const own = listed(call.world, service)
      if (!own.has(id)) die(missing(id))
      if (service === 'mon' && own.size === 1) die("can't remove last monitor")
      return cephTask(call, `cephdestroy${service}`, `${service}.${id}`, () => {
        own.delete(id)
      })
    },
  }
}

/** Daemons of a service with their state: the first that runs is active, the others stand by. */
export function daemonsOf(world: ProxmoxWorld, service: Service): Record<string, unknown>[] {
  let rank = -1
  return [...listed(world, service)].map(([name, daemon]) => {
    const isRunning = runs(world, daemon)
    if (isRunning) rank += 1
    const common = {
      name,
      host: daemon['node'],
      addr: `${String(daemon['address'])}:${service === 'mon' ? 6789 : 6800}/0`,
    }
    if (!isRunning) return { ...common, state: 'stopped' }
    if (service !== 'mon') return { ...common, state: rank === 0 ? 'active' : 'standby' }
    const version = `ceph version ${VERSION} squid (stable)`
    return {
      ...common,
      host: 1,
      state: 'running',
      rank,
      quorum: 1,
      service: 1,
      direxists: '1',
      ceph_version: version,
      ceph_version_short: VERSION,
    }
  })
}

/** Turns `mon.pve1`, all of a kind or all of a host's daemons on or off. */
function turn(call: Call, verb: 'start' | 'stop' | 'restart'): string {
  requireConfig(call)
  const { world } = call
  const service = call.optional('service') ?? 'ceph.target'
  const [, kind = '', id] = /^(ceph|mon|mds|mgr|osd)(?:\.(.+))?$/.exec(service) ?? []
  if (kind === '') die(`unknown service '${service}'`)
  const kinds = kind === 'ceph' ? (['mon', 'mgr', 'mds', 'osd'] as const) : ([kind] as ('mon' | 'osd')[])
  return cephTask(call, `srv${verb}`, service.replace(/\.target$/, ''), () => {
    for (const each of kinds)
      for (const [name, daemon] of listed(world, each)) {
        if (daemon['node'] !== call.text('node')) continue
        if (kind !== 'ceph' && id !== undefined && id !== 'target' && id !== name) continue
        listed(world, each).set(name, { ...daemon, stopped: verb === 'stop' ? '1' : '0' })
      }
  })
}
