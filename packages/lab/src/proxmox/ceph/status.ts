import { apiSchema } from '@fochista/proxmox/schema'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf } from '../sections.ts'
import { startTask } from '../tasks.ts'
import type { ProxmoxWorld } from '../world.ts'
import { daemonsOf } from './daemons.ts'
import { flagsOf } from './osds.ts'
import { rawBytes, storedBytes } from './sizes.ts'
import {
  configOf,
  fsidOf,
  isUp,
  listed,
  PATH,
  requireConfig,
  requireInstalled,
  requireMonitor,
  runs,
  VERSION,
} from './state.ts'

const CLUSTER = '/cluster/ceph'

/** How Ceph stands, its flags and its configuration. */
export const cephStatusHandlers: Handlers = {
  [`POST ${PATH}/init`]: (call) => {
    requireInstalled(call, "Ceph Nautilus required - please run 'pveceph install'")
    const { world } = call
    const network = call.optional('network') ?? `${world.hosts.get(call.text('node'))?.address ?? ''}/24`
    if (configOf(world) !== undefined) return null
    const auth = call.flag('disable_cephx') ? 'none' : 'cephx'
    sectionsOf(world, 'ceph/config').set('global', {
      auth_client_required: auth,
      auth_cluster_required: auth,
      auth_service_required: auth,
      cluster_network: call.optional('cluster-network') ?? network,
      fsid: fsidOf(world),
      mon_allow_pool_delete: 'true',
      osd_pool_default_min_size: call.optional('min_size') ?? '2',
      osd_pool_default_size: call.optional('size') ?? '3',
      public_network: network,
    })
    return null
  },
  [`GET ${PATH}/status`]: status,
  [`GET ${CLUSTER}/status`]: status,
  [`GET ${CLUSTER}/metadata`]: (call) => {
    requireMonitor(call)
    const { world } = call
    const facts = {
      ceph_version: `ceph version ${VERSION} squid (stable)`,
      ceph_version_short: VERSION,
      ceph_release: 'squid',
    }
    const of = (service: 'mon' | 'mgr' | 'mds'): Record<string, unknown> =>
      Object.fromEntries(
        [...listed(world, service)].map(([name, { node, address }]) => [
          `${name}@${String(node)}`,
          { ...facts, name, hostname: node, [service === 'mon' ? 'addrs' : 'addr']: address },
        ]),
      )
    const version = { str: VERSION, parts: VERSION.split('.') }
    return {
      mon: of('mon'),
      mgr: of('mgr'),
      mds: of('mds'),
      node: Object.fromEntries(
        [...sectionsOf(world, 'ceph/installed').keys()].map((node) => [
          node,
          { buildcommit: 'lab', version },
        ]),
      ),
      osd: [...listed(world, 'osd')].map(([id, { node }]) => ({ ...facts, id: Number(id), hostname: node })),
    }
  },
  [`GET ${CLUSTER}/flags`]: (call) => {
    requireMonitor(call)
    const set = new Set(flagsOf(call.world))
    return flagNames().map((name) => ({ name, description: `flag '${name}'`, value: set.has(name) ? 1 : 0 }))
  },
  [`PUT ${CLUSTER}/flags`]: (call) => {
    requireMonitor(call)
    const { world, contact, user } = call
    return startTask(world, { node: contact, type: 'cephsetflags', id: '', user }, (worker) => {
      for (const name of flagNames()) {
        const value = call.optional(name)
        if (value === undefined) continue
        worker.log(`${value === '1' ? 'setting' : 'unsetting'} flag '${name}'`)
        setFlag(world, name, value === '1')
      }
      return Promise.resolve()
    })
  },
  [`GET ${CLUSTER}/flags/{flag}`]: (call) => {
    requireMonitor(call)
    return flagsOf(call.world).includes(call.text('flag')) ? 1 : 0
  },
  [`PUT ${CLUSTER}/flags/{flag}`]: (call) => {
    requireMonitor(call)
    setFlag(call.world, call.text('flag'), call.flag('value'))
    return null
  },
  [`GET ${PATH}/cfg/raw`]: (call) => rawConfig(requireConfig(call)),
  [`GET ${PATH}/cfg/db`]: (call) => {
    requireMonitor(call)
    return []
  },
  [`GET ${PATH}/cfg/value`]: (call) => {
    const config = requireConfig(call)
    const found: Record<string, Record<string, string>> = {}
    for (const key of call.text('config-keys').split(/[;, ]+/)) {
      const [section = '', name = ''] = key.split(':')
      const value = section === 'global' ? config[name.replaceAll('-', '_')] : undefined
      if (value !== undefined) (found[section] ??= {})[name] = value
    }
    return found
  },
  [`GET ${PATH}/cmd-safety`]: (call) => {
    requireMonitor(call)
    const [service, id] = [call.text('service') as 'osd' | 'mon' | 'mds', call.text('id')]
    const all = listed(call.world, service)
    if (!all.has(id)) die(`no such ${service} '${id}'`)
    const left = [...all].filter(([other, daemon]) => other !== id && runs(call.world, daemon)).length
    const isSafe = service === 'mon' ? left * 2 > all.size : left > 0
    return isSafe
      ? { safe: 1 }
      : { safe: 0, status: `${service} '${id}' cannot be taken away without harm: ${left} others run` }
  },
  [`GET ${PATH}/crush`]: (call) => {
    requireMonitor(call)
    const devices = [...listed(call.world, 'osd')].map(
      ([id, osd]) => `device ${id} osd.${id} class ${String(osd['class'])}`,
    )
    return [
      '# begin crush map',
      ...devices,
      'type 0 osd',
      'type 1 host',
      'type 11 root',
      '# end crush map',
      '',
    ].join('\n')
  },
  [`GET ${PATH}/rules`]: (call) => {
    requireMonitor(call)
    return [{ name: 'replicated_rule' }]
  },
  [`GET ${PATH}/log`]: (call) => {
    requireConfig(call)
    return [{ n: 1, t: `cluster [INF] fsid ${fsidOf(call.world)}` }]
  },
}

function flagNames(): readonly string[] {
  return apiSchema.paths[`${CLUSTER}/flags/{flag}`]?.GET?.params['flag']?.enum ?? []
}

function setFlag(world: ProxmoxWorld, name: string, isSet: boolean): void {
  const flags = sectionsOf(world, 'ceph/flags')
  if (isSet) flags.set(name, {})
  else flags.delete(name)
}

function rawConfig(config: Readonly<Record<string, string>>): string {
  const lines = Object.entries(config).map(([name, value]) => `\t${name} = ${value}\n`)
  return `[global]\n${lines.join('')}\n[client]\n\tkeyring = /etc/pve/priv/$cluster.$name.keyring\n`
}

/** As `ceph status` prints it. */
function status(call: Call): Record<string, unknown> {
  requireMonitor(call)
  const { world } = call
  const osds = [...listed(world, 'osd').values()]
  const up = osds.filter((osd) => runs(world, osd))
  const monitors = daemonsOf(world, 'mon')
  const managers = daemonsOf(world, 'mgr')
  const quorum = monitors.filter(({ state }) => state === 'running')
  const checks = healthOf(world)
  const total = rawBytes(world)
  const used = storedBytes(world)
  const groups = [...listed(world, 'pool').values()].reduce(
    (sum, { pg_num: count }) => sum + Number(count),
    0,
  )
  return {
    fsid: fsidOf(world),
    health: {
      status: Object.keys(checks).length === 0 ? 'HEALTH_OK' : 'HEALTH_WARN',
      checks: Object.fromEntries(
        Object.entries(checks).map(([name, message]) => [
          name,
          { severity: 'HEALTH_WARN', summary: { message }, muted: false },
        ]),
      ),
      mutes: [],
    },
    quorum: quorum.map(({ rank }) => rank),
    quorum_names: quorum.map(({ name }) => name),
    monmap: { fsid: fsidOf(world), mons: monitors.map(({ name, addr }, rank) => ({ name, addr, rank })) },
    mgrmap: {
      available: managers.some(({ state }) => state === 'active'),
      active_name: managers.find(({ state }) => state === 'active')?.['name'] ?? '',
      standbys: managers.filter(({ state }) => state === 'standby').map(({ name }) => ({ name })),
    },
    osdmap: {
      num_osds: osds.length,
      num_up_osds: up.length,
      num_in_osds: osds.filter((osd) => osd['in'] === '1').length,
    },
    pgmap: {
      num_pgs: groups,
      num_pools: listed(world, 'pool').size,
      pgs_by_state: groups === 0 ? [] : [{ state_name: 'active+clean', count: groups }],
      bytes_total: total,
      bytes_used: used,
      bytes_avail: Math.max(0, total - used),
    },
    fsmap: { by_rank: daemonsOf(world, 'mds').filter(({ state }) => state === 'active') },
  }
}

/** What is not well, by the name of its check. */
function healthOf(world: ProxmoxWorld): Record<string, string> {
  const osds = [...listed(world, 'osd').values()]
  const down = osds.filter((osd) => !runs(world, osd)).length
  const monsDown = [...listed(world, 'mon').values()].filter((daemon) => !runs(world, daemon)).length
  const wanted = Number(configOf(world)?.['osd_pool_default_size'] ?? 3)
  const flags = flagsOf(world)
  return {
    ...(monsDown > 0 && { MON_DOWN: `${monsDown}/${listed(world, 'mon').size} mons down` }),
    ...(!isUp(world, 'mgr') && { MGR_DOWN: 'no active mgr' }),
    ...(down > 0 && { OSD_DOWN: `${down} osds down` }),
    ...(osds.length < wanted && {
      TOO_FEW_OSDS: `OSD count ${osds.length} < osd_pool_default_size ${wanted}`,
    }),
    ...(flags.length > 0 && { OSDMAP_FLAGS: `${flags.join(',')} flag(s) set` }),
  }
}
