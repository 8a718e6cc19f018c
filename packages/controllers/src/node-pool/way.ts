import {
  ANNOTATION_RESHAPE,
  ANNOTATION_STAND_IN,
  getCondition,
  isTrue,
  MACHINE_STEPS,
  parseBytes,
  REASON,
  shapeOf,
  type Machine,
  type MachineClass,
  type NodePool,
  type Shape,
} from '@fochista/api'

/**
 * How a machine that is made gets another shape: `reboot` with its Node drained before; `hot` while it runs; `grow` where only its disk
 * grows, also while it runs; `none` where the pool says in other words what the machine has.
 */
export type Way = 'reboot' | 'hot' | 'grow' | 'none'

/** A machine and the shape that it is to have. */
export interface Reshaping {
  readonly machine: Machine
  readonly way: Way
  readonly shape: Shape
  /** What the pool itself says of the shape now. */
  readonly asked: Asked
}

/** What a pool's own spec says of the shape. */
export type Asked = NonNullable<Machine['spec']['asked']>

const fields = ['cores', 'memory', 'disk'] as const

/** What a pool's own spec says of the shape: without its class, whose edits change nothing that runs. */
export function askedOf({ spec: { cores, memory, disk } }: NodePool): Asked {
  return {
    ...(cores === undefined ? {} : { cores }),
    ...(memory === undefined ? {} : { memory }),
    ...(disk === undefined ? {} : { disk }),
  }
}

/**
 * The shape that a pool wants a machine to have: of each field whose words the pool has changed since the machine was given its shape what
 * they mean today, of the others what it has. Undefined for a machine that has no shape yet, or of whose shape the pool has changed no
 * word.
 * @param machineClass The pool's, for what the pool does not say any more. Without it such a field stays as it is.
 */
export function shapeWanted(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  { spec: { cores, memory, disk, asked = {} } }: Machine,
): Shape | undefined {
  if (cores === undefined || memory === undefined || disk === undefined) return undefined
  const changed = fields.filter((field) => pool.spec[field] !== asked[field])
  if (changed.length === 0) return undefined
  const wanted = { cores, memory, disk }
  for (const field of changed) {
    if (pool.spec[field] === undefined && !machineClass) continue
    wanted[field] = machineClass ? shapeOf(pool, machineClass)[field] : ownShape(pool)[field]
  }
  // A template may have a larger disk than was asked for: who asks for more than before does not ask for less than there is.
  const askedBefore = parseBytes(asked.disk ?? '')
  if (askedBefore !== undefined && wanted.disk >= askedBefore) wanted.disk = Math.max(wanted.disk, disk)
  return wanted
}

const ownShape = ({ spec }: NodePool): Shape => ({
  cores: spec.cores ?? 0,
  memory: parseBytes(spec.memory ?? '') ?? 0,
  disk: parseBytes(spec.disk ?? '') ?? 0,
})

/** True for a machine whose shape cannot be changed into the wanted one: its disk would have to shrink, or it is not made yet. */
export function isMisshapen(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  machine: Machine,
): boolean {
  const wanted = shapeWanted(pool, machineClass, machine)
  if (!wanted) return false
  if (machine.spec.made) return wanted.disk < (machine.spec.disk ?? 0)
  return fields.some((field) => wanted[field] !== machine.spec[field])
}

/** What is to be changed of a made machine, and how; undefined if nothing is to begin: also where it is under way already. */
export function reshapingOf(
  pool: NodePool,
  machineClass: MachineClass | undefined,
  machine: Machine,
): Reshaping | undefined {
  const { spec, status } = machine
  const { cores = 0, memory = 0, disk = 0, made } = spec
  if (!made) return undefined
  const shape = shapeWanted(pool, machineClass, machine)
  const asked = askedOf(pool)
  const mark = markOf(machine)
  if (!shape)
    return mark === 'refused' ? { machine, way: 'reboot', shape: { cores, memory, disk }, asked } : undefined
  const isLive =
    !hasRun(machine) ||
    ((shape.cores === cores || shape.cores <= (status?.live?.cores ?? 0)) &&
      (shape.memory === memory || (status?.live?.memory === true && shape.memory > memory)))
  const isSame = shape.cores === cores && shape.memory === memory
  const way =
    mark === 'refused' || mark === 'reboot' || !isLive
      ? 'reboot'
      : !isSame
        ? 'hot'
        : shape.disk > disk
          ? 'grow'
          : 'none'
  return { machine, way, shape, asked }
}

/** A guest may be at work in its VM. */
const hasRun = (machine: Machine): boolean =>
  machine.status?.wasReady === true ||
  isTrue(machine, 'Ready') ||
  getCondition(machine, 'Started') !== undefined

const markOf = ({ metadata }: Machine): string | undefined => metadata.annotations?.[ANNOTATION_RESHAPE]

/** True for a machine that may be drained and rebooted at any moment, or is being so: it is not available, whatever its Node says. */
export const isRebooting = (machine: Machine): boolean => markOf(machine) === 'reboot'

/** True for a machine that is on its way to another shape, or waits for leave to be rebooted into it. */
export const isReshaping = (machine: Machine): boolean => markOf(machine) !== undefined

/** True for a machine that was made to stand in for others while they are rebooted, and goes once they are. */
export const isStandIn = ({ metadata }: Machine): boolean =>
  metadata.annotations?.[ANNOTATION_STAND_IN] !== undefined

/** True for a machine that serves, and will in the next moment. */
export const isAvailable = (machine: Machine): boolean => isTrue(machine, 'Ready') && !isRebooting(machine)

/** What holds a machine up that was to get another shape, and that no waiting mends: no other is changed meanwhile. */
export function stuckBy(machine: Machine): string | undefined {
  if (!isReshaping(machine)) return undefined
  const said = machine.status?.conditions?.find(
    ({ type, status, reason }) =>
      status === 'False' &&
      reason !== REASON.waitingForNetwork &&
      MACHINE_STEPS.some((step) => step === type),
  )
  return machine.status?.failure?.message ?? said?.message
}
