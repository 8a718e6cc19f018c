import { badRequest } from '../errors.ts'
import type { ApiObject, Json, ResourceDefinition } from '../resources.ts'
import { labelValueProblems, qualifiedNameProblems } from '../schema/names.ts'

/** Whether an object is selected. */
export type Predicate = (object: ApiObject) => boolean

type Labels = { [key: string]: string }

interface Requirement {
  key: string
  operator: '=' | '!=' | 'in' | 'notin' | 'exists' | '!' | '>' | '<'
  values: string[]
}

/** Turns `a=b,c in (d,e),!f` into a predicate over labels. Throws BadRequest with the API server's text. */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const requirements = parseRequirements(text)
  return (labels) => requirements.every((requirement) => matches(requirement, labels))
}

/** As parseLabelSelector, over objects; undefined or empty selects everything. */
export function labelPredicate(text: string | null | undefined): Predicate | undefined {
  if (text === null || text === undefined || text === '') return undefined
  const select = parseLabelSelector(text)
  return (object) => select(object.metadata.labels ?? {})
}

function matches({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  if (operator === 'exists') return value !== undefined
  if (operator === '!') return value === undefined
  if (operator === '=' || operator === 'in') return value !== undefined && values.includes(value)
  if (operator === '!=' || operator === 'notin') return value === undefined || !values.includes(value)
  if (value === undefined || !/^-?\d+$/.test(value)) return false
  return operator === '>'
    ? BigInt(value) > BigInt(values[0] ?? '0')
    : BigInt(value) < BigInt(values[0] ?? '0')
}

type Token = { kind: string; text: string }

function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  const pattern = /\s*(==|!=|=|!|,|\(|\)|>|<|[^\s=!,()<>]+)/gy
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const token = match[1] ?? ''
    const symbols = ['==', '!=', '=', '!', ',', '(', ')', '>', '<']
    tokens.push({
      kind: symbols.includes(token) ? token : token === 'in' || token === 'notin' ? token : 'id',
      text: token,
    })
  }
  tokens.push({ kind: 'end', text: '' })
  return tokens
}

function parseRequirements(text: string): Requirement[] {
  const tokens = tokenize(text)
  let position = 0
  const peek = (): Token => tokens[position] ?? { kind: 'end', text: '' }
  const next = (): Token => tokens[position++] ?? { kind: 'end', text: '' }
  const refuse = (what: string): never => {
    throw badRequest(what)
  }
  const fail = (what: string): never => refuse(`unable to parse requirement: ${what}`)
  const result: Requirement[] = []
  const word = (token: Token): boolean => token.kind === 'id' || token.kind === 'in' || token.kind === 'notin'
  const values = (): string[] => {
    const open = next()
    if (open.kind !== '(') fail(`found '${open.text}' expected: '('`)
    const list: string[] = []
    const first = peek()
    if (first.kind === ')') {
      next()
      return ['']
    }
    if (!word(first) && first.kind !== ',') fail(`found '${first.text}', expected: ',', ')' or identifier`)
    for (;;) {
      if (word(peek())) list.push(next().text)
      else if (peek().kind === ',' || peek().kind === ')') list.push('')
      else fail(`found '${peek().text}', expected: ',', or identifier`)
      const after = next()
      if (after.kind === ')') return [...new Set(list)].toSorted()
      if (after.kind !== ',') fail(`found '${after.text}', expected: ',' or ')'`)
    }
  }
  const keyOf = (token: Token): string => {
    if (!word(token)) fail(`found '${token.text}', expected: identifier`)
    const problems = qualifiedNameProblems(token.text)
    // Go prints the place, which is none.
    if (problems.length > 0)
      fail(`<nil>: Invalid value: ${JSON.stringify(token.text)}: ${problems.join('; ')}`)
    return token.text
  }
  const requirement = (): Requirement => {
    const first = next()
    if (first.kind === '!') return { key: keyOf(next()), operator: '!', values: [] }
    const key = keyOf(first)
    const operator = peek()
    if (operator.kind === ',' || operator.kind === 'end') return { key, operator: 'exists', values: [] }
    next()
    if (operator.kind === 'in' || operator.kind === 'notin')
      return { key, operator: operator.kind, values: values() }
    if (!['=', '==', '!=', '>', '<'].includes(operator.kind))
      fail(`found '${operator.text}', expected: in, notin, =, ==, !=, gt, lt`)
    const kind = operator.kind === '==' ? '=' : (operator.kind as Requirement['operator'])
    if (peek().kind === ',' || peek().kind === 'end') return { key, operator: kind, values: [''] }
    const value = next()
    if (!word(value)) fail(`found '${value.text}', expected: identifier`)
    return { key, operator: kind, values: [value.text] }
  }
  if (peek().kind === 'end') return []
  for (;;) {
    const first = peek()
    if (!word(first) && first.kind !== '!')
      refuse(`found '${first.text}', expected: !, identifier, or 'end of string'`)
    const found = requirement()
    checkValues(found, fail)
    result.push(found)
    const separator = next()
    if (separator.kind === 'end') return result
    if (separator.kind !== ',') refuse(`found '${separator.text}', expected: ',' or 'end of string'`)
    if (!word(peek()) && peek().kind !== '!') refuse(`found '${peek().text}', expected: identifier after ','`)
  }
}

function checkValues({ key, operator, values }: Requirement, fail: (what: string) => void): void {
  const [first = ''] = values
  if ((operator === '>' || operator === '<') && !/^-?\d+$/.test(first))
    fail(
      `values[0]: Invalid value: ${JSON.stringify(first)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    )
  values.forEach((value, index) => {
    const problems = labelValueProblems(value)
    if (problems.length > 0)
      fail(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problems.join('; ')}`)
  })
}

/** Fields by which built-in kinds may be selected, besides the metadata. */
const SELECTABLE: { [resource: string]: string[] } = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  'events.events.k8s.io': [
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reason',
    'reportingController',
    'type',
  ],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase', 'name'],
  replicationcontrollers: ['status.replicas'],
  'replicasets.apps': ['status.replicas'],
  'jobs.batch': ['status.successful'],
  'certificatesigningrequests.certificates.k8s.io': ['spec.signerName'],
}

/** One condition of a field selector. */
export interface FieldTerm {
  field: string
  not: boolean
  value: string
}

/** Splits a field selector. Throws BadRequest. */
export function parseFieldTerms(text: string): FieldTerm[] {
  const terms: FieldTerm[] = []
  for (const term of splitUnescaped(text)) {
    if (term === '') continue
    const match = /^((?:[^=!\\]|\\.|!(?!=))*)(==|!=|=)(.*)$/s.exec(term)
    if (match === null) throw badRequest(`invalid selector: '${term}'; can't understand '${term}'`)
    const value = unescapeValue(match[3] ?? '')
    terms.push({ field: match[1] ?? '', not: match[2] === '!=', value })
  }
  return terms
}

/** Turns a field selector into a predicate. Throws BadRequest for fields the kind does not offer. */
export function fieldPredicate(
  definition: ResourceDefinition,
  text: string | null | undefined,
): Predicate | undefined {
  if (text === null || text === undefined || text === '') return undefined
  const terms = parseFieldTerms(text)
  const name = definition.group === '' ? definition.resource : `${definition.resource}.${definition.group}`
  const custom = (definition.selectableFields ?? []).map((path) => path.replace(/^\./, ''))
  const own = SELECTABLE[name]
  const offered = [...(own ?? []), ...custom]
  const checks = terms.map(({ field, not, value }): Predicate => {
    if (field !== 'metadata.name' && field !== 'metadata.namespace' && !offered.includes(field))
      throw badRequest(
        own === undefined && definition.crd !== true
          ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
          : `field label not supported: ${field}`,
      )
    const path = field.split('.')
    return (object) => (fieldText(object, field, path) === value) !== not
  })
  return (object) => checks.every((check) => check(object))
}

function fieldText(object: ApiObject, field: string, path: string[]): string {
  if (field === 'source') {
    const source = object['source']
    const component =
      source !== null && typeof source === 'object' && !Array.isArray(source)
        ? source?.['component']
        : undefined
    return printed(component ?? object['reportingComponent'])
  }
  if (field === 'name') return object.metadata.name ?? ''
  let value: Json | undefined = object
  for (const part of path) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return ''
    value = value[part]
  }
  if (field === 'spec.unschedulable' || field === 'spec.hostNetwork') return value === true ? 'true' : 'false'
  return printed(value)
}

function printed(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function splitUnescaped(text: string): string[] {
  const parts: string[] = []
  let current = ''
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (character === '\\') current += character + (text[++index] ?? '')
    else if (character === ',') {
      parts.push(current)
      current = ''
    } else current += character
  }
  parts.push(current)
  return parts
}

function unescapeValue(text: string): string {
  let result = ''
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? ''
    if (character !== '\\') {
      result += character
      continue
    }
    const escaped = text[++index]
    if (escaped !== '\\' && escaped !== ',' && escaped !== '=')
      throw badRequest(`invalid field selector: invalid escape sequence: \\${escaped ?? ''}`)
    result += escaped
  }
  return result
}
