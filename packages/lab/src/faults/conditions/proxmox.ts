import { turnOff } from '../../proxmox/nodes/power.ts'
import { configLock, storageLock } from '../../proxmox/locks.ts'
import type { Host, Storage } from '../../proxmox/world.ts'
import { FaultError } from '../spec.ts'
import type { Begin, FaultTargets } from './targets.ts'
import { undoable } from './undo.ts'

/** A host is gone, with its VMs or without. */
export const hostLost: Begin = ({ id, spec: { on, what } }, targets) => {
  const host = onlineHost(targets, on.node)
  const keepsRunning = what.kind === 'host-lost' && what.vms === 'run'
  const end = undoable(targets, id, { kind: 'host', name: host.name, keepsRunning })
  takeOff(targets, host, keepsRunning)
  return end
}

/**
 * A host is gone, and no member of the cluster any more. Its VMs' configurations stay where they were, below `/etc/pve/nodes`, until somebody
 * removes them there: they are listed, and nobody can be asked about them.
 */
export const hostRemoved: Begin = ({ id, spec: { on, what } }, targets) => {
  const { hosts } = targets.world
  const host = onlineHost(targets, on.node)
  const others = [...hosts.values()].filter((other) => other !== host && other.online).length
  if (others * 2 <= hosts.size)
    throw new FaultError('on.node', on.node, 'the other hosts must have the quorum without it')
  const keepsRunning = what.kind === 'host-removed' && what.vms === 'run'
  const end = undoable(targets, id, { kind: 'removed', host, keepsRunning })
  takeOff(targets, host, keepsRunning)
  hosts.delete(host.name)
  return end
}

function onlineHost({ world }: FaultTargets, name: string | undefined): Host {
  const host = world.hosts.get(name ?? '')
  if (host === undefined) throw unknown('on.node', name, world.hosts.keys())
  if (!host.online) throw new FaultError('on.node', name, 'it must be online')
  return host
}

function takeOff({ world }: FaultTargets, host: Host, keepsRunning: boolean): void {
  if (keepsRunning) host.online = false
  else turnOff(world, host)
}

/** A storage has no byte left. */
export const storageFull: Begin = ({ id, spec: { on } }, targets) => {
  const storage = storageOf(targets, on.storage)
  const end = undoable(targets, id, {
    kind: 'storage',
    name: storage.name,
    before: storage.usedByOthers ?? 0,
  })
  storage.usedByOthers = storage.capacity
  return end
}

/** Somebody holds the lock of a VM's configuration file or of a storage, or a VM's configuration says that it is locked. */
export const lockHeld: Begin = ({ id, spec: { on, what } }, targets) => {
  const { world } = targets
  const word = what.kind === 'lock-held' ? (what.lock ?? 'file') : 'file'
  if (on.vmid === undefined) {
    if (word !== 'file') throw new FaultError('what.lock', word, 'a storage has the lock "file" only')
    const storage = storageOf(targets, on.storage)
    const nodes = storage.shared ? [''] : on.node === undefined ? [...world.hosts.keys()] : [on.node]
    const ends = nodes.map((node) => hold(targets, storageLock(storage, node)))
    return () => ends.forEach((end) => end())
  }
  // The file's lock needs no VM: it is taken before one is made.
  if (word === 'file') return hold(targets, configLock(on.vmid))
  const vm = world.vms.get(on.vmid)
  if (vm === undefined) throw unknown('on.vmid', on.vmid, world.vms.keys())
  if (vm.config['lock'] !== undefined)
    throw new FaultError('on.vmid', on.vmid, `it must not be locked yet; it is (${vm.config['lock']})`)
  const end = undoable(targets, id, { kind: 'lock', vmid: vm.vmid, word })
  vm.config['lock'] = word
  return end
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
export const tokenGone: Begin = ({ id, spec: { on, what } }, targets) => {
  const { world } = targets
  const userid = on.user ?? ''
  const { tokens, users } = world.access
  const token = tokens.get(userid)
  if (what.kind === 'token-revoked') {
    if (token === undefined) throw unknown('on.user', userid, tokens.keys())
    const end = undoable(targets, id, { kind: 'revoked', id: userid, token: { ...token } })
    tokens.delete(userid)
    return end
  }
  const expiring = token ?? users.get(userid)
  if (expiring === undefined) throw unknown('on.user', userid, [...tokens.keys(), ...users.keys()])
  const past = Math.floor(world.clock.now() / 1000) - 60
  const end = undoable(targets, id, { kind: 'expired', id: userid, past, before: expiring.expire ?? 0 })
  expiring.expire = past
  return end
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
