import { randomUUID } from 'node:crypto'
import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import type { ProxmoxWorld } from '../world.ts'
import { changeConfig } from './lock.ts'
import { requireUser } from './user.ts'

const ONE = '/access/users/{userid}/token/{tokenid}'

/** API tokens of a user. */
export const tokenHandlers: Handlers = {
  'GET /access/users/{userid}/token': (call) => {
    requireUser(call.world, call.text('userid'))
    return tokensOf(call.world, call.text('userid'))
  },
  [`GET ${ONE}`]: (call) => show(requireToken(call)),
  [`POST ${ONE}`]: (call) =>
    changeConfig(call.world, 'user_cfg', '', () => {
      const { tokens } = call.world.access
      const userid = call.text('userid')
      const user = requireUser(call.world, userid)
      // Writing the user file gives every user in it a date.
      user.expire ??= 0
      const id = `${userid}!${call.text('tokenid')}`
      if (tokens.has(id)) parameterError({ tokenid: 'Token already exists.' })
      const secret = randomUUID()
      const comment = call.optional('comment')
      tokens.set(id, {
        secret,
        privsep: call.flag('privsep', true),
        expire: call.number('expire') ?? 0,
        ...(comment !== undefined && { comment }),
      })
      // What was given comes back as it was given: as text.
      const info = { privsep: call.optional('privsep') ?? 1, expire: call.optional('expire'), comment }
      return { 'full-tokenid': id, value: secret, info }
    }),
  [`PUT ${ONE}`]: (call) =>
    changeConfig(call.world, 'user_cfg', '', () => {
      const token = requireToken(call)
      const comment = call.optional('comment')
      const changed = {
        secret: token.secret,
        privsep: call.flag('privsep', token.privsep),
        expire: call.number('expire') ?? token.expire,
        ...(comment === undefined ? token.comment !== undefined && { comment: token.comment } : { comment }),
      }
      call.world.access.tokens.set(`${call.text('userid')}!${call.text('tokenid')}`, changed)
      return show(changed)
    }),
  [`DELETE ${ONE}`]: (call) =>
    changeConfig(call.world, 'user_cfg', '', () => {
      requireToken(call)
      const { access } = call.world
      const id = `${call.text('userid')}!${call.text('tokenid')}`
      access.tokens.delete(id)
      access.acl = access.acl.filter(({ ugid }) => ugid !== id)
      return null
    }),
}

interface Token {
  readonly secret: string
  readonly privsep: boolean
  readonly expire: number
  readonly comment?: string
}

/** Tokens of a user as lists show them. */
export function tokensOf(
  world: ProxmoxWorld,
  userid: string,
): { tokenid: string; [fact: string]: unknown }[] {
  return [...world.access.tokens]
    .filter(([id]) => id.startsWith(`${userid}!`))
    .map(([id, token]) => ({ tokenid: id.slice(userid.length + 1), ...show(token) }))
}

function show({ privsep, expire, comment }: Token): Record<string, unknown> {
  return { privsep: privsep ? 1 : 0, expire, comment }
}

function requireToken(call: Call): Token {
  const userid = call.text('userid')
  requireUser(call.world, userid)
  const tokenid = call.text('tokenid')
  return (
    call.world.access.tokens.get(`${userid}!${tokenid}`) ??
    die(`no such token '${tokenid}' for user '${userid}'`)
  )
}
