import type { Core } from '../rest/core.ts'
import type { JsonObject } from '../resources.ts'
import { asText, isObject } from '../rest/json.ts'
import { compile, toCel } from '../schema/cel.ts'

/** What an expression of a webhook or a policy may speak of. */
export interface Variables {
  readonly object: JsonObject | null
  readonly oldObject: JsonObject | null
  readonly request: JsonObject
  readonly namespaceObject?: JsonObject | null
  readonly params?: JsonObject | null
}

/** The value of a CEL expression. Throws an Error with the text of what went wrong. */
export function evaluate(
  expression: string,
  variables: Variables,
  named: { readonly [name: string]: unknown } = {},
): unknown {
  const program = compile(expression)
  if (program instanceof Error) throw program
  const context: { [name: string]: unknown } = { variables: named }
  for (const [name, value] of Object.entries(variables)) context[name] = toCel(undefined, value)
  try {
    return program(context)
  } catch (error) {
    const text = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new Error(text.replace(/^No such key: /, 'no such key: '), { cause: error })
  }
}

/**
 * Whether all `matchConditions` hold. One that is false decides before one that cannot be told. Throws an Error where one cannot be
 * told and none is false.
 */
export function conditionsHold(conditions: unknown, variables: Variables): boolean {
  let problem: Error | undefined
  for (const condition of Array.isArray(conditions) ? conditions.filter(isObject) : []) {
    const expression = asText(condition['expression'])
    try {
      if (evaluate(expression, variables) !== true) return false
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      problem ??= new Error(`expression '${expression}' resulted in error: ${text}`, { cause: error })
    }
  }
  if (problem !== undefined) throw problem
  return true
}

/** All objects of a kind of the admission API, by name. */
export function configurations(core: Core, resource: string): JsonObject[] {
  return core.storage
    .list(`admissionregistration.k8s.io/${resource}`)
    .toSorted((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1))
}
