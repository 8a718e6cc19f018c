import type { ApiObject, Json, JsonObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'

/** A column as clients get it. */
export interface ColumnDefinition extends JsonObject {
  name: string
  type: string
  format: string
  description: string
  /** 0 is shown always, 1 only with -o wide. */
  priority: number
}

/** How one kind is shown. */
export interface KindTable {
  columns: ColumnDefinition[]
  /** The cells of an object, one for each column. */
  cells(object: ApiObject, now: number): Json[]
  /** Conditions of the row: that the object is finished. */
  conditions?(object: ApiObject): JsonObject[] | undefined
}

/** What stands where there is nothing. */
export const NONE = '<none>'
export const UNSET = '<unset>'
export const UNKNOWN = '<unknown>'

/**
 * Columns from a short text: names separated by `, `; `*` before a name makes it wide, `:type` after it sets the type
 * (string by default). The first is the name's column unless `format` says otherwise.
 */
export function columns(text: string, nameColumn = 'Name'): ColumnDefinition[] {
  return text.split(', ').map((part) => {
    const wide = part.startsWith('*')
    const [name = '', type = 'string'] = (wide ? part.slice(1) : part).split(':')
    return {
      name,
      type,
      format: name === nameColumn ? 'name' : '',
      description: '',
      priority: wide ? 1 : 0,
    }
  })
}

/** The member at a path, as an object; empty when it is none. */
export function objectAt(value: Json | undefined, ...path: string[]): JsonObject {
  let current = value
  for (const part of path) current = isObject(current) ? current[part] : undefined
  return isObject(current) ? current : {}
}

/** The list at a path; empty when it is none. */
export function listAt(value: Json | undefined, ...path: string[]): JsonObject[] {
  return valuesAt(value, ...path).filter(isObject)
}

/** All values of the list at a path. */
export function valuesAt(value: Json | undefined, ...path: string[]): Json[] {
  const last = path.at(-1) ?? ''
  const list = objectAt(value, ...path.slice(0, -1))[last]
  return Array.isArray(list) ? list : []
}

/** A text, or ''. */
export function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** A number, or 0. */
export function number(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

/** A text, or what stands for nothing. */
export function orNone(value: Json | undefined, instead = NONE): string {
  return typeof value === 'string' && value !== '' ? value : instead
}

/** A label selector as kubectl writes it: `a=b,c in (d,e)`; `<none>` when it is empty. */
export function selectorText(selector: Json | undefined): string {
  const parts: string[] = []
  const labels = objectAt(selector, 'matchLabels')
  for (const key of Object.keys(labels).toSorted()) parts.push(`${key}=${text(labels[key])}`)
  for (const each of listAt(selector, 'matchExpressions')) {
    const values = valuesAt(each, 'values').map(text).toSorted().join(',')
    switch (each['operator']) {
      case 'In':
        parts.push(`${text(each['key'])} in (${values})`)
        break
      case 'NotIn':
        parts.push(`${text(each['key'])} notin (${values})`)
        break
      case 'Exists':
        parts.push(text(each['key']))
        break
      default:
        parts.push(`!${text(each['key'])}`)
    }
  }
  return parts.length === 0 ? NONE : parts.join(',')
}

/** Labels as kubectl writes them; `<none>` when there are none. */
export function labelsText(labels: Json | undefined): string {
  return selectorText({ matchLabels: objectAt(labels) })
}

/** Names and images of a pod template's containers, joined by commas. */
export function containersOf(object: ApiObject): [string, string] {
  const list = listAt(object, 'spec', 'template', 'spec', 'containers')
  return [list.map((each) => text(each['name'])).join(','), list.map((each) => text(each['image'])).join(',')]
}
