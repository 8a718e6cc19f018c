import { randomUUID } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { keepDisk, requireUnused, wipeDisk } from '../nodes/disks/state.ts'
import type { Section } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'
import { cephTask, listed, PATH, requireMonitor, runs, VERSION } from './state.ts'
import { storedBytes } from './sizes.ts'

const ONE = `${PATH}/osd/{osdid}`
const TIB = 1024 ** 4

/** Disks that hold Ceph's data. */
export const osdHandlers: Handlers = {
  [`GET ${PATH}/osd`]: (call) => {
    requireMonitor(call)
    return { flags: flagsOf(call.world).join(','), root: treeOf(call.world) }
  },
  [`POST ${PATH}/osd`]: (call) => {
    requireMonitor(call)
    const { devpath, size } = requireUnused(call, call.text('dev'))
    const count = call.number('osds-per-device') ?? 1
    return cephTask(call, 'cephcreateosd', devpath.slice(5), (worker) => {
      requireUnused(call, devpath)
      const osds = listed(call.world, 'osd')
      for (let made = 0; made < count; made++) {
        let id = 0
        while (osds.has(String(id))) id += 1
        worker.log(`create OSD on ${devpath} (bluestore)`)
        osds.set(String(id), {
          node: call.text('node'),
          dev: devpath,
          size: String(Math.floor(size / count)),
          in: '1',
          class: call.optional('crush-device-class') ?? 'hdd',
          uuid: randomUUID(),
          since: new Date(call.world.clock.now()).toISOString(),
        })
        keepDisk(call, devpath, { kind: 'ceph', used: 'LVM', gpt: '1', osdid: String(id) })
      }
    })
  },
  [`GET ${ONE}`]: () => ['metadata', 'lv-info'].map((name) => ({ name })),
  [`DELETE ${ONE}`]: (call) => {
    const [id, osd] = osdOf(call)
    if (osd['in'] === '1') die('osd is in use (in == 1)')
    if (runs(call.world, osd)) die('osd is still running (up == 1)')
    return cephTask(call, 'cephdestroyosd', `osd.${id}`, (worker) => {
      worker.log(`destroy OSD osd.${id}`)
      const osds = listed(call.world, 'osd')
      osds.delete(id)
      const dev = String(osd['dev'])
      if ([...osds.values()].some((other) => other['dev'] === dev && other['node'] === osd['node'])) return
      if (call.flag('cleanup')) wipeDisk(call, dev)
      else keepDisk(call, dev, { used: 'LVM', gpt: '1' })
    })
  },
  [`POST ${ONE}/in`]: (call) => put(call, { in: '1' }),
  [`POST ${ONE}/out`]: (call) => put(call, { in: '0' }),
  [`POST ${ONE}/scrub`]: (call) => put(call, {}),
  [`GET ${ONE}/metadata`]: (call) => {
    const [id, osd] = osdOf(call)
    const address = call.world.hosts.get(String(osd['node']))?.address ?? ''
    const at = (port: number): string => `[v2:${address}:${port}/0,v1:${address}:${port + 1}/0]`
    return {
      osd: {
        id: Number(id),
        hostname: osd['node'],
        version: `ceph version ${VERSION} squid (stable)`,
        osd_data: `/var/lib/ceph/osd/ceph-${id}`,
        osd_objectstore: 'bluestore',
        pid: 4000 + Number(id),
        mem_usage: runs(call.world, osd) ? 512 * 1024 ** 2 : 0,
        front_addr: at(6802),
        back_addr: at(6804),
        hb_front_addr: at(6806),
        hb_back_addr: at(6808),
      },
      devices: [
        {
          device: 'block',
          dev_node: '/dev/dm-1',
          devices: String(osd['dev']).slice(5),
          size: Number(osd['size']),
          support_discard: 0,
          type: 'hdd',
        },
      ],
    }
  },
  [`GET ${ONE}/lv-info`]: (call) => {
    const [id, osd] = osdOf(call)
    if ((call.optional('type') ?? 'block') !== 'block')
      die(`no lv-info for type '${call.text('type')}' of OSD ${id}`)
    const uuid = String(osd['uuid'])
    return {
      creation_time: osd['since'],
      lv_name: `osd-block-${uuid}`,
      lv_path: `/dev/ceph-${uuid}/osd-block-${uuid}`,
      lv_size: Number(osd['size']),
      lv_uuid: uuid,
      vg_name: `ceph-${uuid}`,
    }
  },
}

/** Flags that hold for all disks. */
export function flagsOf({ cluster }: ProxmoxWorld): string[] {
  return [...(cluster.files.get('ceph/flags')?.keys() ?? [])]
}

function osdOf(call: Call): [id: string, osd: Section] {
  requireMonitor(call)
  const id = String(call.number('osdid'))
  return [id, listed(call.world, 'osd').get(id) ?? die(`no such OSD '${id}'`)]
}

function put(call: Call, change: Section): null {
  const [id, osd] = osdOf(call)
  listed(call.world, 'osd').set(id, { ...osd, ...change })
  return null
}

/** Hosts with their disks, as lists show them. */
function treeOf(world: ProxmoxWorld): Record<string, unknown> {
  const osds = [...listed(world, 'osd')]
  const used = storedBytes(world) / Math.max(1, osds.length)
  const hosts = [...new Set(osds.map(([, { node }]) => String(node)))]
  return {
    leaf: 0,
    children: [
      {
        id: '-1',
        name: 'default',
        type: 'root',
        leaf: 0,
        children: hosts.map((host, index) => ({
          id: String(-2 - index),
          name: host,
          type: 'host',
          leaf: 0,
          version: VERSION,
          children: osds
            .filter(([, { node }]) => node === host)
            .map(([id, osd]) => ({
              id,
              name: `osd.${id}`,
              type: 'osd',
              host,
              leaf: 1,
              status: runs(world, osd) ? 'up' : 'down',
              in: Number(osd['in']),
              reweight: Number(osd['in']),
              crush_weight: Number((Number(osd['size']) / TIB).toFixed(5)),
              device_class: osd['class'],
              osdtype: 'bluestore',
              total_space: Number(osd['size']),
              bytes_used: Math.floor(used),
              percent_used: (used / Number(osd['size'])) * 100,
            })),
        })),
      },
    ],
  }
}
