import assert from 'node:assert/strict'
import type { Param } from '@fochista/proxmox/schema'
import type { Identity } from './permissions.ts'
import { testWorld, type TestWorld } from './qemu/test-world.ts'
import { findRoute } from './routes.ts'

/** A call whose answer is looked at: what the schema's `returns` does not allow fails the test. */
export type Ask = (
  request: string,
  params?: Record<string, string | string[]>,
  identity?: Identity,
) => Promise<unknown>

/** A cluster of two hosts and what calls it, the shape of each answer being checked. */
export function checkedWorld(speed?: number): TestWorld & { readonly ask: Ask } {
  const lab = testWorld(speed)
  return {
    ...lab,
    ask: async (request, params, identity) => {
      const answer = asJson(await lab.call(request, params, identity))
      const [method = '', path = ''] = request.split(' ')
      assert.deepEqual(answerProblems(findRoute(method, path)?.call.returns, answer), [], request)
      return answer
    },
  }
}

/** A handler's answer as a client has it: `Answer` opened, absent fields left out. */
function asJson(answer: unknown): unknown {
  const data =
    typeof answer === 'object' && answer !== null && 'extra' in answer && 'data' in answer
      ? answer.data
      : answer
  return JSON.parse(JSON.stringify(data ?? null)) as unknown
}

/** Numbers of the schema that the original sends as text: what stands in the path is not made a number. */
const AS_TEXT = /\.pos$/
/** Text that is null where there is none: what an image stands on. */
const OR_NULL = /\.parent$/

/** What is wrong with an answer by its schema; empty when nothing is. */
function answerProblems(returns: Param | undefined, value: unknown, path = 'data'): string[] {
  const { type } = returns ?? {}
  if (returns === undefined || type === undefined || type === 'any') return []
  const wrong = [`${path} is ${JSON.stringify(value)}, not ${type}`]
  switch (type) {
    case 'null':
      return value === null ? [] : wrong
    case 'boolean':
      return value === 0 || value === 1 ? [] : wrong
    case 'integer':
      return Number.isInteger(AS_TEXT.test(path) ? Number(value) : value) ? [] : wrong
    case 'number':
      return typeof value === 'number' ? [] : wrong
    case 'string':
      if (value === null && OR_NULL.test(path)) return []
      if (typeof value !== 'string') return wrong
      return returns.enum === undefined || returns.enum.includes(value) ? [] : [`${path} is ${value}`]
    case 'array':
      if (!Array.isArray(value)) return wrong
      return value.flatMap((each, index) => answerProblems(returns.items, each, `${path}[${index}]`))
    default:
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong
      return objectProblems(returns, value as Record<string, unknown>, path)
  }
}

function objectProblems(
  { props = {}, extra }: Param,
  value: Record<string, unknown>,
  path: string,
): string[] {
  const problems: string[] = []
  for (const [name, param] of Object.entries(props))
    if (value[name] !== undefined) problems.push(...answerProblems(param, value[name], `${path}.${name}`))
    else if (param.opt !== 1 && param.idx === undefined && param.type !== undefined)
      problems.push(`${path}.${name} is missing`)
  if (extra === 0)
    for (const name in value)
      if (props[name] === undefined && props[name.replace(/\d+$/, '[n]')] === undefined)
        problems.push(`${path}.${name} is not in the schema`)
  return problems
}
