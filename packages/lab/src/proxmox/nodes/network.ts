import { die } from '../api-error.ts'
import { Answer, type Call, type Handlers } from '../handler.ts'
import { pathOfBridge } from '../bridges.ts'
import { can } from '../permissions.ts'
import { reachesHost, runningFile } from '../sdn/running.ts'
import { startTask } from '../tasks.ts'
import type { Interface } from '../cluster/state.ts'
import type { ProxmoxWorld } from '../world.ts'

const ONE = '/nodes/{node}/network/{iface}'

/** Network interfaces of a host: as they are, and as they will be after `apply`. */
export const networkHandlers: Handlers = {
  'GET /nodes/{node}/network': (call) => {
    const node = call.text('node')
    const pending = call.world.cluster.pendingInterfaces.get(node)
    const type = call.optional('type')
    // Who asks for bridges wants to use them: only those it may are shown.
    const mayUse = (iface: string): boolean =>
      can(call.world, call.identity, pathOfBridge(call.world, iface), ['SDN.Audit', 'SDN.Use'], true)
    const list = [
      ...(pending ?? interfacesOf(call.world, node)),
      ...(type === undefined ? [] : networksOf(call)),
    ]
      .filter(([iface, facts]) => type === undefined || (isOfType(facts, type) && mayUse(iface)))
      .map(([iface, facts]) => ({ iface, ...facts }))
    if (pending === undefined) return list
    const changes = changesOf(interfacesOf(call.world, node), pending)
    return changes === '' ? list : new Answer(list, { changes })
  },
  [`GET ${ONE}`]: (call) => interfaceOf(call),
  'POST /nodes/{node}/network': (call) => {
    const { iface, facts } = described(call)
    if (editable(call).has(iface)) die(`interface already exists`)
    editable(call).set(iface, facts)
    return null
  },
  [`PUT ${ONE}`]: (call) => {
    const { iface, facts } = described(call)
    const before = interfaceOf(call)
    editable(call).set(iface, { ...before, ...facts })
    return null
  },
  [`DELETE ${ONE}`]: (call) => {
    interfaceOf(call)
    editable(call).delete(call.text('iface'))
    return null
  },
  'DELETE /nodes/{node}/network': (call) => {
    call.world.cluster.pendingInterfaces.delete(call.text('node'))
    return null
  },
  'PUT /nodes/{node}/network': (call) => {
    const node = call.text('node')
    const { world } = call
    return startTask(world, { node, type: 'srvreload', id: 'networking', user: call.user }, () => {
      const pending = world.cluster.pendingInterfaces.get(node)
      if (pending !== undefined) world.cluster.interfaces.set(node, pending)
      world.cluster.pendingInterfaces.delete(node)
      return Promise.resolve()
    })
  },
}

/** Interfaces of a host: its own list, or one port and the world's bridges. */
function interfacesOf(world: ProxmoxWorld, node: string): Map<string, Interface> {
  const own = world.cluster.interfaces.get(node)
  if (own !== undefined) return own
  const address = world.hosts.get(node)?.address
  const base = { method6: 'manual', families: ['inet'], active: 1 }
  const list = new Map<string, Interface>([['eno1', { ...base, type: 'eth', method: 'manual', priority: 3 }]])
  world.bridges.forEach((bridge, index) => {
    const isFirst = index === 0
    list.set(bridge, {
      ...base,
      type: 'bridge',
      method: isFirst ? 'static' : 'manual',
      ...(isFirst && { address, netmask: '24', cidr: `${address}/24` }),
      bridge_ports: isFirst ? 'eno1' : '',
      bridge_stp: 'off',
      bridge_fd: '0',
      autostart: 1,
      priority: 4 + index,
    })
  })
  return list
}

/** Networks of the cluster that are in force on a host. */
function networksOf(call: Call): [string, Interface][] {
  return [...runningFile(call.world, 'vnets')]
    .filter(([, { zone }]) => reachesHost(call.world, String(zone), call.text('node')))
    .map(([vnet, { alias }]) => [
      vnet,
      { type: 'vnet', active: 1, ...(alias !== undefined && { comments: alias }) },
    ])
}

function interfaceOf(call: Call): Interface {
  const list =
    call.world.cluster.pendingInterfaces.get(call.text('node')) ?? interfacesOf(call.world, call.text('node'))
  return list.get(call.text('iface')) ?? die('interface does not exist')
}

/** The list that waits for `apply`, begun with the one in force. */
function editable(call: Call): Map<string, Interface> {
  const node = call.text('node')
  const { pendingInterfaces } = call.world.cluster
  let pending = pendingInterfaces.get(node)
  if (pending === undefined) {
    pending = new Map(interfacesOf(call.world, node))
    pendingInterfaces.set(node, pending)
  }
  return pending
}

function isOfType(facts: Interface, type: string): boolean {
  const own = String(facts['type'])
  if (own === 'vnet') return ['vnet', 'any_bridge', 'include_sdn'].includes(type)
  if (type === 'any_bridge' || type === 'any_local_bridge') return own === 'bridge' || own === 'OVSBridge'
  return own === type || type === 'include_sdn'
}

function described(call: Call): { iface: string; facts: Interface } {
  const facts: Record<string, unknown> = {
    method: 'manual',
    method6: 'manual',
    families: ['inet'],
    priority: editable(call).size + 3,
  }
  for (const name in call.params)
    if (!['node', 'iface', 'delete'].includes(name))
      facts[name] = name === 'autostart' ? Number(call.text(name)) : call.text(name)
  if (facts['type'] === 'bridge')
    Object.assign(facts, { bridge_stp: 'off', bridge_fd: '0', bridge_ports: facts['bridge_ports'] ?? '' })
  const comments = call.optional('comments')
  if (comments !== undefined) facts['comments'] = `${comments}\n`
  if (facts['cidr'] !== undefined || facts['address'] !== undefined) facts['method'] = 'static'
  return { iface: call.text('iface'), facts }
}

/** Difference of two lists, in the words of `/etc/network/interfaces`. */
function changesOf(before: Map<string, Interface>, after: Map<string, Interface>): string {
  const lines: string[] = []
  for (const [iface, facts] of before)
    if (!after.has(iface)) lines.push(...stanza(iface, facts).map((line) => `-${line}`))
  for (const [iface, facts] of after)
    if (JSON.stringify(before.get(iface)) !== JSON.stringify(facts))
      lines.push(...stanza(iface, facts).map((line) => `+${line}`))
  if (lines.length === 0) return ''
  return ['--- /etc/network/interfaces', '+++ /etc/network/interfaces.new', ...lines, ''].join('\n')
}

function stanza(iface: string, facts: Interface): string[] {
  return [
    '',
    ...(facts['autostart'] === 1 ? [`auto ${iface}`] : []),
    `iface ${iface} inet ${String(facts['method'])}`,
    ...(facts['type'] === 'bridge'
      ? [`\tbridge-ports ${String(facts['bridge_ports']) || 'none'}`, '\tbridge-stp off', '\tbridge-fd 0']
      : []),
    ...(typeof facts['comments'] === 'string' ? [`#${facts['comments'].trimEnd()}`] : []),
  ]
}
