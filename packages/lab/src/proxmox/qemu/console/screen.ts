import type { Duplex } from 'node:stream'
import type { GuestTerminal, ProxmoxWorld, Vm, VmProcess } from '../../world.ts'
import { nameOf } from '../vm.ts'
import { bridge } from './bridge.ts'
import { followTerminal } from './follow.ts'
import { RfbLogin } from './rfb-login.ts'
import { RfbServer } from './rfb.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import { TextScreen } from './text-screen.ts'
import type { WebSocketEnd } from '../../../websocket.ts'

/** What stands behind a screen once the client is in. */
type Behind = Pick<ConsoleClient, 'data' | 'closed'>

/**
 * Serves a VM's screen by RFB with VNC authentication: what its guest shows, and keys for it; or QEMU's own screen where the VM
 * is a process. A VM that is off ends it at once.
 */
export function screen(world: ProxmoxWorld, vm: Vm, password: string, task: ConsoleTask): ConsoleClient {
  let login: RfbLogin | undefined
  let behind: Behind | undefined
  return {
    open: (end) => {
      if (!vm.running) {
        task.log(`VM ${vm.vmid} not running`)
        task.fail('Failed to run vncproxy.')
        end.close()
        return
      }
      login = new RfbLogin({
        password,
        send: (bytes) => end.send(bytes),
        close: () => end.close(),
        entered: (rest) => {
          const process = world.machines?.of(vm.vmid)
          behind = process === undefined ? guestScreen(world, vm, end) : processScreen(process, end)
          behind.data(rest)
        },
      })
    },
    closed: () => {
      behind?.closed()
      task.done()
    },
    data: (bytes) => {
      if (behind === undefined) login?.data(bytes)
      else behind.data(bytes)
    },
  }
}

function processScreen(process: VmProcess, end: WebSocketEnd): Behind {
  return bridge((): Promise<Duplex> => process.openScreen(), end)
}

function guestScreen(world: ProxmoxWorld, vm: Vm, end: WebSocketEnd): Behind {
  // A display may be a serial port.
  const terminal = (): GuestTerminal | undefined =>
    /^(?:type=)?serial0/.test(vm.config['vga'] ?? '') ? vm.serial : vm.screen
  const text = new TextScreen()
  const rfb = new RfbServer({
    screen: text,
    name: `QEMU (${nameOf(vm)})`,
    send: (bytes) => end.send(bytes),
    close: () => end.close(),
    press: (key) => {
      // A paused machine hears nothing.
      if (key === undefined || vm.paused === true) return
      if (key === 'attention') terminal()?.attention()
      else terminal()?.type(key.text)
    },
  })
  const stop = followTerminal(world, vm, terminal, {
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
  return {
    data: (bytes) => rfb.data(bytes),
    closed: () => {
      stop()
      rfb.close()
    },
  }
}
