import assert from 'node:assert/strict'
import type { Bench } from '../../harness.ts'
import type { Fault } from './scenario.ts'

/** A fault, and how often it was asked for and struck. */
interface Struck extends Fault {
  readonly id: string
  readonly seen: number
  readonly struck: number
}

/** The faults of a bench's lab, over its endpoint. */
export interface LabFaults {
  readonly add: (spec: Fault) => Promise<void>
  list(): Promise<Struck[]>
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
  return {
    add: async (spec) => void (await call('POST', spec)),
    list: async () => ((await call('GET')) as { faults: Struck[] }).faults,
    clear: async () => void (await call('DELETE')),
  }
}
