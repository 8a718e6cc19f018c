import type { Json } from '../resources.ts'
import type { WireField } from './wire.ts'
import { readFields } from './wire.ts'

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
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON': firstRaw,
}

/** Messages that are lists in JSON: their items are field 1. */
export function isListMessage(name: string, fields: { name: string; repeated: boolean }[]): boolean {
  return fields.length === 1 && fields[0]?.name === 'items' && fields[0].repeated && !name.endsWith('List')
}
