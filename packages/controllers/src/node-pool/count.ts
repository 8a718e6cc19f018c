import { CONDITION, isTrue, LABEL_POOL, type Machine, type NodePool } from '@fochista/api'
import { isDeleting } from '../runtime/finalizers.ts'
import type { World } from '../world.ts'
import { classOf } from './parents.ts'
import { wayOf } from './rollout.ts'

/** Counts a pool's machines into its status. */
export function count(world: World, pool: NodePool, machines: readonly Machine[]): void {
  const status = (pool.status ??= {})
  const staying = machines.filter((machine) => !isDeleting(machine))
  status.replicas = staying.length
  status.readyReplicas = staying.filter((machine) => isTrue(machine, 'Ready')).length
  status.updatedReplicas = waysOf(world, pool, staying).filter((way) => way === undefined).length
  status.selector = `${LABEL_POOL}=${pool.metadata.name}`
  if (pool.metadata.generation !== undefined) status.observedGeneration = pool.metadata.generation
}

const waysOf = (world: World, pool: NodePool, staying: readonly Machine[]): ReturnType<typeof wayOf>[] => {
  const machineClass = classOf(world, pool)
  return staying.map((machine) => wayOf(pool, machineClass, machine, world.clock.now()))
}

/** What becomes of machines that are not as their pool asks for, in words. */
const words = {
  replace: 'to be replaced',
  reboot: 'to be rebooted',
  hot: 'changed while running',
  grow: 'with a disk that grows',
  standIn: 'standing in for those that are rebooted',
} as const

/** Says how far a pool is that nothing but time keeps from being what it should be; `count` comes before. */
export function sayReadiness(world: World, pool: NodePool, machines: readonly Machine[]): void {
  const staying = machines.filter((machine) => !isDeleting(machine))
  const ready = pool.status?.readyReplicas ?? 0
  const wanted = pool.spec.replicas ?? 1
  const updated = pool.status?.updatedReplicas ?? 0
  if (updated < staying.length) {
    const ways = waysOf(world, pool, staying)
    const rest = (['replace', 'reboot', 'hot', 'grow', 'standIn'] as const).flatMap((way) => {
      const many = ways.filter((one) => one === way).length
      return many === 0 ? [] : [`${many} ${words[way]}`]
    })
    // As with a Deployment a rollout takes nothing from a pool that has what it wants.
    const message = `${updated} of ${wanted} machines are as the pool asks for now, ${ready} are Ready, ${rest.join(', ')}${waitingFor(staying)}.`
    if (ready >= wanted) world.voice.yes(pool, CONDITION.ready, 'RollingOut', message)
    else world.voice.unknown(pool, CONDITION.ready, 'RollingOut', message)
  } else if (ready === wanted && staying.length === wanted)
    world.voice.yes(pool, CONDITION.ready, 'Ready', `${ready} of ${wanted} machines are Ready.`)
  else
    world.voice.unknown(
      pool,
      CONDITION.ready,
      'Scaling',
      `${ready} of ${wanted} machines are Ready${waitingFor(staying)}.`,
    )
}

/** The first thing that a machine of the pool waits for: most often all wait for the same. */
function waitingFor(machines: readonly Machine[]): string {
  for (const machine of machines) {
    const said = machine.status?.conditions?.find(({ status }) => status !== 'True')
    if (said) return `; ${machine.metadata.name}: ${said.message.replace(/\.$/, '')}`
  }
  return ''
}
