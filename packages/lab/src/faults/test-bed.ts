import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { startLab } from '../lab.ts'
import type { Lab } from '../lab.ts'
import { lastingPort } from '../state/ports.ts'
import type { FaultSpec } from './spec.ts'

/** What a back end has answered. */
export interface Answer {
  readonly status: number
  readonly reason: string
  readonly headers: NodeJS.Dict<string | string[]>
  readonly body: string
}

interface Asked {
  readonly body?: string
  /** Of the body. Default: what the back end's clients send. */
  readonly type?: string
  /** Milliseconds after which nobody waits for the answer any more. Default: for ever. */
  readonly timeout?: number
  /** Default: that of the lab's administrator. */
  readonly authorization?: string
  /** Called when the answer begins. */
  readonly onHead?: () => void
}

/** A lab for tests of faults, and calls of its back ends. */
export interface FaultBed {
  readonly lab: Lab
  /** What its parts would write to their logs. */
  readonly problems: readonly string[]
  readonly add: (spec: FaultSpec) => Promise<{ id: string }>
  /** Calls one of the back ends. Rejects where there is no answer. */
  readonly call: (
    side: 'proxmox' | 'kubernetes',
    method: string,
    path: string,
    asked?: Asked,
  ) => Promise<Answer>
  /** Asks for a full clone of VM 9000 on pve1. */
  readonly clone: (newid: number) => Promise<Answer>
  /** Waits for the end of a Proxmox task: its exit status. */
  readonly ending: (upid: string) => Promise<string>
  readonly exists: (vmid: number) => boolean
}

/** Starts a lab whose servers find their ports free again when they were away. */
export async function startFaultBed(): Promise<FaultBed> {
  const problems: string[] = []
  const lab = await startLab({
    ports: { proxmox: await lastingPort(), kubernetes: await lastingPort() },
    speed: 100,
    log: (text) => problems.push(text),
  })
  const call: FaultBed['call'] = (side, method, path, asked = {}) => {
    const env = lab.environment
    const isProxmox = side === 'proxmox'
    const base = isProxmox ? `${env['PROXMOX_URL']}/api2/json` : (env['KAMAJI_URL'] ?? '')
    const authorization =
      asked.authorization ??
      (isProxmox
        ? `PVEAPIToken=${env['PROXMOX_TOKEN_ID']}=${env['PROXMOX_SECRET']}`
        : `Bearer ${env['KAMAJI_TOKEN']}`)
    const { body, type = isProxmox ? 'application/x-www-form-urlencoded' : 'application/json' } = asked
    return new Promise((resolve, reject) => {
      const outgoing = request(
        base + path,
        {
          method,
          agent: false,
          ca: readFileSync(env[isProxmox ? 'PROXMOX_CA' : 'KAMAJI_CA'] ?? ''),
          ...(asked.timeout === undefined ? {} : { signal: AbortSignal.timeout(asked.timeout) }),
          headers: {
            authorization,
            ...(body === undefined
              ? {}
              : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
          },
        },
        (response) => {
          asked.onHead?.()
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => (text += chunk))
          response.on('error', reject)
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              reason: response.statusMessage ?? '',
              headers: response.headers,
              body: text,
            }),
          )
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
  return {
    lab,
    problems,
    call,
    add: (spec) => lab.faults.add(spec),
    clone: (newid) =>
      call('proxmox', 'POST', '/nodes/pve1/qemu/9000/clone', { body: `newid=${newid}&full=1` }),
    ending: async (upid) => {
      const node = upid.split(':')[1] ?? ''
      const path = `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`
      for (;;) {
        const { status, exitstatus } = data<{ status: string; exitstatus?: string }>(
          await call('proxmox', 'GET', path),
        )
        if (status === 'stopped') return exitstatus ?? ''
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
    exists: (vmid) => lab.proxmox.world.vms.has(vmid),
  }
}

/** What is in an answer of Proxmox. */
export const data = <T>(answer: Answer): T => (JSON.parse(answer.body) as { data: T }).data

/** Tries what has to happen within a time that is short, and with a longer one where this process was too slow for it. */
export async function whileItLasts(within: (ms: number) => Promise<boolean>): Promise<void> {
  for (const ms of [100, 1000, 10_000]) if (await within(ms)) return
  throw new Error('it does not hold for ten seconds')
}
