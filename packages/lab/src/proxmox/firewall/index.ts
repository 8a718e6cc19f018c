import { Answer, type Handlers } from '../handler.ts'
import { aliasHandlers } from './aliases.ts'
import { groupHandlers } from './groups.ts'
import { ipsetHandlers } from './ipsets.ts'
import { MACROS } from './macros.ts'
import { optionHandlers } from './options.ts'
import { ruleHandlers } from './rules.ts'
import { firewallOf, type Scope } from './state.ts'

const CLUSTER = '/cluster/firewall'
const HOST = '/nodes/{node}/firewall'

const ofCluster: Scope = () => 'cluster'
const ofHost: Scope = (call) => `node/${call.text('node')}`

/** Firewalls of the cluster and its hosts. The lab keeps what they say; it filters no packets. */
export const firewallHandlers: Handlers = {
  [`GET ${CLUSTER}`]: names('aliases groups ipset macros options refs rules'),
  [`GET ${CLUSTER}/macros`]: () => Object.entries(MACROS).map(([macro, descr]) => ({ macro, descr })),
  ...optionHandlers(CLUSTER, ofCluster),
  ...ruleHandlers(`${CLUSTER}/rules`, ofCluster),
  ...aliasHandlers(CLUSTER, ofCluster),
  ...ipsetHandlers(CLUSTER, ofCluster),
  ...refHandlers(CLUSTER, ofCluster),
  ...groupHandlers,
  [`GET ${HOST}`]: names('log options rules'),
  ...optionHandlers(HOST, ofHost),
  ...ruleHandlers(`${HOST}/rules`, ofHost),
  [`GET ${HOST}/log`]: noLog,
}

function names(list: string): () => unknown {
  const entries = list.split(' ').map((name) => ({ name }))
  return () => entries
}

/** Nothing is filtered, so nothing is logged. */
function noLog(): Answer {
  return new Answer([{ n: 1, t: 'unable to open file - No such file or directory' }], { total: 1 })
}

/** What rules may name: aliases and sets. */
function refHandlers(path: string, scope: Scope): Handlers {
  return {
    [`GET ${path}/refs`]: (call) => {
      const { aliases, ipsets } = firewallOf(call.world, scope(call))
      const type = call.optional('type')
      return [
        ...[...aliases].map(([name, { comment }]) => ({
          type: 'alias',
          name,
          ref: `dc/${name}`,
          scope: 'dc',
          comment,
        })),
        ...[...ipsets].map(([name, { comment }]) => ({
          type: 'ipset',
          name,
          ref: `+dc/${name}`,
          scope: 'dc',
          comment,
        })),
      ].filter((each) => type === undefined || each.type === type)
    },
  }
}
