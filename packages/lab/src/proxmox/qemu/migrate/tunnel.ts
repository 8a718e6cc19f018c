import { createTunnelTicket, isTunnelTicket } from '../../access/tickets.ts'
import { ApiError, die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { hasBridge, pathOfBridge } from '../../bridges.ts'
import { startTask, type Worker } from '../../tasks.ts'
import { splitList } from '../../verify/string-formats.ts'
import type { ProxmoxWorld, Vm } from '../../world.ts'
import { need } from '../config/rights.ts'
import type { ConsoleClient } from '../console/sessions.ts'
import { upgrade } from '../console/upgrade.ts'
import type { WebSocketEnd } from '../../../websocket.ts'
import { printDrive } from '../drive.ts'
import { startVm } from '../power/start.ts'
import { formatOn, usableStorage } from '../storage.ts'
import { textOf } from '../task.ts'
import { newVm, vmidOf } from '../vm.ts'
import { allocateVolume, freeVolumes } from '../volumes.ts'
import { LineReader, type Message } from './messages.ts'

/** How long a tunnel waits for its client, ms. */
const WINDOW_MS = 300_000
/** Version of the commands. */
export const TUNNEL_API = 2

/** The end of a migration from another cluster: a number is taken, and commands come through a WebSocket. */
export const tunnelHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/mtunnel': openTunnel,
  'GET /nodes/{node}/qemu/{vmid}/mtunnelwebsocket': joinTunnel,
}

/** A tunnel that is open. */
interface Tunnel {
  readonly vm: Vm
  readonly worker: Worker
  readonly volumes: string[]
  /** Ends its task; with a text it failed. */
  finish(failure?: string): void
  joined: boolean
}

const tunnels = new WeakMap<ProxmoxWorld, Map<string, Tunnel>>()

function openTunnel(call: Call): Record<string, string> {
  const { world, user } = call
  const [vmid, node] = [vmidOf(call), call.text('node')]
  for (const storage of splitList(call.optional('storages') ?? '')) {
    need(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
    usableStorage(world, storage, node)
  }
  for (const bridge of splitList(call.optional('bridges') ?? '')) {
    need(call, pathOfBridge(world, bridge), ['SDN.Use'])
    if (!hasBridge(world, node, bridge)) die(`bridge '${bridge}' does not exist`)
  }
  const other = world.vms.get(vmid) ?? world.cluster.containers.get(vmid)
  if (other) die(`unable to create empty VM config - VM ${vmid} already exists on node '${other.node}'`)
  const vm = newVm(vmid, node, { lock: 'create' })
  world.vms.set(vmid, vm)
  const socket = `/run/qemu-server/${vmid}.mtunnel`
  const upid = startTask(world, { node, type: 'qmtunnel', id: String(vmid), user }, (worker) =>
    serve(world, vm, socket, worker),
  )
  return { ticket: createTunnelTicket(world, user, socket), upid, socket }
}

/** Waits for the end of a tunnel. One that nobody joins, or that ends before its time, leaves nothing of its VM. */
async function serve(world: ProxmoxWorld, vm: Vm, socket: string, worker: Worker): Promise<void> {
  const open = tunnels.get(world) ?? new Map<string, Tunnel>()
  tunnels.set(world, open)
  const volumes: string[] = []
  worker.log('mtunnel started')
  try {
    await new Promise<void>((resolve, reject) => {
      const tunnel: Tunnel = {
        vm,
        worker,
        volumes,
        joined: false,
        finish: (failure) => (failure === undefined ? resolve() : reject(new Error(failure))),
      }
      open.set(socket, tunnel)
      world.clock.setTimeout(() => {
        if (!tunnel.joined) reject(new Error('mtunnel not started, timeout?'))
      }, WINDOW_MS)
      worker.signal.addEventListener('abort', () => reject(worker.signal.reason as Error), { once: true })
    })
    worker.log('mtunnel exited')
  } catch (error) {
    if (vm.config['lock'] === 'create') {
      world.vms.delete(vm.vmid)
      await freeVolumes(world, vm.node, volumes, worker)
    }
    throw error
  } finally {
    open.delete(socket)
  }
}

function joinTunnel(call: Call): unknown {
  const { world, user } = call
  const socket = call.text('socket')
  if (!isTunnelTicket(world, call.text('ticket'), user, socket))
    throw new ApiError(401, 'permission denied - invalid PVETUNNEL ticket\n')
  if (call.headers['upgrade']?.toLowerCase() !== 'websocket') return { socket }
  return upgrade(call.headers, () => {
    const tunnel = tunnels.get(world)?.get(socket)
    if (tunnel === undefined || tunnel.joined) return undefined
    tunnel.joined = true
    return clientOf(world, tunnel)
  })
}

/** Answers the commands of a tunnel's client, one after the other. */
function clientOf(world: ProxmoxWorld, tunnel: Tunnel): ConsoleClient {
  let end: WebSocketEnd | undefined
  let last: Promise<void> = Promise.resolve()
  const lines = new LineReader((message) => {
    last = last.then(async () => {
      const answer = await answerTo(world, tunnel, message).then(
        (facts) => ({ success: true, ...facts }),
        (error: unknown) => ({ success: false, msg: textOf(error) }),
      )
      end?.send(Buffer.from(`${JSON.stringify(answer)}\n`))
      if (message.cmd !== 'quit') return
      tunnel.finish(message['cleanup'] ? 'mtunnel was told to clean up' : undefined)
      end?.close()
    })
  })
  return {
    open: (opened) => {
      end = opened
    },
    data: (bytes) => lines.data(bytes),
    closed: () => tunnel.finish('mtunnel connection was closed'),
  }
}

/** Does what a command of a tunnel says. Throws what becomes its `msg`. */
async function answerTo(world: ProxmoxWorld, tunnel: Tunnel, message: Message): Promise<object> {
  const { vm, worker } = tunnel
  const textOfField = (name: string): string => {
    const value = message[name]
    return typeof value === 'string' ? value : die(`missing parameter '${name}'`)
  }
  switch (message.cmd) {
    case 'version':
      return { api: TUNNEL_API, age: 0 }
    case 'config':
      vm.config = { ...readConfig(textOfField('conf')), lock: 'create' }
      return {}
    case 'bwlimit':
      return { bwlimit: message['bwlimit'] ?? 0 }
    case 'disk':
    case 'disk-import': {
      const storage = usableStorage(world, textOfField('storage'), vm.node)
      const { volid, size } = await allocateVolume(
        world,
        {
          vmid: vm.vmid,
          storage,
          node: vm.node,
          format: formatOn(storage, textOfField('format')),
          size: Number(message['size'] ?? 0),
          // Proxmox knows its drives with seeds by their name.
          ...(/cloudinit/.test(textOfField('volname')) && { name: `vm-${vm.vmid}-cloudinit` }),
        },
        worker,
      )
      tunnel.volumes.push(volid)
      return { volid, drivestr: printDrive({ file: volid, options: { size: String(size) } }) }
    }
    case 'query-disk-import':
      return { status: 'complete', volid: tunnel.volumes.at(-1) }
    case 'start':
      await startVm(world, vm.node, vm.vmid, worker, { skiplock: true })
      return { raddr: 'localhost', tunnel: 'unix' }
    case 'stop':
      world.guestStopped(vm)
      return {}
    case 'resume':
      vm.paused = false
      return {}
    case 'unlock':
      delete vm.config['lock']
      return {}
    case 'fstrim':
    case 'nbdstop':
    case 'ticket':
    case 'quit':
      return {}
    default:
      return die(`unknown command '${message.cmd}' given`)
  }
}

/** A configuration file's main section; lines with a # are the description's. */
function readConfig(text: string): Record<string, string> {
  const config: Record<string, string> = {}
  const description: string[] = []
  for (const line of text.split('\n')) {
    const [, key = '', value = ''] = /^(\w+): ?(.*)$/.exec(line) ?? []
    if (line.startsWith('#')) description.push(decodeURI(line.slice(1)))
    else if (key !== '') config[key] = value
  }
  return { ...config, ...(description.length > 0 && { description: description.join('\n') }) }
}
