import type { AdmissionRequest } from '../api.ts'
import { ensure, items, member, textOf } from '../builtin/defaults/fields.ts'
import { forbidden } from '../errors.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { groupResource } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, copy } from '../rest/json.ts'
import { compareQuantities, parseQuantity } from '../schema/quantity.ts'
import { addQuantities } from './amounts.ts'
import type { Amounts } from './amounts.ts'

const NOTE = 'kubernetes.io/limit-ranger'
const LISTS = [
  ['initContainers', 'init container'],
  ['containers', 'container'],
] as const

/** What a container, a pod or a claim asks for. */
interface Asked {
  requests: Amounts
  limits: Amounts
}

function rangesOf(core: Core, request: AdmissionRequest): JsonObject[] {
  return core.storage
    .list('/limitranges', request.namespace ?? '')
    .flatMap((range) => items(member(range, 'spec'), 'limits'))
}

/** Fills the LimitRanges' defaults into a new pod's containers; the same object when there is nothing to fill in. */
export function applyLimitRanges(core: Core, request: AdmissionRequest): ApiObject | undefined {
  const { object, operation, definition, subresource } = request
  if (object === undefined || operation !== 'CREATE' || groupResource(definition) !== 'pods') return object
  if ((subresource ?? '') !== '') return object
  const defaults = rangesOf(core, request).filter((limit) => limit['type'] === 'Container')
  if (defaults.length === 0) return object
  const pod = copy(object) as ApiObject
  const notes: string[] = []
  for (const limit of defaults)
    for (const [list, what] of LISTS)
      for (const container of items(member(pod, 'spec'), list)) {
        const name = `${what} ${textOf(container['name'])}`
        const requests = fill(container, 'requests', member(limit, 'defaultRequest'))
        const limits = fill(container, 'limits', member(limit, 'default'))
        if (requests.length > 0) notes.push(`${requests.join(', ')} request for ${name}`)
        if (limits.length > 0) notes.push(`${limits.join(', ')} limit for ${name}`)
      }
  if (notes.length === 0) return object
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [NOTE]: `LimitRanger plugin set: ${notes.join('; ')}`,
  }
  return pod
}

function fill(container: JsonObject, part: string, defaults: JsonObject | undefined): string[] {
  const filled: string[] = []
  for (const name of Object.keys(defaults ?? {}).toSorted()) {
    const amounts = ensure(ensure(container, 'resources'), part)
    if (amounts[name] !== undefined) continue
    amounts[name] = defaults?.[name] ?? null
    filled.push(name)
  }
  return filled
}

/** Refuses a new pod or claim that asks for less or more than the LimitRanges of its namespace allow. Throws Forbidden. */
export function checkLimitRanges(core: Core, request: AdmissionRequest): void {
  const { object, operation, definition, subresource } = request
  if (object === undefined || operation === 'DELETE' || (subresource ?? '') !== '') return
  const kind = groupResource(definition)
  const isPod = kind === 'pods' && operation === 'CREATE'
  if (!isPod && kind !== 'persistentvolumeclaims') return
  const problems = rangesOf(core, request).flatMap((limit) => {
    const type = textOf(limit['type'])
    if (kind === 'persistentvolumeclaims')
      return type === 'PersistentVolumeClaim' ? claimProblems(limit, askedBy(member(object, 'spec'))) : []
    const containers = LISTS.flatMap(([list]) => items(member(object, 'spec'), list)).map(askedBy)
    if (type === 'Container') return containers.flatMap((asked) => problemsOf(limit, type, asked))
    return type === 'Pod'
      ? problemsOf(limit, type, sumOf(items(member(object, 'spec'), 'containers').map(askedBy)))
      : []
  })
  const [first] = problems
  if (first === undefined) return
  const text = problems.length === 1 ? first : `[${problems.join(', ')}]`
  throw forbidden(definition, object.metadata.name, text)
}

function askedBy(holder: JsonObject | undefined): Asked {
  const resources = member(holder, 'resources')
  return { requests: amountsOf(resources, 'requests'), limits: amountsOf(resources, 'limits') }
}

function amountsOf(holder: JsonObject | undefined, part: string): Amounts {
  return Object.fromEntries(
    Object.entries(member(holder, part) ?? {}).map(([name, value]) => [name, asText(value)]),
  )
}

/** What containers ask for together. A limit counts only when each of them has it. */
function sumOf(all: Asked[]): Asked {
  const sum = (part: keyof Asked): Amounts => {
    const names = new Set(all.flatMap((asked) => Object.keys(asked[part])))
    const result: Amounts = {}
    for (const name of names)
      result[name] = all.map((asked) => asked[part][name] ?? '0').reduce(addQuantities)
    return result
  }
  return { requests: sum('requests'), limits: sum('limits') }
}

function problemsOf(limit: JsonObject, type: string, { requests, limits }: Asked): string[] {
  const problems: string[] = []
  for (const [name, least] of Object.entries(amountsOf(limit, 'min'))) {
    const usage = `minimum ${name} usage per ${type} is ${least}`
    const request = requests[name]
    const most = limits[name]
    if (request === undefined) problems.push(`${usage}.  No request is specified`)
    else if (compareQuantities(request, least) < 0) problems.push(`${usage}, but request is ${request}`)
    else if (most !== undefined && compareQuantities(most, least) < 0)
      problems.push(`${usage}, but limit is ${most}`)
  }
  for (const [name, most] of Object.entries(amountsOf(limit, 'max'))) {
    const usage = `maximum ${name} usage per ${type} is ${most}`
    const request = requests[name]
    const cap = limits[name]
    if (cap === undefined) problems.push(`${usage}.  No limit is specified`)
    else if (compareQuantities(cap, most) > 0) problems.push(`${usage}, but limit is ${cap}`)
    else if (request !== undefined && compareQuantities(request, most) > 0)
      problems.push(`${usage}, but request is ${request}`)
  }
  for (const [name, ratio] of Object.entries(amountsOf(limit, 'maxLimitRequestRatio'))) {
    const usage = `${name} max limit to request ratio per ${type} is ${ratio}`
    const request = numberOf(requests[name])
    const cap = numberOf(limits[name])
    if (request === 0) problems.push(`${usage}, but no request is specified or request is 0`)
    else if (cap === 0) problems.push(`${usage}, but no limit is specified or limit is 0`)
    else if (cap / request > numberOf(ratio))
      problems.push(`${usage}, but provided ratio is ${(cap / request).toFixed(6)}`)
  }
  return problems
}

function numberOf(amount: string | undefined): number {
  const value = amount === undefined ? undefined : parseQuantity(amount)
  return value === undefined ? 0 : Number(value.numerator) / Number(value.denominator)
}

/** Claims have requests alone. */
function claimProblems(limit: JsonObject, { requests }: Asked): string[] {
  const type = 'PersistentVolumeClaim'
  const problems = problemsOf({ min: limit['min'] ?? {} }, type, { requests, limits: {} })
  for (const [name, most] of Object.entries(amountsOf(limit, 'max'))) {
    const usage = `maximum ${name} usage per ${type} is ${most}`
    const request = requests[name]
    if (request === undefined) problems.push(`${usage}.  No request is specified`)
    else if (compareQuantities(request, most) > 0) problems.push(`${usage}, but request is ${request}`)
  }
  return problems
}
