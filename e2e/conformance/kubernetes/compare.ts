import { isObject, parseJson } from '../json.ts'
import type { Json } from '../json.ts'
import type { Outcome } from '../outcome.ts'
import { beginsAs, readCutJson } from './cut-json.ts'
import { mask, maskText } from './mask.ts'
import { beginningOfWire, framesOf, wireBeginsAs, wireValue } from './protobuf.ts'
import { isCut } from './recorded.ts'
import type { RecordedResponse } from './recorded.ts'
import type { Answer } from './send.ts'

/** Headers that are part of the answer; the others belong to the connection or the moment. */
const COMPARED = ['content-type', 'warning', 'location', 'allow', 'retry-after', 'vary']

/** What Node says when the server broke the connection off. */
const BROKEN_OFF = /^socket hang up$|ECONNRESET/

/** The verdict on an answer. */
export type Judged = Pick<Outcome, 'verdict' | 'expected' | 'actual'>

/** Compares an answer with the recorded one. */
export function compareAnswer(expected: RecordedResponse, actual: Answer, request = ''): Judged {
  if (expected.error !== undefined) return compareBreak(expected.error, actual)
  const generated = generatedName(request)
  const plain = (text: string): string => text.replaceAll(generated, '$1<generated>')
  const left = {
    reason: expected.reason ?? actual.reason,
    headers: recordedHeaders(expected),
    body: shown(plain((expected.body ?? '').replace(/^gzip:/, ''))),
  }
  const right = { reason: actual.reason, headers: actualHeaders(actual), body: shown(plain(actual.body)) }
  const same =
    left.reason === right.reason &&
    JSON.stringify(left.headers) === JSON.stringify(right.headers) &&
    (isCut(expected.body) ? startsAlike(expected.body ?? '', actual.body) : left.body === right.body)
  return judged(expected.status, actual.status, same, left, right, isRefusal(actual))
}

/** Compares with a server that broke the connection off. */
function compareBreak(error: string, { status, body }: Answer): Judged {
  const isBroken = status === 0 && BROKEN_OFF.test(body)
  return {
    verdict: isBroken && error.startsWith('RemoteDisconnected') ? 'agrees' : 'wrong',
    expected: error,
    actual: `${status} ${body}`,
  }
}

/** Whether an answer says honestly that the lab does not do what was asked. */
function isRefusal({ status, body }: Answer): boolean {
  return status === 501 && /not emulated/.test(body)
}

/** Names the server completes for a request with generateName. */
function generatedName(request: string): RegExp {
  const value = parseJson(request)
  const metadata = isObject(value) ? value['metadata'] : undefined
  const base = isObject(metadata) ? metadata['generateName'] : undefined
  if (typeof base !== 'string' || base === '') return /(?!)/g
  return new RegExp(
    `(${base.slice(0, 58).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')})[bcdfghjklmnpqrstvwxz2456789]{5}\\b`,
    'g',
  )
}

/** Compares a JSON text that the server sent to somebody else with the recorded one. */
export function compareText(expected: string, actual: string): Judged {
  const left = shown(expected)
  const right = shown(actual)
  const same = isCut(expected) ? startsAlike(expected, actual) : left === right
  return judged(200, 200, same, left, right)
}

/** Compares the lines of a stream with the recorded ones. */
export function compareStream(expected: RecordedResponse, status: number, lines: string[]): Judged {
  const frames = (expected.frames ?? []).flatMap(({ data }) => eachFrame(data))
  const left = frames.map((data) => shown(data))
  const right = lines.map((line) => shown(line))
  const same =
    left.length === right.length &&
    left.every((line, index) =>
      isCut(frames[index]) ? startsAlike(frames[index] ?? '', lines[index] ?? '') : line === right[index],
    )
  return judged(expected.status, status, same, left, right)
}

/** A verdict with what was compared. */
export function judged(
  expected: number,
  actual: number,
  same: boolean,
  left: Json,
  right: Json,
  refused = false,
): Judged {
  return {
    verdict: expected === actual && same ? 'agrees' : refused ? 'refused' : 'wrong',
    expected: `${expected} ${JSON.stringify(left)}`,
    actual: `${actual} ${JSON.stringify(right)}`,
  }
}

/** A body for comparison: JSON with its keys sorted, protobuf field by field, other texts as they are, all masked. */
export function shown(body: string | undefined): string {
  const packed = packedBytes(body)
  const wire = packed === undefined ? undefined : wireValue(packed)
  if (wire !== undefined) return JSON.stringify(wire)
  const value = parseJson(textOf(body))
  return isObject(value) || Array.isArray(value)
    ? JSON.stringify(mask(value))
    : maskText(body ?? '').trimEnd()
}

/** Frames that came so fast after each other that the recorder has them as one. */
function eachFrame(data: string): string[] {
  const packed = packedBytes(data)
  const frames = packed === undefined || isCut(data) ? undefined : framesOf(packed)
  return frames?.map((frame) => `base64:${frame.toString('base64')}`) ?? [data]
}

/** The bytes of a body that the recorder wrote as base64. */
function packedBytes(body: string | undefined): Buffer | undefined {
  const packed = /^base64:(.*)$/s.exec(body ?? '')?.[1]
  return packed === undefined ? undefined : Buffer.from(packed, 'base64')
}

/** A text that the recorder wrote as base64, though it is none but JSON. */
function textOf(body: string | undefined): string | undefined {
  const text = packedBytes(body)?.toString()
  return text?.startsWith('{') === true ? text : body
}

/** Whether a text begins as one that the recorder cut: as a JSON text or a message, whatever the order of its keys. */
function startsAlike(cut: string, whole: string): boolean {
  const kept = cut.replace(/\.\.\.\[\d+ bytes\]$/, '').replace(/^gzip:/, '')
  const beginning = textOf(kept) ?? kept
  const packed = packedBytes(beginning)
  if (packed !== undefined) {
    const fields = beginningOfWire(packed)
    const other = packedBytes(whole)
    return fields !== undefined && other !== undefined && wireBeginsAs(fields, beginningOfWire(other))
  }
  const json = readCutJson(beginning)
  if (json !== undefined) {
    const value = parseJson(whole)
    return value !== undefined && beginsAs(mask(json.value), mask(value), json.open)
  }
  const head = maskText(beginning)
  // The last letters may be half of something that is masked.
  const known = head.slice(0, Math.max(0, head.length - 80))
  return maskText(whole).startsWith(known)
}

function recordedHeaders({ headers }: RecordedResponse): { [name: string]: string } {
  const result: { [name: string]: string } = {}
  for (const name of COMPARED) {
    const values = (headers ?? []).filter(([each]) => each.toLowerCase() === name).map(([, value]) => value)
    if (values.length > 0) result[name] = maskText(values.join(', '))
  }
  return result
}

function actualHeaders(answer: Answer): { [name: string]: string } {
  const result: { [name: string]: string } = {}
  for (const name of COMPARED) {
    const value = answer.headers[name]
    if (value !== undefined) result[name] = maskText(Array.isArray(value) ? value.join(', ') : value)
  }
  return result
}
