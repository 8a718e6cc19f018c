import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf, type Section } from '../sections.ts'

/** Files of a host's system: its name servers, names of hosts, and its time. */
export const hostFileHandlers: Handlers = {
  'GET /nodes/{node}/dns': (call) => ownOf(call, 'dns') ?? call.world.cluster.dns,
  'PUT /nodes/{node}/dns': (call) => {
    const servers = ['dns1', 'dns2', 'dns3'].flatMap((name) => {
      const server = call.optional(name)
      return server === undefined ? [] : [[name, server] as const]
    })
    keep(call, 'dns', { search: call.text('search'), ...Object.fromEntries(servers) })
    return null
  },
  'GET /nodes/{node}/hosts': (call) => {
    const data = hostsOf(call)
    return { data, digest: digestOf(data) }
  },
  'POST /nodes/{node}/hosts': (call) => {
    const digest = call.optional('digest')
    if (digest !== undefined && digest !== digestOf(hostsOf(call)))
      die('detected modified configuration - file changed by other user? Try again.')
    keep(call, 'hosts', { data: call.text('data') })
    return null
  },
  'GET /nodes/{node}/time': (call) => {
    const timezone = String(ownOf(call, 'time')?.['timezone'] ?? 'Etc/UTC')
    const now = Math.floor(call.world.clock.now() / 1000)
    return { timezone, time: now, localtime: now + offsetOf(timezone, now) }
  },
  'PUT /nodes/{node}/time': (call) => {
    const timezone = call.text('timezone')
    if (!isTimezone(timezone)) die(`No such timezone '${timezone}'`)
    keep(call, 'time', { timezone })
    return null
  },
}

/** What a host's own file holds; undefined while nobody has written it. */
function ownOf(call: Call, file: string): Section | undefined {
  return sectionsOf(call.world, `hosts/${file}`).get(call.text('node'))
}

function keep(call: Call, file: string, section: Section): void {
  sectionsOf(call.world, `hosts/${file}`).set(call.text('node'), section)
}

function hostsOf(call: Call): string {
  const own = ownOf(call, 'hosts')?.['data']
  if (typeof own === 'string') return own
  const { world } = call
  return ['127.0.0.1 localhost.localdomain localhost']
    .concat(
      [...world.hosts.values()].map(
        ({ name, address }) => `${address} ${name}.${world.cluster.dns.search} ${name}`,
      ),
    )
    .map((line) => `${line}\n`)
    .join('')
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return !/^[+-]/.test(name)
  } catch {
    return false
  }
}

/** Seconds that a zone is ahead of UTC at a time in seconds since 1970. */
function offsetOf(timeZone: string, at: number): number {
  const text = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' }).format(
    at * 1000,
  )
  return Date.parse(`${text.replace(' ', 'T')}Z`) / 1000 - at
}
