import { createCsrfToken, createTicket } from '../access/tickets.ts'
import type { ProxmoxWorld } from '../world.ts'
import type { Header, Recorded, WorldFacts } from './recorded.ts'
import { PASSWORD } from './seed.ts'

/**
 * Puts valid values of the replayed world where the records show shortened ones: tickets, tokens, console tickets, digests and
 * UPIDs, each in the spelling it was sent in.
 */
export class Values {
  readonly #world: ProxmoxWorld
  readonly #facts: WorldFacts
  /** Texts of the records and what they are here; learnt from answers. */
  readonly #known = new Map<string, string>()
  readonly #answers = new Map<number, Record<string, unknown>>()

  constructor(world: ProxmoxWorld, facts: WorldFacts) {
    this.#world = world
    this.#facts = facts
  }

  /** Notes what an answer gave: a UPID, a console, a digest. */
  learn(n: number, recorded: string, answered: string): void {
    const [want, got] = [dataOf(recorded), dataOf(answered)]
    if (typeof want === 'string' && typeof got === 'string' && want.startsWith('UPID:'))
      this.#known.set(want, got)
    if (isObject(want) && isObject(got)) {
      this.#answers.set(n, got)
      if (typeof want['upid'] === 'string' && typeof got['upid'] === 'string')
        this.#known.set(want['upid'], got['upid'])
    }
  }

  /** Header of a request with the values of this world. */
  header([name, value]: Header, record: Recorded): Header {
    const credential = this.#facts.start.credentials.find(
      (each) => each.header === name && each.value === value && each.first_n <= record.n,
    )
    if (record.title === 'ticket with changed signature')
      return [name, `PVEAuthCookie=${encodeURIComponent(`${createTicket(this.#world, 'root@pam')}x`)}`]
    switch (credential?.is) {
      case 'ticket': {
        const ticket = createTicket(this.#world, credential.user ?? '')
        const prefix = /^PVEAuthCookie=/.exec(value)?.[0] ?? ''
        return [name, `${prefix}${value.includes('%3A') ? encodeURIComponent(ticket) : ticket}`]
      }
      case 'csrf':
        return [name, createCsrfToken(this.#world, credential.user ?? '')]
      case 'token': {
        const secret = this.#world.access.tokens.get(credential.token ?? '')?.secret ?? 'none'
        return [name, value.replace(/(.*(?:=|%3D)).*$/, (_, before: string) => before + secret)]
      }
      default:
        return [name, value]
    }
  }

  /** A path, body or frame with the values of this world. */
  text(text: string, record: Recorded): string {
    let put = text.replaceAll('<password>', PASSWORD)
    put = put.replaceAll(
      /UPID(:|%3A)(?:(?!&|\/|\s|"|%26).)*?\1(?=$|[&/\s"?])/g,
      (found) => this.#upid(found) ?? found,
    )
    for (const { n, from_n: from, field } of this.#facts.links?.tickets ?? []) {
      if (n !== record.n) continue
      const answer = this.#answers.get(from)
      if (field === 'password') put = put.replace(/(password=)PVE%3A[^&]*/, `$1${this.#ticketOf(from)}`)
      const ticket = typeof answer?.['ticket'] === 'string' ? answer['ticket'] : ''
      if (field.startsWith('vncticket'))
        put = put.replace(/(vncticket=)[^&]*/, (_, key: string) => key + encodeURIComponent(ticket))
      if (/vncticket, port/.test(field))
        put = put.replace(/(port=)59\d\d/, `$1${String(answer?.['port'] as string)}`)
      put = put.replace(/^(\S+:)PVEVNC:[0-9A-F]{8}::\S+\.\.\.\n$/, (_, user: string) => `${user}${ticket}\n`)
    }
    for (const { n, from_n: from } of this.#facts.links?.digests ?? [])
      if (n === record.n)
        put = put.replace(
          /(digest=)[0-9a-f]{40}/,
          `$1${String(this.#answers.get(from)?.['digest'] as string)}`,
        )
    return put
  }

  #ticketOf(n: number): string {
    return encodeURIComponent(String(this.#answers.get(n)?.['ticket'] as string))
  }

  /** A UPID of the records here: the one that an answer gave in its place, else the newest of its kind. */
  #upid(found: string): string | undefined {
    const encoded = found.includes('%3A')
    const raw = encoded ? decodeURIComponent(found) : found
    const mapped = this.#known.get(raw) ?? this.#newest(raw)
    if (mapped === undefined) return undefined
    return encoded ? encodeURIComponent(mapped).replaceAll('!', '%21') : mapped
  }

  #newest(raw: string): string | undefined {
    const [, , , , start, type, id, user] = raw.split(':')
    // A start before the file's first answer belongs to no task of this world.
    if (Number.parseInt(start ?? '', 16) < this.#facts.start.clock.first_answer) return undefined
    return [...this.#world.tasks.values()].findLast(
      (task) => task.type === type && task.id === id && task.user === user,
    )?.upid
  }
}

function dataOf(body: string): unknown {
  try {
    return (JSON.parse(body) as { data?: unknown }).data
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
