import { randomInt } from 'node:crypto'
import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { listOf, sectionsOf, type Section } from '../../sections.ts'
import { spend, startTask, type Worker } from '../../tasks.ts'
import type { ProxmoxWorld } from '../../world.ts'
import { addressAt, DEFAULT_DIRECTORY, TERMS } from './authority.ts'

const LIST = '/cluster/acme/account'
const DEFAULT = 'default'
/** Milliseconds of an answer from an authority. */
const ANSWER = 500

/** Accounts at authorities, from which hosts order certificates. */
export const accountHandlers: Handlers = {
  [`GET ${LIST}`]: ({ world }) => [...accountsOf(world).keys()].map((name) => ({ name })),
  [`POST ${LIST}`]: register,
  [`GET ${LIST}/{name}`]: (call) => {
    const { directory, location, tos, contact, createdAt } = requireAccount(call)
    return {
      directory,
      location,
      ...(tos !== undefined && { tos }),
      account: { status: 'valid', contact: listOf(contact), createdAt },
    }
  },
  [`PUT ${LIST}/{name}`]: (call) => {
    requireAccount(call)
    return withAccount(call, 'acmeupdate', (account, worker) => {
      const contact = call.optional('contact')
      worker.log('Updating ACME account..')
      if (contact !== undefined) account['contact'] = mailTo(contact)
    })
  },
  [`DELETE ${LIST}/{name}`]: (call) => {
    requireAccount(call)
    return withAccount(call, 'acmedeactivate', (_, worker) => {
      worker.log('Deactivating account..')
      accountsOf(call.world).delete(nameOf(call))
    })
  },
}

/** Accounts by name. */
export function accountsOf(world: ProxmoxWorld): Map<string, Section> {
  return sectionsOf(world, 'acme/accounts')
}

/** How a host says that an account is not there. */
export function noAccount(name: string): string {
  return `ACME account config file '${name}' does not exist.`
}

function nameOf(call: Call): string {
  return call.optional('name') ?? DEFAULT
}

function requireAccount(call: Call): Section {
  const name = nameOf(call)
  return accountsOf(call.world).get(name) ?? parameterError({ name: noAccount(name) })
}

function mailTo(contact: string): string[] {
  return listOf(contact).map((address) => `mailto:${address}`)
}

function register(call: Call): string {
  const { world } = call
  const name = nameOf(call)
  const exists = `ACME account config file '${name}' already exists.`
  if (accountsOf(world).has(name)) parameterError({ name: exists })
  const directory = call.optional('directory') ?? DEFAULT_DIRECTORY
  const tos = call.optional('tos_url')
  return work(call, 'acmeregister', name, async (worker) => {
    if (accountsOf(world).has(name)) die(exists)
    worker.log('Generating ACME account key..')
    worker.log('Registering ACME account..')
    await spend(world, worker, ANSWER)
    if (tos === undefined)
      die(
        `Error: POST to ${addressAt(directory, 'new-acct')} - return code: 400; must agree to terms of service (${TERMS})`,
      )
    const location = addressAt(directory, `acct/${randomInt(1e8, 1e9)}`)
    accountsOf(world).set(name, {
      directory,
      location,
      tos,
      contact: mailTo(call.text('contact')),
      createdAt: new Date(world.clock.now()).toISOString(),
    })
    worker.log(`Registration successful, account URL: '${location}'`)
  })
}

function withAccount(call: Call, type: string, change: (account: Section, worker: Worker) => void): string {
  const name = nameOf(call)
  return work(call, type, name, async (worker) => {
    await spend(call.world, worker, ANSWER)
    change(accountsOf(call.world).get(name) ?? die(noAccount(name)), worker)
  })
}

function work(call: Call, type: string, id: string, run: (worker: Worker) => Promise<void>): string {
  return startTask(call.world, { node: call.contact, type, id, user: call.user }, run)
}
