import { isObject } from '../json.ts'
import type { Json } from '../json.ts'

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const TIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z/g
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** The beginning of a Table's column in YAML, up to its second field. */
const COLUMN =
  /- description: (?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^\n'"][^\n]*(?:\n {4}[^\n]*)*)\n {2}format:/g
/** Where an address that the server chose stands. */
const ADDRESSED = new Set(['clusterIP', 'clusterIPs', 'cells'])
const SERVICE_ADDRESS = /^10\.96\.\d+\.\d+$/
/** Time since something, as Tables print it. */
const AGE = /^(\d+[smhdy])+$/
/** Fields whose value the server allocates: another one each time. */
const ALLOCATED = new Set(['nodePort', 'healthCheckNodePort', 'remainingItemCount'])

/** A text with what differs from run to run made equal. */
export function maskText(text: string): string {
  return (
    text
      // What a column means is told in words of our own or not at all: in YAML here, in JSON below.
      .replaceAll(COLUMN, '- format:')
      .replaceAll(/^( +- )(?:\d+[smhdy])+$/gm, '$1<age>')
      .replaceAll(/^( *continue: )[\w-]+$/gm, '$1*')
      .replaceAll(UUID, '<uid>')
      .replaceAll(TIME, '<time>')
      .replaceAll(/resource ?[vV]ersion: "?\d+"?(, current: \d+| \(\d+\))?/g, 'resourceVersion: *')
      .replaceAll(/(resourceVersion\\*":\\*")\d+/g, '$1*')
      .replaceAll(/ResourceVersion in (precondition|record) \(\d+\)/g, 'ResourceVersion in $1 (*)')
      .replaceAll(
        /<(base64-)?pem[^>]*>|-----BEGIN CERTIFICATE[^]*END CERTIFICATE-----|LS0tLS1CRUdJTiBDRVJ[\w+/=]*/g,
        '<pem>',
      )
      .replaceAll(/kube-api-access-[a-z0-9]{5}\b/g, 'kube-api-access-*')
      .replaceAll(/<jwt:\d+>/g, '<jwt>')
      .replaceAll(/<token:(\w+)>/g, 'token-$1')
      .replaceAll(/\bX509SHA256=[0-9a-f]{64}/g, 'X509SHA256=*')
      .replaceAll(/\bhash=[0-9A-F]{128}/g, 'hash=<hash>')
      // A digest of the name of the recorder's machine.
      .replaceAll(/\bapiserver-[a-z2-7]{26}(?![a-z2-7])/g, 'apiserver-<hash>')
      .replaceAll(/\b(192\.0\.2\.10|127\.0\.0\.1):\d{4,5}\b/g, '<server>')
  )
}

/** An OpenAPI document without what it says in words: those are our own. */
function withoutWords(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutWords)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]): [string, Json][] =>
      key === 'description' && typeof each === 'string' ? [] : [[key, withoutWords(each)]],
    ),
  )
}

/** A value with what differs from run to run made equal, keys sorted. managedFields are compared without times. */
export function mask(value: Json | undefined, key = ''): Json {
  if (typeof value === 'string') {
    if (key === 'resourceVersion' || key === 'continue') return '*'
    if (value.length > 200 && (JWT.test(value) || JWT.test(unpacked(value)))) return '<jwt>'
    if (ADDRESSED.has(key) && SERVICE_ADDRESS.test(value)) return '<cluster ip>'
    return maskText(value)
  }
  if (typeof value === 'number' && ALLOCATED.has(key)) return '*'
  if (Array.isArray(value)) {
    if (key === 'cells')
      return value.map((cell) => (typeof cell === 'string' && AGE.test(cell) ? '<age>' : mask(cell, key)))
    const items = value.map((item) => mask(item, key))
    // The managers of fields stand in the order of their times.
    return key === 'causes' || key === 'managedFields' ? items.toSorted(byText) : items
  }
  if (isObject(value) && key === '' && ('openapi' in value || 'swagger' in value))
    return mask(withoutWords(value), 'document')
  if (isObject(value)) {
    const result: { [key: string]: Json } = {}
    const made = generatedName(value)
    const message = unordered(value)
    for (const each of Object.keys(value).toSorted()) {
      if (each === 'time') continue
      // What a column means is told in words of our own or not at all.
      if (each === 'description' && isColumn(value)) continue
      const masked = mask(each === 'message' ? (message ?? value[each]) : value[each], each)
      result[each.replaceAll(UUID, '<uid>')] =
        each === 'name' && made !== undefined ? `${made}<generated>` : masked
    }
    return result
  }
  return value ?? null
}

/**
 * The message of an error of a custom object with its causes in one order: Go looks at the members of an object in any. Undefined for
 * what is none.
 */
function unordered({ message, details }: { [key: string]: Json }): string | undefined {
  const [, start, list] =
    /^(.*? is invalid: )\[(.*)\]$/s.exec(typeof message === 'string' ? message : '') ?? []
  if (start === undefined || list === undefined || !/ in body (must|should) /.test(list)) return undefined
  const causes = isObject(details) ? details['causes'] : undefined
  if (!Array.isArray(causes)) return undefined
  const parts = causes.map((cause) =>
    isObject(cause) ? `${text(cause['field'])}: ${text(cause['message'])}` : '',
  )
  return parts.join(', ').length === list.length ? start + parts.toSorted().join(', ') : undefined
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : ''
}

/** Whether a value is a column of a Table, perhaps one that was cut before its last field. */
function isColumn(value: { [key: string]: Json }): boolean {
  return (
    'format' in value &&
    ('priority' in value || Object.keys(value).every((key) => /^(name|type|format|description)$/.test(key)))
  )
}

/** What a Secret holds in base64. */
function unpacked(value: string): string {
  return /^[\w+/=]+$/.test(value) ? Buffer.from(value, 'base64').toString() : ''
}

/** The base of a name that the server completed. */
function generatedName(value: { [key: string]: Json }): string | undefined {
  const { generateName: base, name } = value
  return typeof base === 'string' && typeof name === 'string' && base !== '' && name.startsWith(base)
    ? base
    : undefined
}

function byText(a: Json, b: Json): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1
}
