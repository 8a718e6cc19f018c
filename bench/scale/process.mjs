import { createKubernetes } from '@fochista/kubernetes'
import { createHealth, startControllers } from '@fochista/controllers'

// The controllers in a process of their own, which tells its parent what it costs. They run as in the image: built, with nothing that a clone
// needs to run sources, hence plain JavaScript here.

const [server = ''] = process.argv.slice(2)
const looks = {}
let failures = 0
const silent = () => undefined
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
  process.send({ memory: process.memoryUsage.rss(), cpu: (user + system) / 1e6, looks, failures })
})
process.on('SIGINT', () => process.exit(0))
