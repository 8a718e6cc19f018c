import type { Container } from '../cluster/state.ts'
import type { ProxmoxWorld, Vm } from '../world.ts'

/** A time that something held, in ms since 1970; without an end it still does. */
interface Span {
  readonly from: number
  to?: number
}

/** When a VM was on, and when its machine stood still meanwhile. */
interface Run extends Span {
  readonly pauses: Span[]
}

interface History {
  readonly since: number
  /** When each VM was first seen, and its runs. */
  readonly vms: Map<number, { readonly born: number; readonly runs: Run[] }>
}

/** Runs that are remembered of each VM. */
const RUNS = 500

const histories = new WeakMap<ProxmoxWorld, History>()

/** Notes from now on when VMs are on. Returns what ends that. */
export function keepPowerHistory(world: ProxmoxWorld): () => void {
  const now = (): number => world.clock.now()
  const history: History = histories.get(world) ?? { since: now(), vms: new Map() }
  histories.set(world, history)
  const of = (vm: Vm): Run[] => {
    const known = history.vms.get(vm.vmid) ?? { born: now(), runs: [] }
    history.vms.set(vm.vmid, known)
    return known.runs
  }
  const started = (vm: Vm): void => {
    const runs = of(vm)
    runs.push({ from: vm.startedAt, pauses: [] })
    if (runs.length > RUNS) runs.shift()
  }
  const stopped = (vm: Vm): void => {
    const run = of(vm).at(-1)
    if (run === undefined || run.to !== undefined) return
    run.to = now()
    const pause = run.pauses.at(-1)
    if (pause !== undefined) pause.to ??= now()
  }
  const destroyed = (vm: Vm): void => {
    history.vms.delete(vm.vmid)
  }
  world.events.on('started', started)
  world.events.on('stopped', stopped)
  world.events.on('destroyed', destroyed)
  lookAtPower(world)
  return () => {
    world.events.off('started', started)
    world.events.off('stopped', stopped)
    world.events.off('destroyed', destroyed)
  }
}

/** Notes which VMs are there, which are on, and which stand still: nothing tells of the last by itself. */
export function lookAtPower(world: ProxmoxWorld): void {
  const history = histories.get(world)
  if (history === undefined) return
  const now = world.clock.now()
  for (const vm of world.vms.values()) {
    const known = history.vms.get(vm.vmid) ?? { born: now, runs: [] }
    history.vms.set(vm.vmid, known)
    const { runs } = known
    if (vm.running && (runs.length === 0 || runs.at(-1)?.to !== undefined))
      runs.push({ from: vm.startedAt, pauses: [] })
    const run = runs.at(-1)
    if (run === undefined || run.to !== undefined) continue
    const pause = run.pauses.at(-1)
    const isPaused = pause !== undefined && pause.to === undefined
    if (vm.paused === true && !isPaused) run.pauses.push({ from: now })
    else if (vm.paused !== true && isPaused) pause.to = now
  }
  for (const container of world.cluster.containers.values()) lookAtContainer(history, container, now)
}

/** Nothing tells of containers by itself: their runs are known from one look to the next. */
function lookAtContainer(history: History, { vmid, running, startedAt }: Container, now: number): void {
  const known = history.vms.get(vmid) ?? { born: now, runs: [] }
  history.vms.set(vmid, known)
  const run = known.runs.at(-1)
  const isOpen = run !== undefined && run.to === undefined
  // One that was started anew meanwhile was off for a moment.
  if (isOpen && (!running || run.from !== startedAt)) run.to = running ? startedAt : now
  if (running && (!isOpen || run.from !== startedAt)) known.runs.push({ from: startedAt, pauses: [] })
  if (known.runs.length > RUNS) known.runs.shift()
}

/** Ms since 1970 from which on anything is known; undefined while nothing is kept. */
export function historySince(world: ProxmoxWorld): number | undefined {
  return histories.get(world)?.since
}

/** What a VM was at a moment: for how many seconds it had been on, or off; undefined before it was known. */
export function stateAt(
  world: ProxmoxWorld,
  vmid: number,
  at: number,
): { uptime: number; isPaused: boolean } | 'off' | undefined {
  const known = histories.get(world)?.vms.get(vmid)
  const run = known?.runs.findLast((each) => each.from <= at)
  if (known === undefined || (at < known.born && run === undefined)) return undefined
  if (run === undefined || holdsNot(run, at)) return 'off'
  return { uptime: (at - run.from) / 1000, isPaused: run.pauses.some((pause) => !holdsNot(pause, at)) }
}

function holdsNot({ from, to }: Span, at: number): boolean {
  return at < from || (to !== undefined && at >= to)
}
