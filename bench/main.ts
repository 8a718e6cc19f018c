import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'
import { commandStart } from './command-start.ts'
import type { Figure } from './figure.ts'
import { idleLoad } from './idle-load.ts'
import { watchCache } from './watch-cache.ts'
import { proxmoxCalls } from './proxmox-calls.ts'
import { proxmoxList } from './proxmox-list.ts'
import { provisioning, provisioningOfMany } from './provisioning.ts'
import { costPerMachine, scale } from './scale.ts'

/** Every benchmark there is. */
const benchmarks: Record<string, () => Promise<Figure[]>> = {
  commandStart,
  proxmoxCalls,
  proxmoxList,
  watchCache,
  provisioning,
  provisioningOfMany,
  idleLoad,
}
/** Those that take long, and are measured only when asked for by name or with `--all`. */
const longOnes: Record<string, () => Promise<Figure[]>> = { scale, costPerMachine }

const words = process.argv.slice(2)
const json = words.includes('--json')
const only = words.filter((word) => !word.startsWith('-'))
const chosen = words.includes('--all') || only.length > 0 ? { ...benchmarks, ...longOnes } : benchmarks
const unknown = only.filter((name) => !(name in chosen))
if (unknown.length > 0)
  throw new Error(`there are ${Object.keys(chosen).join(', ')}, not ${unknown.join(', ')}`)
if (!json) {
  console.log(
    `Node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model.trim() ?? '?'}), ${Math.round(totalmem() / 2 ** 30)} GiB, load ${(loadavg()[0] ?? 0).toFixed(1)}; medians; trust the ratios, not the times, and none of them on a busy machine`,
  )
  console.log(row('figure', 'value', 'beside', 'ratio', 'goal', ''))
}
let missed = 0
for (const [name, run] of Object.entries(chosen)) {
  if (only.length > 0 && !only.includes(name)) continue
  for (const figure of await run()) {
    const met = figure.ratio <= figure.goal
    if (!met) missed += 1
    if (json) console.log(JSON.stringify({ ...figure, met }))
    else
      console.log(
        row(
          figure.name,
          `${figure.value.toFixed(1)} ${figure.unit}`,
          figure.peer,
          figure.ratio.toFixed(2),
          `<= ${figure.goal}`,
          met ? 'met' : 'MISSED',
        ),
      )
  }
}
process.exitCode = missed > 0 ? 1 : 0

function row(...cells: readonly string[]): string {
  const widths = [52, 12, 48, 7, 8, 0]
  return cells
    .map((cell, index) =>
      index === 1 || index === 3 ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
    )
    .join('  ')
    .trimEnd()
}
