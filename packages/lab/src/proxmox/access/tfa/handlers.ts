import { ApiError, die, forbidden, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { can, isRoot } from '../../permissions.ts'
import { changeConfig } from '../lock.ts'
import { requireUser } from '../user.ts'
import {
  dropEntry,
  entriesOf,
  failuresOf,
  isLockedOut,
  keepEntry,
  keepFailures,
  newRecovery,
  newTotp,
  usersWithTfa,
  type TfaEntry,
} from './entries.ts'
import { findStep, parseTotp } from './totp.ts'

const USER = '/access/tfa/{userid}'
const ONE = `${USER}/{id}`
/** What stands in a user's `keys` while there are second factors. */
const HAS_TFA = 'x'

/** Second factors of users: devices that make codes, and recovery keys. */
export const tfaHandlers: Handlers = {
  'GET /access/tfa': (call) =>
    usersWithTfa(call.world)
      .filter((userid) => mayManage(call, userid))
      .map((userid) => ({
        userid,
        entries: entriesOf(call.world, userid).map(show),
        ...locksOf(call, userid),
      })),
  [`GET ${USER}`]: (call) => entriesOf(call.world, call.text('userid')).map(show),
  [`GET ${ONE}`]: (call) => {
    const id = call.text('id')
    const entry = entriesOf(call.world, call.text('userid')).find((other) => other.id === id)
    if (entry === undefined) throw new ApiError(404, `No such tfa entry '${id}'`)
    return show(entry)
  },
  [`POST ${USER}`]: (call) => change(call, (userid) => add(call, userid)),
  [`PUT ${ONE}`]: (call) =>
    change(call, (userid) => {
      const entry = requireEntry(call, userid)
      // A set of keys is taken away or not.
      if (entry.type === 'recovery') die('no such entry')
      keepEntry(call.world, userid, {
        ...entry,
        description: call.optional('description') ?? entry.description,
        enable: call.flag('enable', entry.enable),
      })
      return null
    }),
  [`DELETE ${ONE}`]: (call) =>
    change(call, (userid) => {
      dropEntry(call.world, userid, requireEntry(call, userid).id)
      if (entriesOf(call.world, userid).length === 0) {
        delete requireUser(call.world, userid).keys
        keepFailures(call.world, userid, undefined)
      }
      return null
    }),
  'PUT /access/users/{userid}/unlock-tfa': (call) => {
    const userid = call.text('userid')
    return changeConfig(call.world, 'priv_tfa_cfg', '', () => {
      const wasLocked = failuresOf(call.world, userid).totpLocked || isLockedOut(call.world, userid)
      keepFailures(call.world, userid, undefined)
      return wasLocked ? 1 : 0
    })
  },
  'GET /access/users/{userid}/tfa': (call) => {
    const userid = call.text('userid')
    const types = [...new Set(entriesOf(call.world, userid).map(({ type }) => type))]
    const realm = realmFactor(call, userid)
    const common = realm === undefined ? {} : { realm }
    if (call.flag('multiple')) return { ...common, types }
    return { ...common, ...(types.includes('totp') && { user: 'oath' }) }
  },
}

/** Which second factor a user's realm demands of everybody; undefined for none. */
function realmFactor({ world }: Call, userid: string): string | undefined {
  const tfa = world.cluster.realms.get(userid.slice(userid.lastIndexOf('@') + 1))?.['tfa']
  return tfa === undefined ? undefined : /(?:^|,)type=(\w+)/.exec(tfa)?.[1]
}

function show({ type, id, description, created, enable }: TfaEntry): Record<string, unknown> {
  return { type, id, description, created, ...(!enable && { enable: 0 }) }
}

function locksOf({ world }: Call, userid: string): Record<string, unknown> {
  const { totpLocked, lockedUntil } = failuresOf(world, userid)
  return {
    ...(totpLocked && { 'totp-locked': 1 }),
    ...(isLockedOut(world, userid) && { 'tfa-locked-until': lockedUntil }),
  }
}

/** Who manages users sees those of its groups, everybody sees its own. */
function mayManage({ world, identity }: Call, userid: string): boolean {
  const privileges = ['User.Modify', 'Sys.Audit']
  if (userid === identity.user || can(world, identity, '/access/groups', privileges, true)) return true
  return [...(world.access.users.get(userid)?.groups ?? [])].some((group) =>
    can(world, identity, `/access/groups/${group}`, privileges, true),
  )
}

/** Changes the second factors of a user: everybody but root confirms with the own password, and nobody else changes root's. */
function change<T>(call: Call, work: (userid: string) => T): Promise<T> {
  const { world, identity } = call
  const userid = call.text('userid')
  requireUser(world, userid)
  if (!isRoot(identity)) {
    if (userid === 'root@pam') forbidden()
    const password = call.optional('password')
    if (password === undefined) parameterError({ password: 'password is required to modify TFA data' })
    if (world.access.users.get(identity.user)?.password !== password) die('invalid credentials')
  }
  return changeConfig(world, 'priv_tfa_cfg', '', () => work(userid))
}

function requireEntry(call: Call, userid: string): TfaEntry {
  return entriesOf(call.world, userid).find(({ id }) => id === call.text('id')) ?? die('no such entry')
}

function add(call: Call, userid: string): Record<string, unknown> {
  const { world } = call
  const given = (name: string): boolean => call.optional(name) !== undefined
  const type = call.text('type')
  let added: TfaEntry
  switch (type) {
    case 'totp':
      if (given('challenge')) die("'challenge' parameter is invalid for 'totp' entries")
      added = newDevice(call)
      break
    case 'recovery':
      if (['totp', 'value', 'challenge'].some(given))
        die('generating recovery tokens does not allow additional parameters')
      added = newRecovery(world, userid)
      break
    case 'yubico':
      return die('no yubico configuration available')
    default:
      return die(`no ${type} configuration available`)
  }
  keepEntry(world, userid, added)
  requireUser(world, userid).keys = HAS_TFA
  return { id: added.id, ...(added.keys && { recovery: added.keys }) }
}

function newDevice(call: Call): TfaEntry {
  const description = call.optional('description') ?? die("'description' is required for new entries")
  const [totp, value] = [call.optional('totp'), call.optional('value')]
  if (totp === undefined || value === undefined)
    return die("totp type requires both 'totp' and 'value' parameters")
  if (findStep(parseTotp(totp), value, call.world.clock.now()) === undefined)
    die('failed to verify TOTP challenge')
  return newTotp(call.world, description, totp)
}
