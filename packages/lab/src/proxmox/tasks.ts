import type { ProxmoxWorld } from './world.ts'

/** A task: what it is, its log, and how it ended. */
export interface Task {
  readonly upid: string
  readonly node: string
  readonly pid: number
  readonly pstart: number
  /** Seconds since 1970. */
  readonly starttime: number
  readonly type: string
  readonly id: string
  /** `user@realm` or `user@realm!token`. */
  readonly user: string
  readonly log: string[]
  endtime: number | undefined
  exitstatus: string | undefined
  /** Place in the order of endings; absent while it runs. */
  ended?: number
  readonly abort: AbortController
  /** Resolves when it has ended. */
  readonly done: Promise<void>
}

/** What a worker may do. */
export interface Worker {
  log(line: string): void
  /** Logs a warning; the task then ends with `WARNINGS: n`. */
  warn(text: string): void
  readonly signal: AbortSignal
}

/** What a task does. */
export type Work = (worker: Worker) => Promise<void>

/** What a task is, before it has a number. */
export interface TaskFacts {
  readonly node: string
  readonly type: string
  readonly id: string
  /** `user@realm` or `user@realm!token`. */
  readonly user: string
}

/** Starts a task; the HTTP call returns its UPID at once. What the worker throws becomes the exit status. */
export function startTask(world: ProxmoxWorld, facts: TaskFacts, given: Work): string {
  const work = world.faults.runTask?.(facts, given) ?? given
  const now = world.clock.now()
  const host = world.hosts.get(facts.node)
  const pid = world.nextPid()
  // It counts from the host's boot, whatever has become of the host's clock since.
  const pstart = Math.max(0, Math.floor((now - (host?.bootedAt ?? now)) / 10))
  const starttime = Math.floor(now / 1000)
  const hex = (value: number, width = 8): string => value.toString(16).toUpperCase().padStart(width, '0')
  const upid = `UPID:${facts.node}:${hex(pid)}:${hex(pstart)}:${hex(starttime)}:${facts.type}:${facts.id}:${facts.user}:`
  const log: string[] = []
  const abort = new AbortController()
  let warnings = 0
  const worker: Worker = {
    log: (line) => log.push(...line.split('\n')),
    warn: (text) => {
      warnings += 1
      log.push(`WARN: ${text}`)
    },
    signal: abort.signal,
  }
  const finish = (exitstatus: string, last: string): void => {
    // A worker that was killed says nothing more.
    if (task.exitstatus !== undefined) return
    log.push(last)
    endTask(world, task, exitstatus)
  }
  const done = Promise.resolve()
    .then(() => work(worker))
    .then(
      () =>
        warnings > 0
          ? finish(`WARNINGS: ${warnings}`, `TASK WARNINGS: ${warnings}`)
          : finish('OK', 'TASK OK'),
      (error: unknown) => {
        const text = (
          abort.signal.aborted && error === abort.signal.reason
            ? 'received interrupt'
            : error instanceof Error
              ? error.message
              : String(error)
        )
          .trim()
          .replaceAll('\n', ' ')
        finish(text, `TASK ERROR: ${text}`)
      },
    )
  const task: Task = {
    upid,
    ...facts,
    pid,
    pstart,
    starttime,
    log,
    endtime: undefined,
    exitstatus: undefined,
    abort,
    done,
  }
  world.tasks.set(upid, task)
  world.events.emit('taskStarted', task)
  return upid
}

let endings = 0

/** A task of a run of the lab that has ended: one that was running was killed with it. */
export function restoreTask(
  world: ProxmoxWorld,
  record: Pick<Task, 'upid' | 'node' | 'pid' | 'pstart' | 'starttime' | 'type' | 'id' | 'user' | 'log'> &
    Partial<Pick<Task, 'endtime' | 'exitstatus' | 'ended'>>,
): void {
  const { endtime, exitstatus, ended = endings + 1 } = record
  endings = Math.max(endings, ended)
  world.tasks.set(record.upid, {
    ...record,
    endtime: exitstatus === undefined ? Math.floor(world.clock.now() / 1000) : endtime,
    exitstatus: exitstatus ?? 'unexpected status',
    ended,
    abort: new AbortController(),
    done: Promise.resolve(),
  })
}

/** Writes down how a task ended. */
export function endTask(world: ProxmoxWorld, task: Task, exitstatus: string): void {
  task.exitstatus = exitstatus
  task.endtime = Math.floor(world.clock.now() / 1000)
  task.ended = ++endings
  world.events.emit('taskEnded', task)
  prune(world)
}

/** Ends a task hard: its worker stops without a last word, and its log has no last line. */
export function killTask(world: ProxmoxWorld, task: Task): void {
  if (task.exitstatus !== undefined) return
  endTask(world, task, 'unexpected status')
  task.abort.abort()
}

/** Only so many finished tasks are kept, as the original's index files do. */
function prune(world: ProxmoxWorld): void {
  if (world.tasks.size <= 2000) return
  for (const [upid, task] of world.tasks) {
    if (task.exitstatus === undefined) continue
    world.tasks.delete(upid)
    if (world.tasks.size <= 1800) return
  }
}

/** Waits `ms` of hardware time inside a worker; throws when the task is stopped. */
export function spend(world: ProxmoxWorld, worker: Worker, ms: number): Promise<void> {
  return world.clock.sleep(ms, worker.signal)
}
