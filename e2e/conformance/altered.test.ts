import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { compareAnswers } from '../../packages/lab/src/proxmox/conformance/compare.ts'
import type { RecordedAnswer } from '../../packages/lab/src/proxmox/conformance/recorded.ts'
import { judgeAnswer } from './kamaji/exchange.ts'
import type { Line } from './kamaji/recorded.ts'
import { compareAnswer } from './kubernetes/compare.ts'
import { readCutJson } from './kubernetes/cut-json.ts'
import type { Recorded, RecordedResponse } from './kubernetes/recorded.ts'
import { isCut } from './kubernetes/recorded.ts'
import type { Answer } from './kubernetes/send.ts'
import { compareSwitched } from './kubernetes/switched.ts'
import { isObject, parseJson } from './json.ts'
import { compareCommand } from './kubectl/compare.ts'
import type { Ended } from './kubectl/compare.ts'
import { readRecording, recordingFolders, recordingsIn } from './recordings.ts'

const folders = recordingFolders()
const skip = folders === undefined ? 'NEEDS the recorded exchanges (FOCHISTA_RECORDINGS)' : false

/** A JSON body with one field changed, as text, or a protobuf one with one letter changed. Empty where it has none that counts. */
function changed(body: string): string[] {
  const packed = /^base64:azhzA(.*)$/s.exec(body)
  if (packed !== null) {
    const bytes = Buffer.from(body.slice('base64:'.length), 'base64')
    bytes[bytes.indexOf('v1')] = 0x77
    return [`base64:${bytes.toString('base64')}`]
  }
  const value = parseJson(body)
  if (!isObject(value)) return []
  const results = [JSON.stringify({ ...value, altered: true })]
  for (const field of ['kind', 'message', 'reason', 'apiVersion'])
    if (typeof value[field] === 'string') results.push(JSON.stringify({ ...value, [field]: 'altered' }))
  return results
}

function answerOf({ status, reason = '', headers = [], body = '' }: RecordedResponse): Answer {
  const all: Answer['headers'] = {}
  for (const [name, value] of headers) {
    const before = all[name.toLowerCase()]
    all[name.toLowerCase()] = before === undefined ? value : `${before as string}, ${value}`
  }
  return { status, reason, headers: all, body: body.replace(/^gzip:/, '') }
}

/** What is known of a body that the recorder cut, as a whole body. */
function closed(body: string): string | undefined {
  if (!isCut(body)) return undefined
  const json = readCutJson(body.replace(/^gzip:/, '').replace(/\.\.\.\[\d+ bytes\]$/, ''))
  return json === undefined ? undefined : JSON.stringify(json.value)
}

const otherType = ([name, value]: [string, string]): [string, string] =>
  /^content-type$/i.test(name) ? [name, `${value}; altered`] : [name, value]

test('of Kubernetes every altered answer is caught, and no other', { skip }, () => {
  let caught = 0
  for (const file of recordingsIn(folders?.kubernetes ?? '', /^(0\d|11)-.*\.jsonl$/))
    for (const { n, response, request } of readRecording<Recorded>(join(folders?.kubernetes ?? '', file))) {
      if (response?.body === undefined || response.reason === undefined) continue
      const whole = isCut(response.body) ? closed(response.body) : response.body
      if (whole === undefined) continue
      const about = `${file}#${n}`
      const answer = answerOf({ ...response, body: whole })
      const verdict = (expected: RecordedResponse): string =>
        compareAnswer(expected, answer, request?.body).verdict
      assert.equal(verdict(response), 'agrees', about)
      const alterations: RecordedResponse[] = [
        { ...response, status: response.status + 1 },
        { ...response, reason: `${response.reason} altered` },
        ...((response.headers ?? []).some(([name]) => /^content-type$/i.test(name))
          ? [{ ...response, headers: (response.headers ?? []).map(otherType) }]
          : []),
        ...(isCut(response.body) ? [] : changed(answer.body).map((body) => ({ ...response, body }))),
      ]
      if (isCut(response.body))
        for (const body of changed(answer.body).slice(1)) {
          const { verdict: ofAltered } = compareAnswer(response, { ...answer, body }, request?.body)
          assert.notEqual(ofAltered, 'agrees', about)
        }
      for (const altered of alterations) {
        assert.notEqual(verdict(altered), 'agrees', about)
        caught++
      }
    }
  assert.ok(caught > 4000, String(caught))
})

test('of WebSockets every altered frame is caught, and no other', { skip }, () => {
  let caught = 0
  const file = join(folders?.kubernetes ?? '', '10-upgrade.jsonl')
  for (const { n, raw_response: recorded } of readRecording<Recorded>(file)) {
    const frames = (recorded?.frames ?? []).map(({ data }) => data)
    const [head = '', ...packed] = frames
    if (!head.startsWith('HTTP/1.1 101 ')) continue
    const bytes = packed.map((frame) => Buffer.from(frame.replace('base64:', ''), 'base64'))
    const verdict = (first: string, rest: readonly Buffer[]): string =>
      compareSwitched(frames, Buffer.concat([Buffer.from(first), ...rest])).verdict
    assert.equal(verdict(head, bytes), 'agrees', String(n))
    const altered = bytes.flatMap((frame, index) =>
      [0, frame.length - 1].map((at) =>
        bytes.with(index, Buffer.from(frame.map((byte, where) => (where === at ? byte ^ 0x0e : byte)))),
      ),
    )
    for (const rest of [...altered, bytes.slice(1), [...bytes, Buffer.from([0x88, 0])]]) {
      assert.notEqual(verdict(head, rest), 'agrees', String(n))
      caught++
    }
    assert.notEqual(verdict(head.replace('Upgrade: websocket', 'Upgrade: other'), bytes), 'agrees', String(n))
  }
  assert.ok(caught > 80, `only ${caught}`)
})

test('of kubectl every altered end of a command is caught, and no other', { skip }, () => {
  let caught = 0
  const file = join(folders?.kubernetes ?? '', '12-kubectl.jsonl')
  for (const { n, exit, stdout = '', stderr = '' } of readRecording<Partial<Ended> & { n: number }>(file)) {
    if (exit === undefined) continue
    const actual = { exit, stdout: stdout.replace(/\.\.\.\[\d+ bytes\]$/, ''), stderr }
    const verdict = (changed: Partial<Ended>): string =>
      compareCommand({ exit, stdout, stderr }, { ...actual, ...changed }).verdict
    assert.equal(verdict({}), 'agrees', String(n))
    const others: Partial<Ended>[] = [
      { exit: exit + 1 },
      { stdout: `altered ${actual.stdout}` },
      { stderr: `${stderr}altered` },
      ...(actual.stdout.includes('\n') ? [{ stdout: actual.stdout.slice(actual.stdout.indexOf('\n')) }] : []),
    ]
    for (const other of others) {
      assert.notEqual(verdict(other), 'agrees', `${n} ${JSON.stringify(other)}`)
      caught++
    }
  }
  assert.ok(caught > 700, `only ${caught}`)
})

test('a connection that was broken off is no refusal, nor one that took too long', () => {
  const broken = { status: 0, error: 'RemoteDisconnected: Remote end closed connection without response' }
  const verdict = (status: number, body: string): string =>
    compareAnswer(broken, { status, reason: '', headers: {}, body }).verdict
  assert.equal(verdict(0, 'socket hang up'), 'agrees')
  assert.equal(verdict(415, 'socket hang up'), 'wrong')
  assert.equal(verdict(0, 'no answer in 1000 ms'), 'wrong')
})

test('of Kamaji every altered answer is caught, and no other', { skip }, () => {
  let caught = 0
  for (const file of recordingsIn(folders?.kamaji ?? '', /^(errors|update-.*|lifecycle-.*)\.jsonl$/))
    for (const line of readRecording<Line>(join(folders?.kamaji ?? '', file))) {
      const { response } = line
      if (response?.body === undefined || response.reason === undefined) continue
      const about = `${file}#${line.n}`
      const body = typeof response.body === 'string' ? response.body : JSON.stringify(response.body)
      const answer = answerOf({ ...response, headers: Object.entries(response.headers), body })
      const verdict = (altered: Partial<NonNullable<Line['response']>>): string =>
        judgeAnswer({ ...line, response: { ...response, ...altered } }, answer).verdict
      assert.equal(verdict({}), 'agrees', about)
      const alterations: Partial<NonNullable<Line['response']>>[] = [
        { status: response.status + 1 },
        { reason: `${response.reason} altered` },
        { headers: Object.fromEntries(Object.entries(response.headers).map(otherType)) },
        ...changed(body).map((text) => ({ body: parseJson(text) ?? null })),
      ]
      for (const altered of alterations) {
        assert.notEqual(verdict(altered), 'agrees', about)
        caught++
      }
    }
  assert.ok(caught > 1500, String(caught))
})

test('of Proxmox every altered answer is caught, and no other', { skip }, () => {
  let caught = 0
  const home = folders?.proxmox ?? ''
  for (const file of recordingsIn(home, /\.jsonl$/))
    for (const { n, response } of readRecording<{ n: number; response?: RecordedAnswer }>(join(home, file))) {
      const type = response?.headers.find(([name]) => name === 'Content-Type')?.[1] ?? ''
      if (response === undefined || response.status === null || response.status === 101) continue
      if (!type.startsWith('application/json') || /\.\.\.\[\d+ bytes/.test(response.body)) continue
      const body = Buffer.from(response.body)
      const plain = response.headers.filter(
        ([name]) => !/^(content-length|content-encoding|date|expires)$/i.test(name),
      )
      const dates = [
        ['Date', 'now'],
        ['Expires', 'now'],
        ...(body.length > 0 ? [['Content-Length', String(body.length)]] : []),
      ] as [string, string][]
      const recorded = { ...response, headers: plain, elapsed_s: 0 }
      const differences = (expected: RecordedAnswer): string[] =>
        compareAnswers(
          expected,
          {
            status: response.status,
            reason: response.reason ?? '',
            headers: [...plain, ...dates],
            body,
            closed: response.connection_closed_by_server,
            seconds: 0,
          },
          { shapeOnly: false, speed: 1 },
        )
      assert.deepEqual(differences(recorded), [], `${file}#${n}`)
      for (const altered of [
        { ...recorded, status: response.status + 1 },
        { ...recorded, reason: `${response.reason ?? ''} altered` },
        { ...recorded, headers: plain.map((header) => otherType([...header])) },
        ...changed(response.body).map((text) => ({ ...recorded, body: text })),
      ]) {
        assert.notDeepEqual(differences(altered), [], `${file}#${n}`)
        caught++
      }
    }
  assert.ok(caught > 3000, String(caught))
})
