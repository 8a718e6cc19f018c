import assert from 'node:assert/strict'
import type { Bench } from '../../harness.ts'
import type { Fault } from './scenario.ts'

/** A fault, and how often it was asked for and struck. */
interface Struck extends Fault {
  readonly id: string
  readonly what: { readonly kind: string }
  readonly seen: number
  readonly struck: number
}

/** What strikes one occasion after the other; the other kinds are states, which strike nothing that could be counted. */
const COUNTED: ReadonlySet<string> = new Set([
  'answer',
  'delay',
  'hang',
  'reset',
  'task-fails',
  'task-hangs',
  'task-warns',
  'watch-drops',
  'guest-stops',
  'kubelet-stops',
])

/** The faults of a bench's lab, over its endpoint. */
export interface LabFaults {
  readonly add: (spec: Fault) => Promise<void>
  list(): Promise<Struck[]>
  /** Those that were to strike requests, tasks or guests and have struck none. */
  missed(): Promise<Struck[]>
  clear(): Promise<void>
}

/** Makes the calls. They throw what the endpoint refuses. */
export function createLabFaults({ environment }: Bench): LabFaults {
  const { LAB_URL: url = '', LAB_TOKEN: token = '' } = environment
  const call = async (method: string, body?: object): Promise<unknown> => {
    const answer = await fetch(`${url}/faults`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    const text = await answer.text()
    assert.ok(answer.ok, `${method} /faults ${JSON.stringify(body)}: ${answer.status} ${text}`)
    return JSON.parse(text)
  }
  const list = async (): Promise<Struck[]> => ((await call('GET')) as { faults: Struck[] }).faults
  return {
    add: async (spec) => void (await call('POST', spec)),
    list,
    missed: async () => (await list()).filter(({ what, struck }) => COUNTED.has(what.kind) && struck === 0),
    clear: async () => void (await call('DELETE')),
  }
}
