import type { Duplex } from 'node:stream'
import type { GuestTerminal, ProxmoxWorld, Vm, VmProcess } from '../../world.ts'
import { nameOf } from '../vm.ts'
import { bridge } from './bridge.ts'
import { followTerminal, type Onlooker } from './follow.ts'
import { RfbLogin } from './rfb-login.ts'
import { RfbServer } from './rfb.ts'
import type { ConsoleClient, ConsoleTask } from './sessions.ts'
import { TextScreen } from './text-screen.ts'
import type { WebSocketEnd } from '../../../websocket.ts'

/** What stands behind a screen once the client is in. */
type Behind = Pick<ConsoleClient, 'data' | 'closed'>

/** A screen that waits for its client. */
interface ScreenFacts {
  readonly password: string
  /** Why nothing is shown; undefined when something is. */
  readonly problem: () => string | undefined
  /** Shows it to the client, which has proved who it is. */
  readonly show: (end: WebSocketEnd) => Behind
}

/** Serves a screen by RFB with VNC authentication. One that shows nothing ends at once. */
export function screenClient({ password, problem, show }: ScreenFacts, task: ConsoleTask): ConsoleClient {
  let login: RfbLogin | undefined
  let behind: Behind | undefined
  return {
    open: (end) => {
      const why = problem()
      if (why !== undefined) {
        task.log(why)
        task.fail('Failed to run vncproxy.')
        end.close()
        return
      }
      login = new RfbLogin({
        password,
        send: (bytes) => end.send(bytes),
        close: () => end.close(),
        entered: (rest) => {
          behind = show(end)
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

/** Serves a VM's screen: what its guest shows, and keys for it; or QEMU's own screen where the VM is a process. */
export function screen(world: ProxmoxWorld, vm: Vm, password: string, task: ConsoleTask): ConsoleClient {
  return screenClient(
    {
      password,
      problem: () => (vm.running ? undefined : `VM ${vm.vmid} not running`),
      show: (end) => {
        const process = world.machines?.of(vm.vmid)
        return process === undefined ? guestScreen(world, vm, end) : processScreen(process, end)
      },
    },
    task,
  )
}

function processScreen(process: VmProcess, end: WebSocketEnd): Behind {
  return bridge((): Promise<Duplex> => process.openScreen(), end)
}

function guestScreen(world: ProxmoxWorld, vm: Vm, end: WebSocketEnd): Behind {
  // A display may be a serial port.
  const terminal = (): GuestTerminal | undefined =>
    /^(?:type=)?serial0/.test(vm.config['vga'] ?? '') ? vm.serial : vm.screen
  return textScreen(`QEMU (${nameOf(vm)})`, end, {
    // A paused machine hears nothing.
    terminal: () => (vm.paused === true ? undefined : terminal()),
    follow: (onlooker) => followTerminal(world, vm, terminal, onlooker),
  })
}

/** Shows a terminal as a picture. */
export function textScreen(
  name: string,
  end: WebSocketEnd,
  shown: {
    /** What hears the keys just now. */
    readonly terminal: () => GuestTerminal | undefined
    /** Looks at the terminal; returns what ends that. */
    readonly follow: (onlooker: Onlooker) => () => void
  },
): Behind {
  const text = new TextScreen()
  const rfb = new RfbServer({
    screen: text,
    name,
    send: (bytes) => end.send(bytes),
    close: () => end.close(),
    press: (key) => {
      if (key === undefined) return
      if (key === 'attention') shown.terminal()?.attention()
      else shown.terminal()?.type(key.text)
    },
  })
  const stop = shown.follow({
    begin: (before) => {
      text.write(`\u001B[0m\u001B[2J\u001B[H${before}`)
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
