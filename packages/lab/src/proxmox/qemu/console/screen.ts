import type { ProxmoxWorld, Vm } from '../../world.ts'
import { nameOf } from '../vm.ts'
import { followTerminal } from './follow.ts'
import { RfbServer } from './rfb.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import { TextScreen } from './text-screen.ts'

/** Serves a VM's screen by RFB: what its guest shows, and keys for it. A VM that is off ends it at once. */
export function screen(world: ProxmoxWorld, vm: Vm, password: string, task: ConsoleTask): ConsoleClient {
  let server: RfbServer | undefined
  let stop = (): void => {}
  return {
    open: (end) => {
      if (!vm.running) {
        task.log(`VM ${vm.vmid} not running`)
        task.fail('Failed to run vncproxy.')
        end.close()
        return
      }
      const text = new TextScreen()
      const rfb = new RfbServer({
        screen: text,
        name: `QEMU (${nameOf(vm)})`,
        password,
        send: (bytes) => end.send(bytes),
        close: () => end.close(),
        press: (key) => {
          // A paused machine hears nothing.
          if (key === undefined || vm.paused === true) return
          if (key === 'attention') vm.screen?.attention()
          else vm.screen?.type(key.text)
        },
      })
      server = rfb
      stop = followTerminal(world, vm, () => vm.screen, {
        begin: (shown) => {
          text.write(`\u001B[0m\u001B[2J\u001B[H${shown}`)
          rfb.changed()
        },
        shows: (more) => {
          text.write(more)
          rfb.changed()
        },
        off: () => end.close(),
      })
    },
    closed: () => {
      stop()
      server?.close()
      task.done()
    },
    data: (bytes) => server?.data(bytes),
  }
}
