import { parseDuration, type NodePool } from '@fochista/api'

/** How long things may take with a pool's machines, milliseconds. */
export interface Limits {
  /** From Started to Joined. */
  readonly nodeStartup: number
  /** How long a Node may be not Ready. */
  readonly unhealthyAfter: number
  /** How long a VM that somebody else stopped is left alone. */
  readonly restartAfter: number
  /** How long a drain may take before the machine goes though pods are left. */
  readonly drain: number
}

/** What a pool says of them, and where it says nothing, or is gone, the defaults of its schema. */
export function limitsOf(pool: NodePool | undefined): Limits {
  const { health, drain } = pool?.spec ?? {}
  return {
    nodeStartup: millisecondsOf(health?.nodeStartupTimeout, '20m'),
    unhealthyAfter: millisecondsOf(health?.unhealthyAfter, '5m'),
    restartAfter: millisecondsOf(health?.restartAfter, '5m'),
    drain: millisecondsOf(drain?.timeout, '10m'),
  }
}

const millisecondsOf = (text: string | undefined, initial: string): number =>
  parseDuration(text ?? initial) ?? parseDuration(initial) ?? 0
