import { parseJson } from '../json.ts'
import type { Json } from '../json.ts'
import { leftOut } from '../outcome.ts'
import type { Outcome } from '../outcome.ts'
import { compareAnswer, compareStream, compareText } from './compare.ts'
import { readCutJson } from './cut-json.ts'
import { isCut } from './recorded.ts'
import type { Recorded, RecordedResponse } from './recorded.ts'
import { replayRaw } from './raw.ts'
import { send, stream } from './send.ts'
import type { Call, Identity, Stream } from './send.ts'
import { saidTime, ToldTime } from './told-time.ts'
import { Values } from './values.ts'
import type { WebhookServer } from './webhook-server.ts'
import { WholeBodies } from './whole.ts'

/** How a replay reaches the server. */
export interface Target {
  url: string
  /** Static tokens by the names in the recordings. */
  tokens: { [name: string]: string }
  /** Client certificates by the names in the notes of the recordings. */
  identities: { [name: string]: Identity }
  /** Certificate requests in the place of masked ones, by their marks (`<base64-pem:2>`). */
  requests: { [mark: string]: string }
  /** Sent once the kinds of the recording are there: what the recorded server held from before. */
  leftovers: (Call | 'wait')[]
  /** A token that the recorder did not get from the server, by its mark (`<jwt:10>`). */
  madeToken(mark: string): string | undefined
  /** The webhook server that configurations name, where a recording has one. */
  webhook?: WebhookServer
}

/** Controllers act after a write; the recorder waited for them. Milliseconds. */
const AFTER_WRITE = 75
const AFTER_READ = 4
/** Lines that were sent before any controller acted on the one before. */
const AT_ONCE = /^ReplicaSet: Background after Foreground$/
/** A stream that the recorder closed is looked at this long, if nothing else happens meanwhile. */
const STREAM_FOR = 150
/** What was recorded of a stream and has not come yet is waited for this much longer than the recording took. */
const LATE = 5000
/** A stream that the server closed is waited for this much longer than the recording took. */
const CLOSES_WITHIN = LATE

/** However long the recording of a stream took, it is not waited for longer than this. Seconds. */
const LONGEST_STREAM = 10

/** The line after which a recording has its own kinds. */
const KINDS_MADE = 2
/** By then a namespace that goes is empty, but for what waits for a finalizer. Milliseconds. */
const NAMESPACE_EMPTIED = 5500

/** Where the webhook server of the recordings listened. */
const RECORDED_WEBHOOK = '127.0.0.1:18443'

interface Open {
  record: Recorded
  response: RecordedResponse
  stream: Stream
}

/**
 * Sends recorded exchanges in order to a server and compares the answers, volatile values masked.
 * @param pace how many times longer than usual controllers are waited for.
 */
export async function replay(target: Target, records: Recorded[], pace = 1): Promise<Outcome[]> {
  const rest = (ms: number): Promise<void> => pause(ms * pace)
  const outcomes = new Map<number, Outcome>()
  const values = new Values()
  const told = new ToldTime()
  const bodies = new WholeBodies()
  let opened: Open[] = []
  const ending: Promise<void>[] = []
  const finish = async ({ record, response, stream: open }: Open): Promise<void> => {
    if (response.closed_by === 'server')
      await Promise.race([open.closed, pause((response.closed_after_s ?? 1) * 1000 + CLOSES_WITHIN)])
    const status = await Promise.race([open.status, pause(LATE).then(() => 0)])
    await heard(open, response)
    open.close()
    const { n, title } = record
    outcomes.set(n, { n, title, ...compareStream(response, status, open.lines) })
    for (const [index, { data }] of (response.frames ?? []).entries())
      values.keepVersions(parseJson(data), parseJson(open.lines[index] ?? ''))
  }
  for (const [index, record] of records.entries()) {
    const { n, title, request, response } = record
    const waited = Math.max(told.before(record), saidTime(title))
    if (waited > 0) await pause(waited)
    const call = callOf(record, target, values, bodies)
    if (record.webhook !== undefined && target.webhook !== undefined) {
      const heard = compareText(record.webhook.body, target.webhook.last)
      outcomes.set(n, { n, title, ...heard })
    } else if (record.raw_request !== undefined) {
      outcomes.set(n, await replayRaw(record, target.url, (text) => values.put(withTokens(text, target))))
    } else if (request === undefined || call === undefined) {
      const why =
        record.client !== undefined
          ? 'a command: it is run with those of 12-kubectl'
          : request === undefined
            ? 'nothing that can be sent'
            : 'the recorder cut or masked the request'
      outcomes.set(n, leftOut(n, title, why))
    } else if (response?.frames !== undefined) {
      const open = { record, response, stream: stream(target.url, call) }
      if (record.open_until === undefined) {
        if (response.closed_by !== 'server') await rest(STREAM_FOR)
        await finish(open)
      } else {
        opened.push(open)
        await Promise.race([open.stream.status, pause(LATE)])
      }
    } else {
      const answer = await send(target.url, call, identityOf(record, target))
      // A setup step whose answer stands in another recording: sent, not compared.
      if (response === undefined) outcomes.set(n, leftOut(n, title, 'its answer stands in another recording'))
      else {
        const recorded = recordedJson(response)
        const actual = parseJson(answer.body)
        values.keep(n, recorded, actual)
        values.keepVersions(recorded, actual)
        bodies.keep(request.path, request.body, answer.status < 300 ? actual : undefined)
        const tag = answer.headers['etag']
        values.keepTag(headerOf(response, 'etag'), typeof tag === 'string' ? tag : undefined)
        outcomes.set(n, { n, title, ...compareAnswer(response, answer, request.body) })
      }
      const isNextAtOnce = AT_ONCE.test(records[index + 1]?.title ?? '')
      const writes = /DELETE|POST|PUT|PATCH/.test(request.method)
      if (!isNextAtOnce) await rest(writes ? AFTER_WRITE : AFTER_READ)
    }
    if (n === KINDS_MADE)
      for (const each of target.leftovers)
        if (each === 'wait') await rest(NAMESPACE_EMPTIED)
        else await send(target.url, each).then(() => rest(AFTER_WRITE))
    const done = opened.filter((open) => (open.record.open_until ?? 0) <= n)
    opened = opened.filter((open) => !done.includes(open))
    if (done.length > 0) await rest(AFTER_WRITE)
    for (const open of done) {
      if (open.response.closed_by === 'server') ending.push(finish(open))
      else await finish(open)
    }
  }
  await Promise.all([...opened.map(finish), ...ending])
  return records.map(({ n }) => outcomes.get(n)).filter((each) => each !== undefined)
}

/** Waits until a stream has told as much as was recorded, longer than the recording took. */
async function heard({ lines, opened }: Stream, { frames = [] }: RecordedResponse): Promise<void> {
  const last = Math.min(frames.at(-1)?.t ?? 0, LONGEST_STREAM) * 1000 + LATE
  while (lines.length < frames.length && Date.now() - opened < last) await pause(AFTER_READ * 5)
}

function headerOf(response: RecordedResponse, name: string): string | undefined {
  return response.headers?.find(([each]) => each.toLowerCase() === name)?.[1]
}

/** The recorded body; of one that was cut what it told until then. */
function recordedJson(response: RecordedResponse): Json | undefined {
  const { body } = response
  return isCut(body) ? readCutJson((body ?? '').replace(/^gzip:/, ''))?.value : parseJson(body)
}

/** The request as it is to be sent; undefined when the recorder cut or masked what it needs. */
function callOf(record: Recorded, target: Target, values: Values, bodies: WholeBodies): Call | undefined {
  const { request } = record
  if (request === undefined) return undefined
  const text = `${request.body ?? ''}${request.headers.map(([, value]) => value).join('')}`
  const whole = isCut(request.body) ? bodies.find(request.path, request.body ?? '') : request.body
  const masked = [...text.matchAll(/<base64-pem[^>]*>|<pem [^>]*>/g)].map(([mark]) => mark)
  if (target.webhook === undefined && masked.some((mark) => target.requests[mark] === undefined))
    return undefined
  if (request.body !== undefined && whole === undefined) return undefined
  values.learn(record)
  for (const [mark] of text.matchAll(/<jwt:\d+>/g)) {
    const made = target.madeToken(mark)
    if (made !== undefined) values.keepTag(mark, made)
  }
  const token = (value: string): string =>
    withTokens(value, target)
      .replaceAll(/<base64-pem:\d+>/g, (mark) => target.requests[mark] ?? mark)
      .replaceAll(RECORDED_WEBHOOK, target.webhook?.address ?? RECORDED_WEBHOOK)
      .replaceAll('<base64-pem:1>', target.webhook?.caBundle ?? '')
      .replaceAll('<base64-pem:2>', target.webhook?.otherCa ?? '')
  // Setup steps that stand in another recording were written down without the name of the client.
  const named: [string, string][] = record.response === undefined ? [['User-Agent', 'golden/1.0']] : []
  const headers = [...named, ...request.headers].map(([name, value]): [string, string] => [
    name,
    values.put(token(value)),
  ])
  const binary = /^base64:(.*)$/s.exec(whole ?? '')?.[1]
  const body =
    binary === undefined
      ? whole === undefined
        ? {}
        : { body: values.put(token(whole)) }
      : { body: Buffer.from(binary, 'base64') }
  return { method: request.method, path: values.putInPath(request.path), headers, ...body }
}

/** A text with the tokens of those whom the recording names. */
function withTokens(text: string, { tokens }: Target): string {
  return text
    .replaceAll(/<token:(\w+)>/g, (_, name: string) => tokens[name] ?? name)
    .replaceAll(/<base64url of token:(\w+)>/g, (_, name: string) =>
      Buffer.from(tokens[name] ?? name).toString('base64url'),
    )
}

/** The certificate that a line's client showed. */
function identityOf({ note }: Recorded, target: Target): Identity | undefined {
  const name = /^client certificate: (\S+)$/.exec(note ?? '')?.[1]
  return name === undefined ? undefined : target.identities[name]
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
