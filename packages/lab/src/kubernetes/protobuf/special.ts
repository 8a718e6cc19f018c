import type { Json } from '../resources.ts'
import type { WireField } from './wire.ts'
import { readFields } from './wire.ts'
import { MessageWriter } from './write.ts'

const EXTENSIONS = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1'

const text = new TextDecoder('utf-8')

function numberOf(fields: WireField[], number: number): bigint {
  return fields.findLast((field) => field.number === number)?.value ?? 0n
}

function textOf(fields: WireField[], number: number): string {
  return text.decode(fields.findLast((field) => field.number === number)?.bytes)
}

function seconds(data: Uint8Array): { seconds: bigint; nanos: number } | undefined {
  const fields = readFields(data)
  const whole = numberOf(fields, 1)
  const nanos = Number(numberOf(fields, 2))
  return whole === 0n && nanos === 0 ? undefined : { seconds: whole, nanos }
}

function day(whole: bigint): string {
  return new Date(Number(whole) * 1000).toISOString().slice(0, 19)
}

function rawJson(data: Uint8Array): Json {
  if (data.length === 0) return null
  return JSON.parse(text.decode(data)) as Json
}

function firstRaw(data: Uint8Array): Json | undefined {
  const bytes = readFields(data).find((field) => field.number === 1)?.bytes
  return bytes === undefined ? undefined : rawJson(bytes)
}

/** Messages that are something else in JSON than an object of their fields. `undefined` means that nothing is set. */
export const SPECIAL: { [message: string]: (data: Uint8Array) => Json | undefined } = {
  'k8s.io.apimachinery.pkg.apis.meta.v1.Time': (data) => {
    const time = seconds(data)
    return time === undefined ? undefined : `${day(time.seconds)}Z`
  },
  'k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': (data) => {
    const time = seconds(data)
    if (time === undefined) return undefined
    return `${day(time.seconds)}.${String(Math.trunc(time.nanos / 1000)).padStart(6, '0')}Z`
  },
  'k8s.io.apimachinery.pkg.apis.meta.v1.Duration': (data) => {
    const nanos = numberOf(readFields(data), 1)
    return `${Number(nanos) / 1e9}s`
  },
  'k8s.io.apimachinery.pkg.api.resource.Quantity': (data) => textOf(readFields(data), 1),
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': (data) => {
    const fields = readFields(data)
    return numberOf(fields, 1) === 1n ? textOf(fields, 3) : Number(numberOf(fields, 2))
  },
  'k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1': firstRaw,
  'k8s.io.apimachinery.pkg.runtime.RawExtension': firstRaw,
  [`${EXTENSIONS}.JSON`]: firstRaw,
}

/** A scalar as text. */
export function scalarText(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Seconds and the part below in nanoseconds; nothing for no time. */
function writtenTime(value: Json, digits: number): Uint8Array {
  const writer = new MessageWriter()
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) return writer.finish()
  const fraction = /\.(\d+)/.exec(scalarText(value))?.[1] ?? ''
  writer.number(1, BigInt(Math.floor(at / 1000)))
  writer.number(2, Number(fraction.slice(0, digits).padEnd(9, '0')))
  return writer.finish()
}

function writtenRaw(value: Json): Uint8Array {
  const writer = new MessageWriter()
  writer.text(1, JSON.stringify(value))
  return writer.finish()
}

/** How the messages of `SPECIAL` are written. */
export const WRITTEN: { [message: string]: (value: Json) => Uint8Array } = {
  'k8s.io.apimachinery.pkg.apis.meta.v1.Time': (value) => writtenTime(value, 0),
  'k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': (value) => writtenTime(value, 6),
  'k8s.io.apimachinery.pkg.apis.meta.v1.Duration': (value) => {
    const writer = new MessageWriter()
    writer.number(1, BigInt(Math.round(durationSeconds(scalarText(value)) * 1e9)))
    return writer.finish()
  },
  'k8s.io.apimachinery.pkg.api.resource.Quantity': (value) => {
    const writer = new MessageWriter()
    writer.text(1, value === null ? '0' : scalarText(value))
    return writer.finish()
  },
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': (value) => {
    const writer = new MessageWriter()
    writer.number(1, typeof value === 'string' ? 1 : 0)
    writer.number(2, typeof value === 'number' ? BigInt(value) : 0)
    writer.text(3, typeof value === 'string' ? value : '')
    return writer.finish()
  },
  'k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1': writtenRaw,
  'k8s.io.apimachinery.pkg.runtime.RawExtension': writtenRaw,
  [`${EXTENSIONS}.JSON`]: writtenRaw,
}

const UNITS: { [unit: string]: number } = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 }

/** Seconds in a duration as Go writes it: `1h2m3.5s`. */
function durationSeconds(text: string): number {
  let total = 0
  for (const [, number, unit = ''] of text.matchAll(/([\d.]+)(h|ms|us|µs|ns|m|s)/g))
    total += Number(number) * (UNITS[unit] ?? 0)
  return text.startsWith('-') ? -total : total
}

/** Messages that are one of their members in JSON: a schema, or something instead of it. */
export function isUnion(name: string): boolean {
  return name.startsWith(`${EXTENSIONS}.JSONSchemaPropsOr`)
}

/** Messages that are lists in JSON: their items are field 1. */
export function isListMessage(name: string, fields: { name: string; repeated: boolean }[]): boolean {
  return fields.length === 1 && fields[0]?.name === 'items' && fields[0].repeated && !name.endsWith('List')
}
