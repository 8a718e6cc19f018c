import { basename } from 'node:path'
import { createCa, issueCertificate } from '../../pki.ts'
import { createProxmoxServer, type ProxmoxServer } from '../server.ts'
import type { ProxmoxWorld } from '../world.ts'
import { applyAgent, watchGuests } from './agent.ts'
import { wholeBody } from './bodies.ts'
import { applyChange } from './changes.ts'
import { compareAnswers } from './compare.ts'
import { Values } from './credentials.ts'
import { readRecorded, type Recorded, type WorldFacts } from './recorded.ts'
import { entries, seedWorld } from './seed.ts'
import { payloads, playFrames } from './websocket.ts'
import { exchangeBytes, type WireAnswer } from './wire.ts'

/** What a replay said of one exchange. */
export interface Outcome {
  readonly n: number
  readonly title: string
  /** `refused`: the lab said honestly that it does not do this. `not sent`: nothing was compared. */
  readonly verdict: 'agrees' | 'wrong' | 'refused' | 'not sent'
  /** What differs, or why nothing was compared; empty when the answers agree. */
  readonly differences: readonly string[]
}

/** How many times faster than the records waits are replayed. */
const SPEED = 20
/** Recordings in which locks run out while other requests are sent: replayed slower, so that a busy machine's requests are still in time. */
const SLOWER: Readonly<Record<string, number>> = { '10-tasks-locks.jsonl': 6 }
/** Of clones that run beside each other, which one waits is chance. */
const PARALLEL = '14-linked-clones-parallel.jsonl'
/** Task states that are compared as they come: the task runs, or has just stopped. */
const UNPOLLED: Readonly<Record<string, readonly number[]>> = {
  '10-tasks-locks.jsonl': [2, 41, 42],
  '13-supplement.jsonl': [81],
  '15-clone-in-progress.jsonl': [2, 15, 16],
}
/** Tasks that nobody polls: the next exchange waits for their end. */
const AWAITED: Readonly<Record<string, readonly number[]>> = {
  '01-transport.jsonl': [40],
  '03-nodes-cluster.jsonl': [40],
  '05-qemu-create-config.jsonl': [21],
  '06-qemu-lifecycle.jsonl': [72, 83, 137, 139],
  '07-qemu-snapshot-clone-template.jsonl': [50, 74],
  '09-firewall-misc.jsonl': [80, 81, 82],
}

/** Sends the exchanges of a file to an emulator seeded with the file's world, and compares the answers. */
export async function replayFile(file: string): Promise<Outcome[]> {
  const { world: facts, records } = readRecorded(file)
  const world = seedWorld(facts, SLOWER[basename(file)] ?? SPEED)
  for (const [id, part] of entries(facts.start['vms'])) {
    const vm = world.vms.get(Number(id))
    if (vm !== undefined) applyAgent(world, vm, part)
  }
  watchGuests(world)
  const ca = await createCa({ commonName: 'replay' })
  const pair = await issueCertificate(ca, { commonName: 'pve1', ips: ['127.0.0.1'], usages: ['server'] })
  const certPem = `${pair.certPem}${ca.certPem}`
  const server = await createProxmoxServer(world, { ...pair, certPem })
  try {
    return await new Replay(world, server, facts, basename(file)).run(records)
  } finally {
    await server.close()
  }
}

class Replay {
  readonly #world: ProxmoxWorld
  readonly #server: ProxmoxServer
  readonly #facts: WorldFacts
  readonly #file: string
  readonly #values: Values
  readonly #upids = new Map<number, string>()
  #changed = 0

  constructor(world: ProxmoxWorld, server: ProxmoxServer, facts: WorldFacts, file: string) {
    this.#world = world
    this.#server = server
    this.#facts = facts
    this.#file = file
    this.#values = new Values(world, facts)
  }

  async run(records: readonly Recorded[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    const together = new Map<number, readonly number[]>()
    for (const { n } of this.#facts.concurrent ?? []) if (n?.[0] !== undefined) together.set(n[0], n)
    const skip = new Set<number>()
    for (const record of records) {
      if (skip.has(record.n)) continue
      await this.#prepare(record.n)
      const group = together.get(record.n)
      if (group === undefined) outcomes.push(...(await this.#one(record)))
      else {
        for (const n of group) skip.add(n)
        const members = records.filter(({ n }) => group.includes(n))
        outcomes.push(...(await Promise.all(members.map((member) => this.#one(member)))).flat())
      }
      if (AWAITED[this.#file]?.includes(record.n)) await this.#idle()
    }
    return outcomes
  }

  /** Waits and changes that belong before an exchange. */
  async #prepare(n: number): Promise<void> {
    const wait = this.#facts.waits?.find((each) => each.before_n === n)
    if (wait !== undefined) await this.#world.clock.sleep(wait.s * 1000)
    const changes = this.#facts.between
    while ((changes[this.#changed]?.before_n ?? Infinity) <= n) {
      await applyChange(this.#world, changes[this.#changed]?.change ?? {}, (at) => this.#upids.get(at))
      this.#changed += 1
    }
  }

  async #one(record: Recorded): Promise<Outcome[]> {
    const { request, response } = record
    if (request === undefined || response === undefined) return []
    const closes = response.connection_closed_by_server
    const bytes = this.#bytes(record)
    const plain = record.title.startsWith('plain HTTP')
    const patience = response.status === null && !closes ? 5000 / this.#world.clock.speed : 12_000
    const send = (): Promise<WireAnswer> =>
      exchangeBytes({ port: this.#server.port, bytes, plain, patience, closes })
    let answer = await send()
    if (this.#isPolled(record)) {
      const deadline = performance.now() + 20_000
      while (answer.body.toString().includes('"status":"running"') && performance.now() < deadline) {
        await this.#world.clock.sleep(500)
        answer = await send()
      }
    }
    this.#learn(record, answer)
    const { n, title } = record
    const depends = this.#facts.cannot_replay.find((each) => each.n === n)
    if (depends !== undefined) {
      answer.socket?.destroy()
      return [{ n, title, verdict: 'not sent', differences: ['depends on the machine it was recorded on'] }]
    }
    const shapeOnly = this.#facts.masks.body_shape_only?.includes(record.n) === true
    const differences = compareAnswers(response, answer, {
      shapeOnly,
      speed: this.#world.clock.speed,
      locksFree: this.#file === PARALLEL,
    })
    differences.push(...(await this.#frames(record, answer)))
    if (differences.length === 0) return [{ n, title, verdict: 'agrees', differences }]
    const refused = answer.status === 501 && /not (emulated|implemented)/.test(answer.reason)
    return [{ n, title, verdict: refused ? 'refused' : 'wrong', differences }]
  }

  #isPolled({ n, title }: Recorded): boolean {
    return title.endsWith(': task status') && UNPOLLED[this.#file]?.includes(n) !== true
  }

  #learn({ n, response }: Recorded, answer: WireAnswer): void {
    const body = answer.body.toString('utf8')
    this.#values.learn(n, response?.body ?? '', body)
    const upid = /"(UPID:[^"]+)"/.exec(body)?.[1]
    if (upid !== undefined) this.#upids.set(n, upid)
  }

  /** The request as bytes, with the values of this world. */
  #bytes(record: Recorded): Buffer {
    const { request } = record
    const path = this.#values.text(request?.path ?? '', record)
    const version = /HTTP\/1\.0/.test(record.title) ? '1.0' : '1.1'
    const line = record.request_line ?? `${request?.method} ${path} HTTP/${version}`
    const body = Buffer.from(this.#values.text(wholeBody(record).toString('latin1'), record), 'latin1')
    let headers = (request?.headers ?? []).map((each) => this.#values.header(each, record))
    if (record.title === '70 header lines')
      headers = [
        ...headers.slice(0, 2),
        ...Array.from({ length: 70 }, (_, index) => [`X-H${index}`, '1'] as const),
      ]
    const lines = headers.map(([name, value]) => {
      if (
        /^content-length$/i.test(name) &&
        request?.body !== null &&
        !record.title.includes('without the closing')
      )
        return `${name}: ${body.length}`
      if (name === 'X-Big') return `${name}: ${'x'.repeat(9000)}`
      return `${name}: ${value}`
    })
    return Buffer.concat([Buffer.from([line, ...lines, '', ''].join('\r\n'), 'latin1'), body])
  }

  async #frames(record: Recorded, answer: WireAnswer): Promise<string[]> {
    const { socket, early = Buffer.alloc(0) } = answer
    if (socket === undefined) return []
    const frames = record.frames ?? record.response?.frames
    if (frames !== undefined)
      return playFrames(socket, early, frames, (text) => this.#values.text(text, record))
    const first = record.first_frame ?? record.response?.first_frame
    if (first === undefined) {
      socket.destroy()
      return []
    }
    let received: Buffer = Buffer.from(early)
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
    })
    socket.resume()
    await new Promise((resolve) => setTimeout(resolve, 300))
    socket.destroy()
    const got = payloads(received).toString('latin1')
    return got.startsWith('RFB 003.008\n') ? [] : [`first frame: want RFB 003.008 got ${JSON.stringify(got)}`]
  }

  /** Waits until no task but those of consoles runs. */
  async #idle(): Promise<void> {
    const deadline = performance.now() + 10_000
    const busy = (): boolean =>
      [...this.#world.tasks.values()].some(
        ({ exitstatus, type }) => exitstatus === undefined && type !== 'vncproxy',
      )
    await this.#world.clock.sleep(500)
    while (busy() && performance.now() < deadline) await this.#world.clock.sleep(500)
  }
}
