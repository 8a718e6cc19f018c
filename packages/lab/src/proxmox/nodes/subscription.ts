import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf, type Section } from '../sections.ts'

const PATH = '/nodes/{node}/subscription'
/** Sockets of a host of the lab. */
const SOCKETS = 1

/** A host's key for support. Nobody can check one here: it stays new. */
export const subscriptionHandlers: Handlers = {
  [`GET ${PATH}`]: (call) => {
    const key = keyOf(call)
    const url = 'https://www.proxmox.com/en/proxmox-virtual-environment/pricing'
    if (key === undefined) return { status: 'notfound', message: 'There is no subscription key', url }
    const serverid = createHash('md5').update(call.text('node')).digest('hex').toUpperCase()
    return { status: 'new', message: 'not checked yet', key, serverid, sockets: SOCKETS, url }
  },
  [`PUT ${PATH}`]: (call) => {
    const key = call.text('key').trim()
    keys(call).set(call.text('node'), { key })
    return null
  },
  [`POST ${PATH}`]: (call) =>
    keyOf(call) === undefined ? null : die('the shop that knows keys cannot be reached'),
  [`DELETE ${PATH}`]: (call) => {
    keys(call).delete(call.text('node'))
    return null
  },
}

function keys({ world }: Call): Map<string, Section> {
  return sectionsOf(world, 'hosts/subscription')
}

function keyOf(call: Call): string | undefined {
  const key = keys(call).get(call.text('node'))?.['key']
  return typeof key === 'string' ? key : undefined
}
