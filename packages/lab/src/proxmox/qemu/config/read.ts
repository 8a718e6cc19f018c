import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { digestOf, type Vm } from '../../world.ts'
import { vmOf } from '../vm.ts'
import { typedValue } from './values.ts'

/** Reads of a VM's configuration. */
export const configReadHandlers: Handlers = {
  'GET /nodes/{node}/qemu/{vmid}/config': readConfig,
  'GET /nodes/{node}/qemu/{vmid}/pending': readPending,
}

const MASK = '**********'

function readConfig(call: Call): Record<string, unknown> {
  const snapshot = call.optional('snapshot')
  const current = call.flag('current')
  if (snapshot !== undefined && current) {
    const text = "cannot use 'snapshot' parameter with 'current'"
    parameterError({ snapshot: text, current: text })
  }
  const vm = vmOf(call)
  if (snapshot !== undefined) {
    const section = vm.snapshots?.get(snapshot) ?? die(`snapshot '${snapshot}' does not exist`)
    return { ...typed(section), digest: digestOf(vm) }
  }
  return { ...typed(current ? vm.config : withPending(vm)), digest: digestOf(vm) }
}

/** A configuration with what waits for the next cold start. */
function withPending(vm: Vm): Record<string, string> {
  const values = { ...vm.config }
  for (const [key, value] of vm.pending) {
    if (value === undefined) delete values[key]
    else values[key] = value
  }
  return values
}

/** Values as answers give them; the password is hidden. */
export function typed(values: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, key === 'cipassword' ? MASK : typedValue(key, value)]),
  )
}

function readPending(call: Call): Record<string, unknown>[] {
  const vm = vmOf(call)
  const keys = new Set([...Object.keys(vm.config), ...vm.pending.keys()])
  const entries = [...keys].map((key) => {
    const entry: Record<string, unknown> = { key }
    const value = vm.config[key]
    const pending = vm.pending.get(key)
    if (value !== undefined) entry['value'] = key === 'cipassword' ? MASK : typedValue(key, value)
    if (pending !== undefined) entry['pending'] = key === 'cipassword' ? `${MASK} ` : typedValue(key, pending)
    else if (vm.pending.has(key)) entry['delete'] = vm.pendingForce?.has(key) ? 2 : 1
    return entry
  })
  return [...entries, { key: 'digest', value: digestOf(vm) }]
}
