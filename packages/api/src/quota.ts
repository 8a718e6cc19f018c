import { parseBytes } from './quantity.ts'
import type { Machine } from './resources/machine.ts'
import type { MachineClass } from './resources/machine-class.ts'
import type { NodePool } from './resources/node-pool.ts'
import { shapeOf, type Shape } from './shape.ts'
import type { FieldProblem } from './validate.ts'

/** What machines take of a quota; memory and disk in bytes. */
interface Usage extends Shape {
  readonly machines: number
}

/** How many more machines fit, and which bound is the first to stop them. */
interface QuotaAnswer {
  /** Infinity where nothing bounds them. */
  readonly count: number
  /** The field of a pool that meets the bound. */
  readonly field: string
  /** The bound in words; empty where there is none. */
  readonly rule: string
}

const fields = {
  machines: 'spec.replicas',
  cores: 'spec.cores',
  memory: 'spec.memory',
  disk: 'spec.disk',
} as const
const resources = ['machines', 'cores', 'memory', 'disk'] as const

/**
 * What a namespace's machines of a class take, of what is and of what is promised: a Machine without a shape yet counts with the shape
 * that its pool asks for.
 * @param machines Those of the namespace, of any class.
 */
export function usageOf(
  machineClass: MachineClass,
  machines: readonly Machine[],
  poolOf: (machine: Machine) => NodePool | undefined,
): Usage {
  const used = { machines: 0, cores: 0, memory: 0, disk: 0 }
  for (const machine of machines) {
    const { spec } = machine
    if (spec.className !== machineClass.metadata.name) continue
    const pool = poolOf(machine)
    const promised = pool && shapeOf(pool, machineClass)
    used.machines += 1
    used.cores += spec.cores ?? promised?.cores ?? 0
    used.memory += spec.memory ?? promised?.memory ?? 0
    used.disk += spec.disk ?? promised?.disk ?? 0
  }
  return used
}

/** How many more machines of a shape a namespace may have of a class, beside those that it has. */
export function quotaLeft(machineClass: MachineClass, shape: Shape, used: Usage): QuotaAnswer {
  const each = { machines: 1, ...shape }
  let answer: QuotaAnswer = { count: Number.POSITIVE_INFINITY, field: fields.machines, rule: '' }
  for (const resource of resources) {
    const limit = limitOf(machineClass, resource)
    if (limit === undefined) continue
    // Nothing of something still has to be within its bound.
    const fits =
      each[resource] > 0
        ? Math.floor((limit - used[resource]) / each[resource])
        : used[resource] <= limit
          ? Infinity
          : 0
    const count = Math.max(0, fits)
    if (count < answer.count)
      answer = { count, field: fields[resource], rule: ruleOf(machineClass, resource) }
  }
  return answer
}

/** The bound that a namespace's machines exceed already, because it was made smaller: what runs stays, and is reported. */
export function quotaExceeded(machineClass: MachineClass, used: Usage): FieldProblem | undefined {
  for (const resource of resources) {
    const limit = limitOf(machineClass, resource)
    if (limit === undefined || used[resource] <= limit) continue
    return { field: fields[resource], value: used[resource], rule: ruleOf(machineClass, resource) }
  }
  return undefined
}

/**
 * What a pool wants beyond its namespace's quota, with field, value and rule; undefined if all its machines fit. Without the pool's
 * own machines among `machines` it is as if it had none yet.
 */
export function quotaProblem(
  pool: NodePool,
  machineClass: MachineClass,
  machines: readonly Machine[],
  poolOf: (machine: Machine) => NodePool | undefined,
): FieldProblem | undefined {
  const replicas = pool.spec.replicas ?? 1
  const own = machines.filter(({ spec }) => spec.nodePoolName === pool.metadata.name).length
  const shape = shapeOf(pool, machineClass)
  const { count, field, rule } = quotaLeft(machineClass, shape, usageOf(machineClass, machines, poolOf))
  return replicas - own > count ? { field, value: valueOf(pool, shape, field), rule } : undefined
}

/** What stands in a pool's field, or what it gets where nothing stands. */
export function valueOf(pool: NodePool, shape: Shape, field: string): unknown {
  if (field === fields.cores) return shape.cores
  if (field === fields.memory) return pool.spec.memory ?? shape.memory
  if (field === fields.disk) return pool.spec.disk ?? shape.disk
  return pool.spec.replicas ?? 1
}

function limitOf({ spec }: MachineClass, resource: (typeof resources)[number]): number | undefined {
  const given = spec.quota?.[resource]
  // A quantity too large for a number bounds nothing that there is.
  return typeof given === 'string' ? parseBytes(given) : given
}

function ruleOf({ metadata, spec }: MachineClass, resource: (typeof resources)[number]): string {
  const what = resource === 'memory' || resource === 'disk' ? `of ${resource}` : resource
  return `class "${metadata.name}" allows a namespace at most ${spec.quota?.[resource]} ${what} in all`
}
