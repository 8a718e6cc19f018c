import { createHmac, randomBytes } from 'node:crypto'
import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { nameOf, vmOf } from '../vm.ts'
import { authorityOf } from './authority.ts'

/** First of the ports that hosts tell SPICE clients. */
const PORT = 61_000

/** `POST /nodes/{node}/qemu/{vmid}/spiceproxy`: what a viewer connects with. In the lab nothing listens there. */
export const spiceHandlers: Handlers = { 'POST /nodes/{node}/qemu/{vmid}/spiceproxy': spiceProxy }

/** True for a display that QEMU has a SPICE server for. */
export function hasSpice(vga: string | undefined): boolean {
  return /^(?:type=)?(?:qxl|virtio)/.test(vga ?? '')
}

function spiceProxy(call: Call): Record<string, unknown> {
  const vm = vmOf(call)
  if (!vm.running) die(`VM ${vm.vmid} not running`)
  if (!hasSpice(vm.config['vga'])) die('no spice port')
  return connectionFile(call, { id: String(vm.vmid), node: vm.node, title: `VM ${vm.vmid} - ${nameOf(vm)}` })
}

/** What a viewer connects with: to a VM, or to a terminal of a host or a container. */
export function connectionFile(
  call: Call,
  { id, node: at, title }: { id: string; node: string; title: string },
): Record<string, unknown> {
  const { world, contact } = call
  const node = at.toLowerCase()
  const time = Math.floor(world.clock.now() / 1000)
    .toString(16)
    .toUpperCase()
    .padStart(8, '0')
  const plain = `pvespiceproxy:${time}:${id}:${node}:${PORT}`
  const signature = createHmac('sha1', world.ticketKey).update(plain).digest('hex')
  const { search } = world.cluster.dns
  const proxy = call.optional('proxy') ?? `${contact}.${search}`
  const [host, port = '3128'] = proxy.replace(/^https?:\/\//, '').split(/:(?=\d+$)/)
  return {
    type: 'spice',
    host: `${plain}::${signature}`,
    proxy: `http://${host}:${port}`,
    'tls-port': PORT,
    password: randomBytes(20).toString('hex'),
    title,
    'host-subject': `OU=PVE Cluster Node,O=Proxmox Virtual Environment,CN=${node}.${search}`,
    // One line, as a connection file needs it.
    ca: authorityOf(call, at)
      .trimEnd()
      .replaceAll('\n', String.raw`\n`),
    'secure-attention': 'Ctrl+Alt+Ins',
    'toggle-fullscreen': 'Shift+F11',
    'release-cursor': 'Ctrl+Alt+R',
    'delete-this-file': 1,
  }
}
