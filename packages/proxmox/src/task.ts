import { setTimeout as sleep } from 'node:timers/promises'
import type { Proxmox } from './client.ts'
import { ProxmoxTaskError } from './errors.ts'
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
  /** First pause between looks, milliseconds; it grows by half up to eight times. @default 100 */
  readonly pollMs?: number
  /** Called with the last lines of the log whenever they changed. */
  readonly onProgress?: (line: string) => void
}

/** The tasks of a cluster. */
export interface Tasks {
  /** Looks once. Throws isNotFound errors for a task that nobody knows. */
  status(upid: string, options?: { signal?: AbortSignal }): Promise<TaskStatus>
  /** Waits for the end; looks often at first, then less. Throws ProxmoxTaskError with the end of the log if the task failed. */
  wait(upid: string, options?: WaitOptions): Promise<Extract<TaskStatus, { state: 'succeeded' }>>
  /** The log, line by line, until the task has ended. */
  log(upid: string, options?: { signal?: AbortSignal }): AsyncIterable<string>
  /** The last lines of the log. */
  tail(upid: string, lines?: number): Promise<string[]>
  /** Asks a task to stop. */
  stop(upid: string): Promise<void>
}

const PAGE = 500

/** Makes the task calls of a client. */
export function createTasks(proxmox: Proxmox): Tasks {
  const at = (upid: string): { node: string; upid: string } => ({ node: parseUpid(upid).node, upid })
  const status: Tasks['status'] = async (upid, options) => {
    const { status: state, exitstatus } = await proxmox.get('/nodes/{node}/tasks/{upid}/status', {
      path: at(upid),
      ...options,
    })
    if (state !== 'stopped') return { state: 'running', upid }
    return judge(upid, exitstatus ?? 'unexpected status')
  }
  const tail: Tasks['tail'] = async (upid, lines = 20) => {
    // The log is paged from its start and its length is unknown: page forward, keep the end.
    let last: string[] = []
    for await (const line of pages(upid)) last = [...last, line].slice(-lines)
    return last
  }
  async function* pages(upid: string, from = 0, signal?: AbortSignal): AsyncGenerator<string> {
    for (let start = from; ; start += PAGE) {
      const page = await proxmox.get('/nodes/{node}/tasks/{upid}/log', {
        path: at(upid),
        query: { start, limit: PAGE },
        signal,
      })
      // An empty log is one line that says so.
      const lines = page.filter(({ t }) => t !== 'no content')
      for (const { t } of lines) yield t
      if (page.length < PAGE) return
    }
  }
  async function* log(upid: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<string> {
    let seen = 0
    for (;;) {
      // Asked before the log is read: what a task wrote before it ended is then always read.
      const ended = (await status(upid, signal ? { signal } : {})).state !== 'running'
      for await (const line of pages(upid, seen, signal)) {
        seen += 1
        yield line
      }
      if (ended) return
      await sleep(500, undefined, { signal })
    }
  }
  return {
    status,
    tail,
    log,
    wait: async (upid, { signal, pollMs = 100, onProgress } = {}) => {
      let pause = pollMs
      let said: string | undefined
      for (;;) {
        const now = await status(upid, signal ? { signal } : {})
        if (now.state === 'succeeded') return now
        if (now.state === 'failed')
          throw new ProxmoxTaskError(upid, now.exitStatus, await tail(upid).catch(() => []))
        if (onProgress) {
          const line = (await tail(upid, 1))[0]
          if (line !== undefined && line !== said) onProgress((said = line))
        }
        await sleep(pause, undefined, { signal })
        pause = Math.min(pause * 1.5, pollMs * 8)
      }
    },
    stop: async (upid) => {
      await proxmox.delete('/nodes/{node}/tasks/{upid}', { path: at(upid) })
    },
  }
}

/** Success is `OK` or a count of warnings; all else is a failure. */
export function judge(upid: string, exitStatus: string): TaskStatus {
  const warnings = /^WARNINGS: (\d+)$/.exec(exitStatus)
  if (exitStatus === 'OK' || warnings)
    return { state: 'succeeded', upid, exitStatus, warnings: Number(warnings?.[1] ?? 0) }
  return { state: 'failed', upid, exitStatus }
}
