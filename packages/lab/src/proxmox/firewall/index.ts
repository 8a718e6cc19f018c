import { die } from '../api-error.ts'
import { Answer, type Call, type Handlers } from '../handler.ts'
import { writtenFile } from '../sdn/running.ts'
import { requireNetwork } from '../sdn/vnets.ts'
import { aliasHandlers } from './aliases.ts'
import { groupHandlers } from './groups.ts'
import { ipsetHandlers } from './ipsets.ts'
import { MACROS } from './macros.ts'
import { optionHandlers } from './options.ts'
import { ruleHandlers } from './rules.ts'
import { firewallOf, guestFirewall, type Scope } from './state.ts'

const CLUSTER = '/cluster/firewall'
const HOST = '/nodes/{node}/firewall'
const NETWORK = '/cluster/sdn/vnets/{vnet}/firewall'

const ofCluster: Scope = () => 'cluster'
const ofHost: Scope = (call) => `node/${call.text('node')}`
const ofGuest: Scope = (call) => guestFirewall(call.text('vmid'))
const ofNetwork: Scope = (call) => `vnet/${call.text('vnet')}`

/** Firewalls of the cluster, its hosts, guests and networks. The lab keeps what they say; it filters no packets. */
export const firewallHandlers: Handlers = {
  [`GET ${CLUSTER}`]: names('aliases groups ipset macros options refs rules'),
  [`GET ${CLUSTER}/macros`]: () => Object.entries(MACROS).map(([macro, descr]) => ({ macro, descr })),
  ...optionHandlers(CLUSTER, ofCluster),
  ...ruleHandlers(`${CLUSTER}/rules`, ofCluster),
  ...aliasHandlers(CLUSTER, ofCluster),
  ...ipsetHandlers(CLUSTER, ofCluster),
  ...refHandlers(CLUSTER, ['dc', ofCluster]),
  ...groupHandlers,
  [`GET ${HOST}`]: names('log options rules'),
  ...optionHandlers(HOST, ofHost),
  ...ruleHandlers(`${HOST}/rules`, ofHost),
  [`GET ${HOST}/log`]: noLog,
  ...guestHandlers('/nodes/{node}/qemu/{vmid}/firewall'),
  ...guestHandlers('/nodes/{node}/lxc/{vmid}/firewall'),
  [`GET ${NETWORK}`]: names('options rules'),
  ...ofKnownNetwork({
    ...optionHandlers(NETWORK, ofNetwork),
    ...ruleHandlers(`${NETWORK}/rules`, ofNetwork),
  }),
}

/** Calls about a network that there is, by who may see or change it. */
function ofKnownNetwork(handlers: Handlers): Handlers {
  return Object.fromEntries(
    Object.entries(handlers).map(([key, handler]) => [
      key,
      (call: Call) => {
        if (!writtenFile(call.world, 'vnets').has(call.text('vnet'))) die('invalid vnet specified')
        requireNetwork(call, key.startsWith('GET ') ? ['SDN.Audit', 'SDN.Allocate'] : ['SDN.Allocate'])
        return handler(call)
      },
    ]),
  )
}

function guestHandlers(path: string): Handlers {
  return {
    [`GET ${path}`]: names('rules aliases ipset refs options'),
    ...optionHandlers(path, ofGuest),
    // A guest's rules name its cards.
    ...ruleHandlers(`${path}/rules`, ofGuest, /^net\d+$/),
    ...aliasHandlers(path, ofGuest),
    ...ipsetHandlers(path, ofGuest),
    ...refHandlers(path, ['dc', ofCluster], ['guest', ofGuest]),
    [`GET ${path}/log`]: noLog,
  }
}

function names(list: string): () => unknown {
  const entries = list.split(' ').map((name) => ({ name }))
  return () => entries
}

/** Nothing is filtered, so nothing is logged. */
function noLog(): Answer {
  return new Answer([{ n: 1, t: 'unable to open file - No such file or directory' }], { total: 1 })
}

/** What rules may name: aliases and sets of the cluster, and of a guest its own after them. */
function refHandlers(
  path: string,
  ...scopes: readonly (readonly [name: 'dc' | 'guest', scope: Scope])[]
): Handlers {
  return {
    [`GET ${path}/refs`]: (call) => {
      const type = call.optional('type')
      return scopes
        .flatMap(([name, scope]) => {
          const { aliases, ipsets } = firewallOf(call.world, scope(call))
          return [
            ...[...aliases].map(([alias, { comment }]) =>
              refTo('alias', name, alias, `${name}/${alias}`, comment),
            ),
            ...[...ipsets].map(([set, { comment }]) => refTo('ipset', name, set, `+${name}/${set}`, comment)),
          ]
        })
        .filter((each) => type === undefined || each.type === type)
    },
  }
}

function refTo(
  type: 'alias' | 'ipset',
  scope: string,
  name: string,
  ref: string,
  comment: string | undefined,
): { type: string; [field: string]: string | undefined } {
  return { type, scope, name, ref, comment }
}
