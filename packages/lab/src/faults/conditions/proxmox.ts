import { turnOff, turnOn } from '../../proxmox/nodes/power.ts'
import { configLock, storageLock } from '../../proxmox/locks.ts'
import type { Storage, Vm } from '../../proxmox/world.ts'
import { FaultError } from '../spec.ts'
import type { Begin, FaultTargets } from './targets.ts'

/** A host is gone, with its VMs or without. */
export const hostLost: Begin = ({ spec: { on, what } }, { world }) => {
  const host = world.hosts.get(on.node ?? '')
  if (host === undefined) throw unknown('on.node', on.node, world.hosts.keys())
  if (!host.online) throw new FaultError('on.node', on.node, 'it must be online')
  const runsOn = what.kind === 'host-lost' && what.vms === 'run'
  if (runsOn) host.online = false
  else turnOff(world, host)
  return () => {
    if (host.online) return
    if (runsOn) host.online = true
    else turnOn(world, host)
  }
}

/** A storage has no byte left. */
export const storageFull: Begin = ({ spec: { on } }, targets) => {
  const storage = storageOf(targets, on.storage)
  const before = storage.usedByOthers
  storage.usedByOthers = storage.capacity
  return () => {
    if (before === undefined) delete storage.usedByOthers
    else storage.usedByOthers = before
  }
}

/** Somebody holds the lock of a VM's configuration file or of a storage, or a VM's configuration says that it is locked. */
export const lockHeld: Begin = ({ spec: { on, what } }, targets) => {
  const { world } = targets
  const word = what.kind === 'lock-held' ? (what.lock ?? 'file') : 'file'
  if (on.vmid === undefined) {
    if (word !== 'file') throw new FaultError('what.lock', word, 'a storage has the lock "file" only')
    const storage = storageOf(targets, on.storage)
    const nodes = storage.shared ? [''] : on.node === undefined ? [...world.hosts.keys()] : [on.node]
    const ends = nodes.map((node) => hold(targets, storageLock(storage, node)))
    return () => ends.forEach((end) => end())
  }
  const vm = world.vms.get(on.vmid)
  // The file's lock needs no VM: it is taken before one is made.
  if (word === 'file') return hold(targets, configLock(on.vmid))
  if (vm === undefined) throw unknown('on.vmid', on.vmid, world.vms.keys())
  if (vm.config['lock'] !== undefined)
    throw new FaultError('on.vmid', on.vmid, `it must not be locked yet; it is (${vm.config['lock']})`)
  vm.config['lock'] = word
  return () => unlock(world.vms.get(vm.vmid), word)
}

function unlock(vm: Vm | undefined, word: string): void {
  if (vm?.config['lock'] === word) delete vm.config['lock']
}

/** Takes a lock as soon as it is free. */
function hold({ world }: FaultTargets, name: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  // Nobody waits that long: it is the fault's own end that ends the wait.
  const gone = new AbortController()
  void world.locks
    .hold(name, 2 ** 31 - 1, 'the fault is over', () => promise, { signal: gone.signal })
    .catch(() => {})
  return () => {
    resolve()
    gone.abort(new Error('the fault is over'))
  }
}

/** A token or user is not good any more. */
export const tokenGone: Begin = ({ spec: { on, what } }, { world }) => {
  const id = on.user ?? ''
  const { tokens, users } = world.access
  const token = tokens.get(id)
  const user = token === undefined ? users.get(id) : undefined
  if (what.kind === 'token-revoked') {
    if (token === undefined) throw unknown('on.user', id, tokens.keys())
    tokens.delete(id)
    return () => {
      if (!tokens.has(id)) tokens.set(id, token)
    }
  }
  const expiring = token ?? user
  if (expiring === undefined) throw unknown('on.user', id, [...tokens.keys(), ...users.keys()])
  const before = expiring.expire ?? 0
  const past = Math.floor(world.clock.now() / 1000) - 60
  expiring.expire = past
  return () => {
    if (expiring.expire === past) expiring.expire = before
  }
}

/** The storage of a name. Throws FaultError. */
function storageOf({ world }: FaultTargets, name: string | undefined): Storage {
  const storage = world.storages.get(name ?? '')
  if (storage === undefined) throw unknown('on.storage', name, world.storages.keys())
  return storage
}

function unknown(field: string, value: unknown, known: Iterable<string | number>): FaultError {
  const all = [...known]
  const shown = all.slice(0, 12).join(', ') + (all.length > 12 ? ', …' : '')
  return new FaultError(field, value, `there is none; there are: ${shown}`)
}
