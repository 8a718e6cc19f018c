import {
  parseBytes,
  shapeOf,
  type Machine,
  type MachineClass,
  type NodePool,
  type Shape,
} from '@fochista/api'

/**
 * How many more machines of a shape a namespace may have of a class. Counted over what is and what is promised: a Machine without a shape
 * yet counts with the shape that its pool asks for.
 */
export function quotaLeft(
  machineClass: MachineClass,
  shape: Shape,
  machines: readonly Machine[],
  poolOf: (machine: Machine) => NodePool | undefined,
): { readonly count: number; readonly rule: string } {
  const { quota } = machineClass.spec
  const used = { machines: 0, cores: 0, memory: 0, disk: 0 }
  for (const machine of machines) {
    const pool = poolOf(machine)
    const promised = pool && shapeOf(pool, machineClass)
    used.machines += 1
    used.cores += machine.spec.cores ?? promised?.cores ?? 0
    used.memory += machine.spec.memory ?? promised?.memory ?? 0
    used.disk += machine.spec.disk ?? promised?.disk ?? 0
  }
  const limits = [
    ['machines', quota?.machines, 1, used.machines],
    ['cores', quota?.cores, shape.cores, used.cores],
    ['memory', bytesOf(quota?.memory), shape.memory, used.memory],
    ['disk', bytesOf(quota?.disk), shape.disk, used.disk],
  ] as const
  let count = Number.POSITIVE_INFINITY
  let rule = ''
  for (const [name, limit, each, taken] of limits) {
    if (limit === undefined) continue
    const fits = Math.max(0, Math.floor((limit - taken) / each))
    if (fits >= count) continue
    count = fits
    const given = name === 'machines' || name === 'cores' ? limit : quota?.[name]
    rule = `class "${machineClass.metadata.name}" allows a namespace at most ${given} ${name === 'disk' || name === 'memory' ? `of ${name}` : name} in all`
  }
  return { count, rule }
}

function bytesOf(quantity: string | undefined): number | undefined {
  return quantity === undefined ? undefined : parseBytes(quantity)
}
