import { spend, type Worker } from '../../tasks.ts'
import type { ProxmoxWorld, Vm } from '../../world.ts'
import { agentAnswers } from '../agent/ask.ts'
import { hasAgent } from '../config/values.ts'

/** Asks a guest to be off, through its agent where it answers, and waits. False when it still runs after that time. */
export async function askToShutDown(
  world: ProxmoxWorld,
  vm: Vm,
  seconds: number,
  worker: Worker,
): Promise<boolean> {
  const off = new AbortController()
  const gone = new Promise<true>((resolve) => {
    const onStopped = (other: Vm): void => {
      if (other.vmid === vm.vmid) resolve(true)
    }
    world.events.on('stopped', onStopped)
    off.signal.addEventListener('abort', () => world.events.off('stopped', onStopped))
  })
  try {
    if (hasAgent(vm.config) && (await agentAnswers(world, vm)))
      void vm.agent?.call('guest-shutdown', { mode: 'powerdown' }).catch(() => {})
    else {
      if (hasAgent(vm.config))
        worker.log(
          `QEMU Guest Agent is not running - VM ${vm.vmid} qga command 'guest-ping' failed - got timeout`,
        )
      vm.onShutdownRequest?.()
      // What runs in a process has a power button too; who does not heed it is no error.
      void world.machines
        ?.of(vm.vmid)
        ?.monitor('system_powerdown')
        .catch(() => {})
    }
    if (!vm.running) return true
    return await Promise.race([gone, spend(world, worker, seconds * 1000).then(() => !vm.running)])
  } finally {
    off.abort()
  }
}
