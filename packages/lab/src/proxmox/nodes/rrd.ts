import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Seconds a row stands for, and rows of each time frame. */
const FRAMES: Readonly<Record<string, readonly [step: number, rows: number]>> = {
  hour: [60, 60],
  day: [60, 1440],
  week: [1800, 336],
  month: [1800, 1440],
  year: [21600, 1440],
  decade: [604_800, 570],
}

/** Statistics over time. The lab keeps none: all rows are unknown, as on a host that has just been set up. */
export const rrdHandlers: Handlers = {
  'GET /nodes/{node}/rrddata': (call) => {
    const node = call.text('node')
    if (!call.world.hosts.has(node))
      die(
        `RRD error: rrdcached@unix:/var/run/rrdcached.sock: rrd_fetch_r failed: opening '/var/lib/rrdcached/db/pve-node-9.0/${node}': No such file or directory`,
      )
    return emptyRows(call.world, call.text('timeframe'))
  },
  'GET /nodes/{node}/storage/{storage}/rrddata': (call) => emptyRows(call.world, call.text('timeframe')),
  'GET /nodes/{node}/rrd': (call) => image(call, `pve-node-9.0/${call.text('node')}`, SOURCES),
  'GET /nodes/{node}/qemu/{vmid}/rrd': (call) => image(call, `pve-vm-9.0/${call.text('vmid')}`, VM_SOURCES),
}

/** Rows of a time frame without values: wholly unknown ones stay in the list, except the last. */
function emptyRows(world: ProxmoxWorld, frame: string): { time: number }[] {
  const [step, rows] = FRAMES[frame] ?? [60, 60]
  const end = Math.floor(world.clock.now() / 1000 / step) * step
  return Array.from({ length: rows - 1 }, (_, index) => ({ time: end - (rows - 1 - index) * step }))
}

const SOURCES = new Set(
  'loadavg maxcpu cpu iowait memtotal memused swaptotal swapused roottotal rootused netin netout memavailable arcsize pressurecpusome pressureiosome pressureiofull pressurememorysome pressurememoryfull'.split(
    ' ',
  ),
)

const VM_SOURCES = new Set(
  'maxcpu cpu maxmem mem maxdisk disk netin netout diskread diskwrite memhost pressurecpusome pressurecpufull pressureiosome pressureiofull pressurememorysome pressurememoryfull'.split(
    ' ',
  ),
)

/** One white point: the lab draws no graphs. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC'

function image(call: Call, file: string, sources: ReadonlySet<string>): { filename: string; image: string } {
  for (const source of call.text('ds').split(/[,; ]+/))
    if (!sources.has(source)) die(`RRD error: No DS called '${source}' in '/var/lib/rrdcached/db/${file}'`)
  return {
    filename: `/var/lib/rrdcached/db/${file}_${call.text('ds').replaceAll(',', '_')}.png`,
    image: Buffer.from(PNG, 'base64').toString('latin1'),
  }
}
