import { setTimeout as sleepFor } from 'node:timers/promises'
import type { Proxmox } from './client.ts'
import { ProxmoxTaskError } from './errors.ts'
import { isConnectionError, isTimeout } from './failures.ts'
import { parseUpid } from './upid.ts'

/** Where a task stands. */
export type TaskStatus =
  | { readonly state: 'running'; readonly upid: string }
  | {
      readonly state: 'succeeded'
      readonly upid: string
      readonly exitStatus: string
      /** Count of warnings in its log. */ readonly warnings: number
    }
  | { readonly state: 'failed'; readonly upid: string; readonly exitStatus: string }

/** Options of a wait. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined
  /**
   * First pause between looks, milliseconds. Later ones are a tenth of the time waited so far, at most five seconds: a task is never
   * noticed later than a tenth of its own time after its end. @default 100
   */
  readonly pollMs?: number
  /** Called with the last line of the log whenever it changed. */
  readonly onProgress?: (line: string) => void
}

/** The tasks of a cluster. */
export interface Tasks {
  /** Looks once. Throws isNotFound errors for a task that nobody knows. */
  status(upid: string, options?: { signal?: AbortSignal }): Promise<TaskStatus>
  /**
   * Waits for the end; looks often at first, then less. Goes on over connections that break for less than a minute. Throws ProxmoxTaskError
   * with the end of the log if the task failed, and the signal's reason when aborted; the task itself then goes on.
   */
  wait(upid: string, options?: WaitOptions): Promise<Extract<TaskStatus, { state: 'succeeded' }>>
  /** The log, line by line, until the task has ended. */
  log(upid: string, options?: { signal?: AbortSignal }): AsyncIterable<string>
  /** The last lines of the log. */
  tail(upid: string, lines?: number): Promise<string[]>
  /** Asks a task to stop, and waits until it has: up to five seconds. One that has ended is no error. */
  stop(upid: string): Promise<void>
}

/** Lines of a log asked for at once. */
const PAGE = 500
/** Longest pause between two looks, milliseconds. */
const LONGEST_PAUSE = 5000
/** How long a wait bears that Proxmox cannot be reached, milliseconds. */
const PATIENCE = 60_000
/** What Proxmox gives as a line when there is none: an empty log, or no log file yet. */
const NO_LINE = /^(?:no content$|unable to open file - )/

/** Makes the task calls of a client. */
export function createTasks(proxmox: Pick<Proxmox, 'get' | 'getPage' | 'delete'>): Tasks {
  const at = (upid: string): { node: string; upid: string } => ({ node: parseUpid(upid).node, upid })

  const status: Tasks['status'] = async (upid, options) => {
    const { status: state, exitstatus } = await proxmox.get('/nodes/{node}/tasks/{upid}/status', {
      path: at(upid),
      ...options,
    })
    if (state !== 'stopped') return { state: 'running', upid }
    return judge(upid, exitstatus ?? 'unexpected status')
  }

  const page = async (
    upid: string,
    start: number,
    limit: number,
    signal?: AbortSignal,
  ): Promise<{ lines: string[]; total: number }> => {
    const { data, total = 0 } = await proxmox.getPage('/nodes/{node}/tasks/{upid}/log', {
      path: at(upid),
      query: { start, limit },
      signal,
    })
    const lines = data.map(({ t }) => t)
    return lines.length === 1 && NO_LINE.test(lines[0] ?? '')
      ? { lines: [], total: 0 }
      : { lines, total: Math.max(total, start + lines.length) }
  }

  const tail: Tasks['tail'] = async (upid, lines = 20) => {
    // How long the log is stands in every page of it: a first look that holds all of a short log tells where a long one's end is.
    const first = await page(upid, 0, lines)
    if (first.total <= lines) return first.lines
    return (await page(upid, first.total - lines, lines)).lines
  }

  async function* log(upid: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<string> {
    const since = Date.now()
    for (let seen = 0; ;) {
      // Asked before the log is read: what a task wrote before it ended is then always read.
      const hasEnded = (await status(upid, signal ? { signal } : {})).state !== 'running'
      for (;;) {
        const { lines } = await page(upid, seen, PAGE, signal)
        yield* lines
        seen += lines.length
        if (lines.length < PAGE) break
      }
      if (hasEnded) return
      await pause(pauseAfter(Date.now() - since, 200), signal)
    }
  }

  /** Tells the last line if it changed; asks only for what is new. */
  const teller = (
    upid: string,
    tell: (line: string) => void,
    signal?: AbortSignal,
  ): (() => Promise<void>) => {
    let seen = 0
    return async () => {
      const { lines } = await page(upid, seen, PAGE, signal)
      seen += lines.length
      const last = lines.at(-1)
      if (last !== undefined) tell(last)
    }
  }

  return {
    status,
    tail,
    log,
    wait: async (upid, { signal, pollMs = 100, onProgress } = {}) => {
      const since = Date.now()
      let reachedAt = since
      const tell = onProgress && teller(upid, onProgress, signal)
      for (;;) {
        try {
          const now = await status(upid, signal ? { signal } : {})
          await tell?.()
          if (now.state === 'succeeded') return now
          if (now.state === 'failed')
            throw new ProxmoxTaskError(upid, now.exitStatus, await tail(upid).catch(() => []))
          reachedAt = Date.now()
        } catch (error) {
          const passes = isConnectionError(error) || isTimeout(error)
          if (!passes || Date.now() - reachedAt > PATIENCE) throw error
        }
        await pause(pauseAfter(Date.now() - since, pollMs), signal)
      }
    },
    stop: async (upid) => {
      await proxmox.delete('/nodes/{node}/tasks/{upid}', { path: at(upid) })
    },
  }
}

function pauseAfter(waitedMs: number, first: number): number {
  return Math.min(Math.max(first, waitedMs / 10), Math.max(LONGEST_PAUSE, first))
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleepFor(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw error
  })
}

/** Success is `OK` or a count of warnings; all else is a failure. */
function judge(upid: string, exitStatus: string): TaskStatus {
  const warnings = /^WARNINGS: (\d+)$/.exec(exitStatus)
  if (exitStatus === 'OK' || warnings)
    return { state: 'succeeded', upid, exitStatus, warnings: Number(warnings?.[1] ?? 0) }
  return { state: 'failed', upid, exitStatus }
}
