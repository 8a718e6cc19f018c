import type { Command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { verbCommand, type Find, type Verb } from '../proxmox-call/verb.ts'

const here: Find = (_proxmox, _words, { node = '' }) => {
  const path: Record<string, string> = node === '' ? {} : { node }
  return Promise.resolve([{ name: node, path }])
}
const read = (name: string, call: string, en: string, it: string, more: Partial<Verb> = {}): Verb => ({
  path: `node ${name} <node> [parameters...]`,
  method: 'GET',
  call: `/nodes/{node}${call}`,
  summary: tr(en, it),
  examples: [`fochista node ${name} pve1`],
  ...more,
})

/** Calls on the hosts of the Proxmox cluster. */
export const nodeVerbs: readonly Verb[] = [
  {
    path: 'node list',
    method: 'GET',
    call: '/nodes',
    summary: tr('list the hosts', 'elenca gli host'),
    examples: ['fochista node list'],
  },
  {
    path: 'node cluster',
    method: 'GET',
    call: '/cluster/status',
    summary: tr(
      'show which hosts are a cluster, and whether they are enough to decide',
      'mostra quali host formano il cluster, e se bastano per decidere',
    ),
    examples: ['fochista node cluster'],
  },
  {
    path: 'node log [parameters...]',
    method: 'GET',
    call: '/cluster/log',
    summary: tr('print what the hosts noted lately', 'mostra cosa hanno annotato gli host di recente'),
    examples: ['fochista node log max=50'],
  },
  read('get', '/status', 'show how a host stands', 'mostra lo stato di un host'),
  read('version', '/version', 'show a host’s version', 'mostra la versione di un host'),
  read(
    'storages',
    '/storage',
    'list the storages as a host sees them',
    'elenca gli storage visti da un host',
  ),
  read('networks', '/network', 'list a host’s networks', 'elenca le reti di un host'),
  read('tasks', '/tasks', 'list a host’s tasks', 'elenca i task di un host'),
  read('services', '/services', 'list a host’s services', 'elenca i servizi di un host'),
  read(
    'rrd',
    '/rrddata',
    'print the figures of a time (timeframe=hour)',
    'mostra le misure di un periodo (timeframe=hour)',
    { initial: { timeframe: 'hour' } },
  ),
]

/** The commands of the noun `node`. */
export const nodeCommands: readonly Command[] = nodeVerbs.map((verb) => verbCommand(verb, here))
