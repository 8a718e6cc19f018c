import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { usageOf } from '../storage/usage.ts'
import { rowsOf, type Row } from './frames.ts'
import { drawGraph } from './graph.ts'
import { containerAt, GUEST_SOURCES, guestAt } from './guests.ts'
import { HOST_SOURCES, hostAt } from './hosts.ts'
import { historySince } from './power.ts'

const GUEST = '/nodes/{node}/qemu/{vmid}'
const CONTAINER = '/nodes/{node}/lxc/{vmid}'
const STORAGE = '/nodes/{node}/storage/{storage}'

/** Statistics over time, as numbers and as graphs. They are known from the start of the lab's cluster on. */
export const statisticsHandlers: Handlers = {
  'GET /nodes/{node}/rrddata': hostRows,
  'GET /nodes/{node}/rrd': (call) =>
    graph(call, `pve-node-9.0/${call.text('node')}`, HOST_SOURCES, hostRows(call)),
  [`GET ${GUEST}/rrddata`]: guestRows,
  [`GET ${GUEST}/rrd`]: (call) =>
    graph(call, `pve-vm-9.0/${call.text('vmid')}`, GUEST_SOURCES, guestRows(call)),
  [`GET ${CONTAINER}/rrddata`]: containerRows,
  [`GET ${CONTAINER}/rrd`]: (call) =>
    graph(call, `pve-vm-9.0/${call.text('vmid')}`, GUEST_SOURCES, containerRows(call)),
  [`GET ${STORAGE}/rrddata`]: storageRows,
  [`GET ${STORAGE}/rrd`]: (call) =>
    graph(
      call,
      `pve-storage-9.0/${call.text('node')}/${call.text('storage')}`,
      new Set(['total', 'used']),
      storageRows(call),
    ),
}

function rows(call: Call, look: (at: number) => Record<string, number> | undefined): Row[] {
  const now = call.world.clock.now()
  const since = historySince(call.world) ?? now
  return rowsOf(call.world, { frame: call.text('timeframe'), cf: call.optional('cf'), since }, (at) =>
    at < since || at > now ? undefined : look(at),
  )
}

function hostRows(call: Call): Row[] {
  const node = call.text('node')
  const host = call.world.hosts.get(node)
  if (host === undefined)
    die(
      `RRD error: rrdcached@unix:/var/run/rrdcached.sock: rrd_fetch_r failed: opening '/var/lib/rrdcached/db/pve-node-9.0/${node}': No such file or directory`,
    )
  return rows(call, (at) => hostAt(call.world, host, at))
}

function guestRows(call: Call): Row[] {
  const vm = call.world.vms.get(call.number('vmid') ?? 0)
  return rows(call, (at) => (vm === undefined ? undefined : guestAt(call.world, vm, at)))
}

function containerRows(call: Call): Row[] {
  const container = call.world.cluster.containers.get(call.number('vmid') ?? 0)
  return rows(call, (at) => (container === undefined ? undefined : containerAt(call.world, container, at)))
}

/** What a storage holds now is taken for what it held before. */
function storageRows(call: Call): Row[] {
  const storage = call.world.storages.get(call.text('storage'))
  const usage = storage && usageOf(call.world, call.text('node'), storage)
  return rows(call, () => usage && { total: usage.total, used: usage.used })
}

function graph(
  call: Call,
  file: string,
  known: ReadonlySet<string>,
  all: readonly Row[],
): { filename: string; image: string } {
  const sources = call.text('ds').split(/[,; ]+/)
  for (const source of sources)
    if (!known.has(source)) die(`RRD error: No DS called '${source}' in '/var/lib/rrdcached/db/${file}'`)
  return {
    filename: `/var/lib/rrdcached/db/${file}_${sources.join('_')}.png`,
    image: drawGraph(`${file.replace(/^.*-9\.0\//, '')}: ${call.text('timeframe')}`, sources, all).toString(
      'latin1',
    ),
  }
}
