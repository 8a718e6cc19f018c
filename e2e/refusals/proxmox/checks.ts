import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Answer, Caller, Host, Request } from './host.ts'
import { asAnswer, normal, type Refusal } from './oracle.ts'

/** Compares answers with what they have to be, and tells in the end of all that differ. */
export interface Checks {
  /** Sends a request. `kind` counts it. */
  readonly compare: (request: Request, wanted: Answer, kind?: string) => Promise<void>
  /** Sends a request that is refused, in the format that its target names. */
  readonly refused: (request: Request, refusal: Refusal, kind?: string) => Promise<void>
  /** Notes what was found to differ elsewhere. */
  readonly note: (problem: string) => void
  readonly count: (kind: string) => void
  /** Fails if an answer differed, or fewer than so many were compared. */
  readonly settle: (t: TestContext, least: number) => void
}

/** Begins with nothing compared. */
export function checksOf(host: Host): Checks {
  const problems: string[] = []
  const counts = new Map<string, number>()
  const count = (kind: string): void => {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const compare = async (request: Request, wanted: Answer, kind = 'answers'): Promise<void> => {
    const got = normal(await host.ask(request))
    count(kind)
    if (got.line === wanted.line && got.body === wanted.body) return
    const asked = `${kind}: ${request.method} ${request.target} ${request.body?.[1] ?? ''}`
    problems.push(
      [asked, got.line, got.body, wanted.line, wanted.body].map((line) => line.slice(0, 400)).join('\n  '),
    )
  }
  return {
    compare,
    refused: (request, refusal, kind) =>
      compare(request, asAnswer(refusal, request.target.startsWith('/api2/extjs') ? 'extjs' : 'json'), kind),
    note: (problem) => problems.push(problem),
    count,
    settle: (t, least) => {
      const all = [...counts].reduce((sum, [kind, times]) => sum + (kind === 'SDK' ? 0 : times), 0)
      t.diagnostic(`${all} answers: ${[...counts].map(([kind, times]) => `${kind} ${times}`).join('; ')}`)
      const found = problems.splice(0)
      assert.equal(found.length, 0, `${found.length} disagree, as:\n${found.slice(0, 20).join('\n')}`)
      assert.ok(all >= least, `${all} answers only`)
      counts.clear()
    },
  }
}

/** A call written as `POST /nodes/pve1/qemu`, with parameters where they belong. */
export function callOf(
  caller: Caller,
  call: string,
  params: Readonly<Record<string, string>> = {},
  format = 'json',
): Request {
  const [method = '', path = ''] = call.split(' ')
  const text = new URLSearchParams(params).toString()
  const target = `/api2/${format}${path}`
  if (method === 'GET' || method === 'DELETE')
    return { method, target: text === '' ? target : `${target}?${text}`, caller }
  return { method, target, caller, body: ['application/x-www-form-urlencoded', text] }
}
