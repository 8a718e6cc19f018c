import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import type { Section } from '../sections.ts'
import { bytesIn, rawBytes } from './sizes.ts'
import { cephTask, isUp, listed, PATH, requireMonitor } from './state.ts'

const ONE = `${PATH}/pool/{name}`
const FS = `${PATH}/fs`
/** Bytes a second of a pool. */
const SPEED = 500e6

/** Options of a pool, with what they are when nobody says. */
const DEFAULTS: Readonly<Record<string, string>> = {
  size: '3',
  min_size: '2',
  pg_num: '128',
  pg_autoscale_mode: 'warn',
  application: 'rbd',
  crush_rule: 'replicated_rule',
}
const OPTIONS = [...Object.keys(DEFAULTS), 'pg_num_min', 'target_size', 'target_size_ratio']

/** Pools, and file systems made of two of them. */
export const poolHandlers: Handlers = {
  [`GET ${PATH}/pool`]: (call) => {
    requireMonitor(call)
    return [...listed(call.world, 'pool')].map(([name, pool]) => {
      const [size, used] = [Number(pool['size']), bytesIn(call.world, name)]
      const space = rawBytes(call.world) / size
      return {
        pool: Number(pool['id']),
        pool_name: name,
        type: 'replicated',
        size,
        min_size: Number(pool['min_size']),
        pg_num: Number(pool['pg_num']),
        pg_autoscale_mode: pool['pg_autoscale_mode'],
        crush_rule: 0,
        crush_rule_name: pool['crush_rule'],
        application_metadata: { [String(pool['application'])]: {} },
        bytes_used: used * size,
        percent_used: space === 0 ? 0 : used / space,
        ...(pool['pg_num_min'] !== undefined && { pg_num_min: Number(pool['pg_num_min']) }),
      }
    })
  },
  [`POST ${PATH}/pool`]: (call) => {
    requireMonitor(call)
    const name = call.text('name')
    if (call.optional('erasure-coding') !== undefined) die('the lab has no erasure coding')
    if (call.flag('add_storages') && call.world.storages.has(name))
      die(`storage ID '${name}' already defined`)
    return cephTask(call, 'cephcreatepool', name, (worker) => {
      makePool(call, name, { ...DEFAULTS, ...given(call) })
      worker.log(`pool ${name}: applying application = ${call.optional('application') ?? 'rbd'}`)
      if (!call.flag('add_storages')) return
      const size = Number(listed(call.world, 'pool').get(name)?.['size'])
      call.world.storages.set(name, {
        name,
        type: 'rbd',
        content: ['images', 'rootdir'],
        shared: true,
        capacity: Math.floor(rawBytes(call.world) / size),
        speed: SPEED,
        path: name,
        options: { pool: name },
      })
    })
  },
  [`GET ${ONE}`]: () => [{ name: 'status' }],
  [`PUT ${ONE}`]: (call) => {
    const [name] = poolOf(call)
    return cephTask(call, 'cephsetpool', name, (worker) => {
      const [, pool] = poolOf(call)
      const changed = given(call)
      for (const [option, value] of Object.entries(changed))
        worker.log(`pool ${name}: applying ${option} = ${value}`)
      listed(call.world, 'pool').set(name, { ...pool, ...changed })
    })
  },
  [`DELETE ${ONE}`]: (call) => {
    const [name] = poolOf(call)
    const storages = [...call.world.storages.values()].filter(
      ({ type, options }) => type === 'rbd' && options?.['pool'] === name,
    )
    const inUse = storages.find((storage) =>
      [...call.world.volumes.values()].some((volume) => volume.storage === storage.name),
    )
    if (inUse !== undefined && !call.flag('force'))
      die(`ceph pool '${name}' still in use by storage '${inUse.name}'`)
    return cephTask(call, 'cephdestroypool', name, () => {
      listed(call.world, 'pool').delete(name)
      if (call.flag('remove_storages'))
        for (const storage of storages) call.world.storages.delete(storage.name)
    })
  },
  [`GET ${ONE}/status`]: (call) => {
    const [name, pool] = poolOf(call)
    const off = [
      'fast_read',
      'nodeep-scrub',
      'nodelete',
      'nopgchange',
      'noscrub',
      'nosizechange',
      'use_gmt_hitset',
      'write_fadvise_dontneed',
    ]
    return {
      ...Object.fromEntries(off.map((flag) => [flag, 0])),
      name,
      id: Number(pool['id']),
      size: Number(pool['size']),
      min_size: Number(pool['min_size']),
      pg_num: Number(pool['pg_num']),
      pgp_num: Number(pool['pg_num']),
      pg_autoscale_mode: pool['pg_autoscale_mode'],
      crush_rule: pool['crush_rule'],
      application: pool['application'],
      application_list: [pool['application']],
      hashpspool: 1,
      ...(call.flag('verbose') && { statistics: { bytes_used: bytesIn(call.world, name) } }),
    }
  },
  [`GET ${FS}`]: (call) => {
    requireMonitor(call)
    return [...listed(call.world, 'fs')].map(([name, pools]) => ({ name, ...pools }))
  },
  [`POST ${FS}/{name}`]: (call) => {
    requireMonitor(call)
    const { world } = call
    const name = call.optional('name') ?? 'cephfs'
    if (listed(world, 'fs').has(name)) die(`ceph fs '${name}' already exists`)
    if (call.flag('add-storage')) die("the lab has no storages of type 'cephfs'")
    if (!isUp(world, 'mds')) die('no running Metadata Server (MDS) found!')
    return cephTask(call, 'cephfscreate', name, (worker) => {
      const [data, metadata] = [`${name}_data`, `${name}_metadata`]
      worker.log(`creating data pool '${data}'...`)
      makePool(call, data, { ...DEFAULTS, ...given(call), application: 'cephfs' })
      worker.log(`creating metadata pool '${metadata}'...`)
      makePool(call, metadata, { ...DEFAULTS, pg_num: '32', application: 'cephfs' })
      worker.log(`configuring new CephFS '${name}'`)
      listed(world, 'fs').set(name, { data_pool: data, metadata_pool: metadata })
    })
  },
}

function given(call: Call): Record<string, string> {
  return Object.fromEntries(
    OPTIONS.flatMap((name) => {
      const value = call.optional(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

function makePool({ world }: Call, name: string, options: Section): void {
  const pools = listed(world, 'pool')
  if (pools.has(name)) die(`pool '${name}' already exists`)
  if (listed(world, 'osd').size === 0) die("error with 'osd pool create': mon_cmd failed - no OSDs")
  let id = 1
  while ([...pools.values()].some((pool) => pool['id'] === String(id))) id += 1
  pools.set(name, { ...options, id: String(id) })
}

function poolOf(call: Call): [name: string, pool: Section] {
  requireMonitor(call)
  const name = call.text('name')
  return [name, listed(call.world, 'pool').get(name) ?? die(`unable to find pool '${name}'`)]
}
