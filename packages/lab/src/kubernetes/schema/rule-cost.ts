import type { FieldError } from '../errors.ts'
import { fieldError } from '../errors.ts'
import type { JsonObject } from '../resources.ts'
import { asText, isObject } from '../rest/json.ts'

const ADVICE =
  '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'

/**
 * Rules whose estimated cost a real server refuses, as far as it can be told without an estimate: a message that joins what `string()`
 * makes, whose length nothing bounds. `path` is that of the whole schema.
 */
export function ruleCostProblems(schema: JsonObject, path: string): FieldError[] {
  const dear = dearMessages(schema, path)
  if (dear.length === 0) return []
  return [
    ...dear.flatMap((field) => [
      fieldError.forbidden(
        field,
        `estimated messageExpression cost exceeds budget by factor of more than 100x ${ADVICE}`,
      ),
      fieldError.forbidden(
        field,
        'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema',
      ),
    ]),
    fieldError.forbidden(
      path,
      `x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x ${ADVICE}`,
    ),
  ]
}

/** Where such messages stand. */
function dearMessages(schema: JsonObject, path: string): string[] {
  const rules = schema['x-kubernetes-validations']
  const own = (Array.isArray(rules) ? rules : []).flatMap((rule, index) => {
    const text = isObject(rule) ? asText(rule['messageExpression']) : ''
    // What stands in quotes is no expression.
    const code = text.replaceAll(/'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/g, "''")
    const joins = /\+\s*string\(|\bstring\([^()]*\)\s*\+/.test(code)
    return joins ? [`${path}.x-kubernetes-validations[${index}].messageExpression`] : []
  })
  const { properties, items, additionalProperties } = schema
  const inside = isObject(properties)
    ? Object.entries(properties).flatMap(([name, each]) =>
        isObject(each) ? dearMessages(each, `${path}.properties[${name}]`) : [],
      )
    : []
  const below = [
    ['items', items],
    ['additionalProperties', additionalProperties],
  ] as const
  return [
    ...own,
    ...inside,
    ...below.flatMap(([name, each]) => (isObject(each) ? dearMessages(each, `${path}.${name}`) : [])),
  ]
}
