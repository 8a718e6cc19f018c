import { createKubernetes } from '@fochista/kubernetes'
import { createHealth, startControllers } from '../../packages/controllers/src/index.ts'

// The controllers in a process of their own, which tells its parent what it costs.

/** What the process tells when it is asked. */
export interface Cost {
  /** Resident, bytes. */
  readonly memory: number
  /** Processor time since the start of the process, seconds. */
  readonly cpu: number
  /** Looks so far by the name of the controller. */
  readonly looks: Readonly<Record<string, number>>
  /** Looks that failed. */
  readonly failures: number
}

const [server = ''] = process.argv.slice(2)
const looks: Record<string, number> = {}
let failures = 0
const silent = (): void => undefined
await startControllers({
  kubernetes: createKubernetes({ server }),
  identity: 'bench',
  leaderElection: false,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
  health: {
    ...createHealth(),
    looked: (controller, _seconds, isFailure) => {
      looks[controller] = (looks[controller] ?? 0) + 1
      if (isFailure) failures += 1
    },
  },
})
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const cost: Cost = { memory: process.memoryUsage.rss(), cpu: (user + system) / 1e6, looks, failures }
  process.send?.(cost)
})
process.on('SIGINT', () => process.exit(0))
