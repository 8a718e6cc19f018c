import type { Call, Handlers } from '../../handler.ts'
import { memoryOf } from '../config/values.ts'
import { lookUpVm, vmidOf } from '../vm.ts'
import { bootDiskSize, cpusOf, gauges } from './facts.ts'

/** Graph data of a VM. */
export const rrdDataHandlers: Handlers = { 'GET /nodes/{node}/qemu/{vmid}/rrddata': rrdData }

/** Seconds between rows and number of rows, by time frame. */
const FRAMES: Readonly<Record<string, readonly [step: number, rows: number]>> = {
  hour: [60, 60],
  day: [60, 1440],
  week: [1800, 336],
  month: [1800, 1440],
  year: [21600, 1440],
}

/** Rows up to now. The lab keeps no history: a row is known from the VM's start on. A wholly unknown last row is left out. */
function rrdData(call: Call): unknown[] {
  const { world } = call
  const vm = lookUpVm(world, call.text('node'), vmidOf(call))
  const [step, count] = FRAMES[call.text('timeframe')] ?? [60, 60]
  const now = Math.floor(world.clock.now() / 1000)
  const last = now - (now % step)
  const rows: Record<string, number>[] = []
  for (let index = count - 1; index >= 0; index -= 1) {
    const time = last - index * step
    if (vm?.running && time * 1000 >= vm.startedAt) {
      const { cpu, mem } = gauges(world, vm)
      const pressure = {
        pressurecpusome: 0,
        pressurecpufull: 0,
        pressureiosome: 0,
        pressureiofull: 0,
        pressurememorysome: 0,
        pressurememoryfull: 0,
      }
      const size = {
        maxcpu: cpusOf(world, vm),
        maxmem: memoryOf(vm.config),
        maxdisk: bootDiskSize(vm),
        disk: 0,
      }
      rows.push({
        time,
        ...size,
        cpu,
        mem,
        memhost: mem,
        netin: 640,
        netout: 420,
        diskread: 512,
        diskwrite: 0,
        ...pressure,
      })
    } else if (index > 0) rows.push({ time })
  }
  return rows
}
