import type { ApiObject, JsonObject } from './resources.ts'
import { asText, at, isObject } from './rest/json.ts'

/** The names of a CRD that are served, and why some of those it asks for are not. */
export interface AcceptedNames {
  names: JsonObject
  /** Reason and message of the condition NamesAccepted when it is False. */
  conflict?: { reason: string; message: string }
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each): each is string => typeof each === 'string' && each !== '') : []

/**
 * Which names of a CRD are accepted: those that no other CRD of its group was given before. `others` are the other CRDs. The words are
 * those of the API server's naming controller; of several conflicts it tells the last.
 */
export function acceptNames(crd: ApiObject, others: readonly ApiObject[]): AcceptedNames {
  const group = at(crd, ['spec', 'group'])
  const wanted = namesAt(crd, ['spec', 'names'])
  const had = namesAt(crd, ['status', 'acceptedNames'])
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const other of others) {
    if (at(other, ['spec', 'group']) !== group) continue
    const taken = namesAt(other, ['status', 'acceptedNames'])
    for (const name of [taken['plural'], taken['singular'], ...texts(taken['shortNames'])])
      if (asText(name) !== '') resources.add(asText(name))
    for (const name of [taken['kind'], taken['listKind']]) if (asText(name) !== '') kinds.add(asText(name))
  }
  const names: JsonObject = { ...had, plural: asText(had['plural']), kind: asText(had['kind']) }
  let conflict: AcceptedNames['conflict']
  const take = (field: string, reason: string, used: Set<string>): void => {
    const name = asText(wanted[field])
    if (name !== asText(had[field]) && used.has(name))
      conflict = { reason, message: `${JSON.stringify(name)} is already in use` }
    else if (name !== '') names[field] = name
  }
  take('plural', 'PluralConflict', resources)
  take('singular', 'SingularConflict', resources)
  const before = new Set(texts(had['shortNames']))
  const lost = texts(wanted['shortNames']).filter((name) => !before.has(name) && resources.has(name))
  if (lost.length > 0) {
    const messages = lost.map((name) => `${JSON.stringify(name)} is already in use`)
    conflict = {
      reason: 'ShortNamesConflict',
      message: messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]`,
    }
  } else if (wanted['shortNames'] === undefined) delete names['shortNames']
  else names['shortNames'] = wanted['shortNames']
  take('kind', 'KindConflict', kinds)
  take('listKind', 'ListKindConflict', kinds)
  if (wanted['categories'] === undefined) delete names['categories']
  else names['categories'] = wanted['categories']
  return { names, ...(conflict === undefined ? {} : { conflict }) }
}

function namesAt(crd: ApiObject, path: string[]): JsonObject {
  const names = at(crd, path)
  return isObject(names) ? names : {}
}
