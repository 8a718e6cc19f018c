import type { Exchange } from '../proxmox/http/connection.ts'
import { restoreTask } from '../proxmox/tasks.ts'
import type { Task } from '../proxmox/tasks.ts'
import { inOrder } from '../faults/conditions/undo.ts'
import type { ProxmoxWorld } from '../proxmox/world.ts'
import { decode, encode } from './codec.ts'
import type { Change, Journal } from './journal.ts'
import { EntryMap, observe } from './observe.ts'

/** Of a VM: what a new run of the lab makes anew. */
const VOLATILE_OF_VM = new Set(['agent', 'onShutdownRequest', 'published', 'console', 'screen', 'serial'])
/** Of a host. */
const VOLATILE_OF_HOST = new Set(['published'])
/** Lines of the cluster's log that are kept. */
const LOG_LINES = 1000

/** A world that outlives the process. */
export interface KeptWorld {
  /** Writes what has changed: before every answer, for what is answered is acknowledged. */
  flush(): void
  /** An exchange whose answer waits until what it tells is kept. */
  beforeAnswer(exchange: Exchange): Exchange
  close(): void
}

/** Maps of a world, each entry kept by itself. */
function mapsOf(
  world: ProxmoxWorld,
): Record<string, [owner: object, field: string, except?: ReadonlySet<string>]> {
  const { access, cluster } = world
  return {
    hosts: [world, 'hosts', VOLATILE_OF_HOST],
    storages: [world, 'storages'],
    volumes: [world, 'volumes'],
    vms: [world, 'vms', VOLATILE_OF_VM],
    pools: [world, 'pools'],
    users: [access, 'users'],
    tokens: [access, 'tokens'],
    roles: [access, 'roles'],
    groups: [access, 'groups'],
    realms: [cluster, 'realms'],
    containers: [cluster, 'containers'],
    ha: [cluster, 'haResources'],
    backups: [cluster, 'backupJobs'],
    files: [cluster, 'files'],
    hostConfigs: [cluster, 'hostConfigs'],
    interfaces: [cluster, 'interfaces'],
    pendingInterfaces: [cluster, 'pendingInterfaces'],
    firewalls: [cluster, 'firewalls'],
  }
}

/** Fields of a world that are kept whole. */
function fieldsOf(world: ProxmoxWorld): Record<string, [owner: object, field: string]> {
  return {
    acl: [world.access, 'acl'],
    datacenter: [world.cluster, 'datacenter'],
    dns: [world.cluster, 'dns'],
    bridges: [world, 'bridges'],
  }
}

type Fields = Record<string, unknown>

/** Fills a world that nothing is in yet with what a journal holds of it. */
export function restoreWorld(world: ProxmoxWorld, journal: Journal): void {
  for (const [name, [owner, field]] of Object.entries(mapsOf(world))) {
    const map = (owner as Fields)[field] as Map<unknown, unknown>
    map.clear()
    for (const [, value] of journal.entries(`p/${name}/`)) {
      const [key, entry] = decode(value) as [unknown, unknown]
      // Absent fields are not kept; those that the type has as undefined come back so by themselves.
      if (name === 'vms')
        Object.assign(entry as object, {
          agent: undefined,
          onShutdownRequest: undefined,
          published: undefined,
          console: '',
        })
      map.set(key, entry)
    }
  }
  // One that left the cluster and came back was kept last.
  inOrder(world.hosts, [...world.hosts.values()])
  for (const [name, [owner, field]] of Object.entries(fieldsOf(world))) {
    const value = journal.get(`p/${name}`)
    if (value !== undefined) (owner as Fields)[field] = decode(value)
  }
  const flags = journal.get('p/flags') as { realmsFile: boolean } | undefined
  if (flags !== undefined) world.cluster.realmsFile = flags.realmsFile
  for (const [, value] of journal.entries('p/log/'))
    world.cluster.log.push(value as (typeof world.cluster.log)[number])
  for (const [, value] of journal.entries('p/tasks/'))
    restoreTask(world, value as Parameters<typeof restoreTask>[1])
}

/**
 * Keeps a world in a journal from now on. What changes in one go, between two waits of whoever changes it, is written in one piece:
 * at once when something is answered, else as soon as nobody runs.
 */
export function keepWorld(world: ProxmoxWorld, journal: Journal): KeptWorld {
  const dirty = new Map<string, () => string | undefined>()
  let scheduled: NodeJS.Immediate | undefined
  const mark = (key: string, read: () => string | undefined): void => {
    dirty.set(key, read)
    scheduled ??= setImmediate(flush)
  }
  const running = new Map<string, { task: Task; lines: number }>()
  const keptTasks = new Set<string>()
  let lastLine = world.cluster.log.at(-1)?.id ?? 0
  const flush = (): void => {
    if (scheduled !== undefined) clearImmediate(scheduled)
    scheduled = undefined
    const changes: Change[] = []
    for (const [key, read] of dirty) changes.push([key, read()])
    dirty.clear()
    for (const entry of running.values())
      if (entry.task.log.length > entry.lines) {
        entry.lines = entry.task.log.length
        changes.push(taskChange(entry.task))
      }
    for (const line of world.cluster.log.slice(-LOG_LINES)) {
      if (line.id <= lastLine) continue
      lastLine = line.id
      changes.push([`p/log/${line.id}`, encode(line)], [`p/log/${line.id - LOG_LINES}`, undefined])
    }
    const { realmsFile } = world.cluster
    changes.push(['p/flags', encode({ realmsFile })])
    journal.put(changes)
  }
  for (const [name, [owner, field, except]] of Object.entries(mapsOf(world))) {
    const map = (owner as Fields)[field] as Map<string | number, unknown>
    const kept = new EntryMap(map, {
      ...(except && { except }),
      changed: (key) => mark(`p/${name}/${key}`, () => entryText(kept, key, except)),
    })
    ;(owner as Fields)[field] = kept
    for (const key of kept.keys()) mark(`p/${name}/${key}`, () => entryText(kept, key, except))
  }
  for (const [name, [owner, field]] of Object.entries(fieldsOf(world)))
    keepField(owner as Fields, field, (read) => mark(`p/${name}`, read))
  const started = (task: Task): void => {
    running.set(task.upid, { task, lines: task.log.length })
    keptTasks.add(task.upid)
    mark(`p/tasks/${task.upid}`, () => taskChange(task)[1])
  }
  const ended = (task: Task): void => {
    running.delete(task.upid)
    mark(`p/tasks/${task.upid}`, () => taskChange(task)[1])
    // The world forgets old tasks many at a time.
    if (keptTasks.size > world.tasks.size + 200)
      for (const upid of keptTasks)
        if (!world.tasks.has(upid)) {
          keptTasks.delete(upid)
          mark(`p/tasks/${upid}`, () => undefined)
        }
  }
  for (const task of world.tasks.values()) started(task)
  for (const task of world.tasks.values()) if (task.exitstatus !== undefined) running.delete(task.upid)
  world.events.on('taskStarted', started)
  world.events.on('taskEnded', ended)
  flush()
  return {
    flush,
    beforeAnswer: (exchange) => ({
      ...exchange,
      answer(given) {
        flush()
        exchange.answer(given)
      },
    }),
    close() {
      world.events.off('taskStarted', started)
      world.events.off('taskEnded', ended)
      flush()
    },
  }
}

/** Keeps a field: its content, and what it is set to. */
function keepField(owner: Fields, field: string, mark: (read: () => string) => void): void {
  let value = owner[field] as object
  const changed = (): void => mark(() => encode(value))
  const observed = (next: object): object => observe(next, { changed })
  value = observed(value)
  Object.defineProperty(owner, field, {
    enumerable: true,
    configurable: true,
    get: () => value,
    set: (next: object) => {
      value = observed(next)
      changed()
    },
  })
  changed()
}

/** `[key, value]` of a map's entry; undefined when it is gone. */
function entryText(
  map: ReadonlyMap<string | number, unknown>,
  key: string | number,
  except?: ReadonlySet<string>,
): string | undefined {
  if (!map.has(key)) return undefined
  const value = map.get(key)
  if (except === undefined) return encode([key, value])
  return encode([
    key,
    Object.fromEntries(Object.entries(value as object).filter(([name]) => !except.has(name))),
  ])
}

function taskChange({
  upid,
  node,
  pid,
  pstart,
  starttime,
  type,
  id,
  user,
  log,
  endtime,
  exitstatus,
  ended,
}: Task): Change {
  return [
    `p/tasks/${upid}`,
    JSON.stringify({ upid, node, pid, pstart, starttime, type, id, user, log, endtime, exitstatus, ended }),
  ]
}
