import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { listOf, sectionHandlers, shownOptions, type Section, type SectionFile } from '../sections.ts'
import {
  BUILT_IN,
  ENDPOINTS,
  endpointNamed,
  notificationFile,
  originOf,
  refuse,
  restoreBuiltIn,
  type Endpoint,
} from './files.ts'

const BASE = '/cluster/notifications'
/** Milliseconds until a host knows that a server cannot be reached. */
const NO_ROUTE = 3000

/** Options that are secrets, and are kept where no call reads them. */
const SECRETS: Readonly<Record<Endpoint, readonly string[]>> = {
  gotify: ['token'],
  sendmail: [],
  smtp: ['password'],
  webhook: [],
}

const names = (list: readonly string[]): (() => unknown) => {
  const entries = list.map((name) => ({ name }))
  return () => entries
}

/** Where notifications go, and which go where. The lab keeps it and sends none. */
export const notificationHandlers: Handlers = {
  [`GET ${BASE}`]: names(['endpoints', 'matcher-field-values', 'matcher-fields', 'matchers', 'targets']),
  [`GET ${BASE}/endpoints`]: names(ENDPOINTS),
  ...Object.assign({}, ...ENDPOINTS.map((kind) => sectionHandlers(endpointFile(kind)))),
  ...sectionHandlers(matcherFile()),
  [`GET ${BASE}/targets`]: ({ world }) =>
    ENDPOINTS.flatMap((kind) =>
      [...notificationFile(world, kind)].map(([name, section]) => {
        const { comment, disable } = shownOptions(`${BASE}/endpoints/${kind}`, section)
        return { name, type: kind, comment, disable, origin: originOf(kind, name, section) }
      }),
    ),
  [`POST ${BASE}/targets/{name}/test`]: async (call) => {
    const { world } = call
    const name = call.text('name')
    const kind = endpointNamed(world, name) ?? refuse(404, `target '${name}' does not exist`)
    // Mail goes to the host's own server; to the others there is no route.
    if (kind === 'sendmail') return null
    await world.clock.sleep(NO_ROUTE)
    return die(`could not notify via endpoint(s): ${name}: No route to host`)
  },
  [`GET ${BASE}/matcher-fields`]: names(['type', 'hostname', 'job-id']),
  [`GET ${BASE}/matcher-field-values`]: ({ world }) => [
    ...['fencing', 'package-updates', 'replication', 'system-mail', 'vzdump'].map((value) => ({
      field: 'type',
      value,
    })),
    ...[...world.hosts.keys()].map((value) => ({ field: 'hostname', value })),
    ...[...world.cluster.backupJobs].map(([value, { comment }]) => ({ field: 'job-id', value, comment })),
  ],
}

function endpointFile(kind: Endpoint): SectionFile {
  return {
    list: `${BASE}/endpoints/${kind}`,
    id: 'name',
    sections: (world) => notificationFile(world, kind),
    lock: 'notifications_cfg',
    exists,
    missing: (name) => refuse(404, `endpoint '${name}' not found`),
    listsDigest: false,
    passedOver: SECRETS[kind],
    check: (call, name, section, before) => {
      if (before === undefined) refuseTaken(call, name)
      if (kind !== 'sendmail' && kind !== 'smtp') return
      if (listOf(section['mailto']).length + listOf(section['mailto-user']).length === 0)
        refuse(400, 'must at least provide one recipient, either in mailto or in mailto-user')
    },
    facts: (_, name, section) => ({
      ...hideSecrets(section),
      origin: originOf(kind, name, section),
    }),
    checkRemoval: (call, name) => {
      const used = [...notificationFile(call.world, 'matchers')].find(([, { target }]) =>
        listOf(target).includes(name),
      )
      if (used !== undefined && BUILT_IN[kind]?.[0] !== name)
        refuse(400, `cannot delete '${name}', referenced by: ${used[0]}`)
    },
    changed: ({ world }, name, section) => {
      if (section === undefined && BUILT_IN[kind]?.[0] === name)
        restoreBuiltIn(notificationFile(world, kind), kind)
    },
  }
}

/** Of a webhook's secrets only their names are shown. */
function hideSecrets({ secret }: Section): Record<string, unknown> {
  return secret === undefined
    ? {}
    : { secret: listOf(secret).map((each) => each.replace(/,?value=[^,]*/, '')) }
}

function matcherFile(): SectionFile {
  return {
    list: `${BASE}/matchers`,
    id: 'name',
    sections: (world) => notificationFile(world, 'matchers'),
    lock: 'notifications_cfg',
    exists,
    missing: (name) => refuse(404, `matcher '${name}' not found`),
    listsDigest: false,
    check: (call, name, section, before) => {
      if (before === undefined) refuseTaken(call, name)
      for (const target of listOf(section['target']))
        if (endpointNamed(call.world, target) === undefined) refuse(404, `target '${target}' does not exist`)
    },
    facts: (_, name, section) => ({ origin: originOf('matchers', name, section) }),
    changed: ({ world }, name, section) => {
      if (section === undefined && BUILT_IN.matchers?.[0] === name)
        restoreBuiltIn(notificationFile(world, 'matchers'), 'matchers')
    },
  }
}

function exists(name: string): never {
  return refuse(400, `Cannot create '${name}', an entity with the same name already exists`)
}

/** Endpoints and matchers share their names. */
function refuseTaken({ world }: Call, name: string): void {
  if (endpointNamed(world, name) !== undefined || notificationFile(world, 'matchers').has(name)) exists(name)
}
