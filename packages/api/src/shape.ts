import { classProblems } from './class-problems.ts'
import { nodeLabelProblem } from './node-labels.ts'
import { printProblem, type FieldProblem } from './validate.ts'
import { parseBytes } from './quantity.ts'
import type { MachineClass } from './resources/machine-class.ts'
import type { NodePool } from './resources/node-pool.ts'

/** Size of a machine, in cores and bytes. */
export interface Shape {
  readonly cores: number
  readonly memory: number
  readonly disk: number
}

/** What a class gives a pool that says nothing and whose class says nothing: enough for a kubelet and a few pods. */
const fallback = { cores: 2, memory: 4 * 2 ** 30, disk: 20 * 2 ** 30 }

/** With less no kubelet starts, and a quota would count nothing. */
const least = { memory: '512Mi', disk: '1Gi' } as const

/** The shape of a pool's machines: what the pool asks for, else the class's default. */
export function shapeOf(pool: NodePool, machineClass: MachineClass): Shape {
  const { cores, memory, disk } = machineClass.spec
  return {
    cores: pool.spec.cores ?? cores?.default ?? fallback.cores,
    memory: parseBytes(pool.spec.memory ?? memory?.default ?? '') ?? fallback.memory,
    disk: parseBytes(pool.spec.disk ?? disk?.default ?? '') ?? fallback.disk,
  }
}

/**
 * What a pool asks for and cannot have: what its class does not allow, a class that is wrong in itself, and what no schema sees. With
 * field, value and rule; an empty list means that all is allowed.
 * @param namespace The pool's, with its labels. Without it the class's `allowedNamespaces` is not looked at.
 */
export function poolProblems(
  pool: NodePool,
  machineClass: MachineClass,
  namespace?: { name: string; labels?: Record<string, string> },
): FieldProblem[] {
  const name = machineClass.metadata.name
  const problems: FieldProblem[] = classProblems(machineClass).map((problem) => ({
    field: 'spec.className',
    value: name,
    rule: `class "${name}" cannot be used: ${printProblem(problem)}`,
  }))
  const shape = shapeOf(pool, machineClass)
  const { cores, memory, disk, allowedNamespaces } = machineClass.spec
  const mostCores = cores ? (cores.max ?? cores.default) : fallback.cores
  if (shape.cores > mostCores)
    problems.push({
      field: 'spec.cores',
      value: shape.cores,
      rule: `class "${name}" allows at most ${mostCores}`,
    })
  for (const [field, value, most] of [
    ['memory', pool.spec.memory, memory?.max ?? memory?.default],
    ['disk', pool.spec.disk, disk?.max ?? disk?.default],
  ] as const) {
    const limit = most === undefined ? fallback[field] : (parseBytes(most) ?? 0)
    const rule = value === undefined ? undefined : amountRule(value, least[field])
    if (rule !== undefined) problems.push({ field: `spec.${field}`, value, rule })
    else if (shape[field] > limit)
      problems.push({
        field: `spec.${field}`,
        value: value ?? shape[field],
        rule: `class "${name}" allows at most ${most ?? fallback[field]}`,
      })
  }
  if (allowedNamespaces && namespace && !isAllowed(namespace, allowedNamespaces)) {
    problems.push({
      field: 'spec.className',
      value: name,
      rule: `class "${name}" does not allow namespace "${namespace.name}"`,
    })
  }
  return [...problems, ...labelProblems(pool), ...mirrorProblems(pool), ...rolloutProblems(pool)]
}

function amountRule(value: string, smallest: string): string | undefined {
  const bytes = parseBytes(value)
  if (bytes === undefined) return 'must be a number of bytes of less than 8Pi'
  return bytes < (parseBytes(smallest) ?? 0) ? `must be at least ${smallest}` : undefined
}

function labelProblems(pool: NodePool): FieldProblem[] {
  return Object.entries(pool.spec.node?.labels ?? {}).flatMap(([key, value]) => {
    const rule = nodeLabelProblem(key, value)
    return rule ? [{ field: `spec.node.labels[${key}]`, value, rule }] : []
  })
}

function mirrorProblems(pool: NodePool): FieldProblem[] {
  return (pool.spec.bootstrap?.registryMirrors ?? []).flatMap(({ registry, endpoints }, index) => {
    const field = `spec.bootstrap.registryMirrors[${index}]`
    const isName = !/^\.+$/.test(registry)
    return [
      ...(isName
        ? []
        : [{ field: `${field}.registry`, value: registry, rule: 'is not the name of a registry' }]),
      ...endpoints.flatMap((value, at) =>
        /^https?:\/\/[\x21-\x7e]+$/.test(value) && URL.canParse(value)
          ? []
          : [{ field: `${field}.endpoints[${at}]`, value, rule: 'is not a http or https URL' }],
      ),
    ]
  })
}

function rolloutProblems(pool: NodePool): FieldProblem[] {
  const { maxSurge = 1, maxUnavailable = 0 } = pool.spec.rollout ?? {}
  if (Number.parseInt(String(maxSurge), 10) > 0 || Number.parseInt(String(maxUnavailable), 10) > 0) return []
  const rule = 'must not be 0 while maxSurge is 0: no machine could ever be replaced'
  return [{ field: 'spec.rollout.maxUnavailable', value: maxUnavailable, rule }]
}

function isAllowed(
  namespace: { name: string; labels?: Record<string, string> },
  allowed: NonNullable<MachineClass['spec']['allowedNamespaces']>,
): boolean {
  if (allowed.names?.includes(namespace.name)) return true
  const wanted = Object.entries(allowed.matchLabels ?? {})
  if (wanted.length === 0) return allowed.names === undefined
  return wanted.every(([key, value]) => namespace.labels?.[key] === value)
}
