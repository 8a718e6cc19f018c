import { apiSchema } from '@fochista/proxmox/schema'
import { rightText } from '../right.ts'
import { stopped, type Row } from './state.ts'

const CONFIG = "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"
const NOT_FOUND = "unable to find configuration file for VM 999 on node 'pve1'"

/** Calls on a VM that is not there, by what they look at first; those that are not listed say the first of the two texts. */
const OTHERWISE: readonly (readonly [calls: RegExp, wanted: string])[] = [
  [
    /^PUT resize$|^DELETE snapshot\/\w+$|^POST snapshot\/\w+\/rollback$|^POST status\/start$/,
    `task ${CONFIG}`,
  ],
  [/^POST status\/(?:reset|reboot|suspend|resume)$|^POST clone$|^GET feature$/, `500 ${NOT_FOUND}`],
  [/^POST status\/(?:stop|shutdown)$/, `task ${NOT_FOUND}`],
  [/^GET $|^GET agent$|^GET snapshot\/\w+$|^GET rrddata$/, '200'],
  [/^GET firewall(?:\/(?:rules|aliases|ipset|options))?$/, '200'],
]
/** Not recorded, or not about the VM at all. */
const LEFT = /^GET (?:rrd|mtunnelwebsocket|vncwebsocket)$|^POST (?:mtunnel|remote_migrate)$|firewall\//

/** Values that these calls want. */
const GIVEN: Readonly<Record<string, string>> = {
  newid: '555',
  target: 'pve2',
  size: '+1G',
  disk: 'scsi0',
  name: 'x',
  storage: 'shared',
}

const guests: Row[] = Object.entries(apiSchema.paths).flatMap(([template, methods]) => {
  const [, below] = /^\/nodes\/\{node\}\/qemu\/\{vmid\}\/?(.*)$/.exec(template) ?? []
  if (below === undefined) return []
  return Object.entries(methods).flatMap(([method, { params }]): Row[] => {
    const name = `${method} ${below.replace('{snapname}', 'snap')}`
    const wanted = OTHERWISE.find(([calls]) => calls.test(name))?.[1]
    if (wanted === undefined && LEFT.test(name)) return []
    const needed = Object.entries(params).filter(
      ([each, { opt, idx }]) =>
        (opt !== 1 && idx === undefined) ||
        (/config$|move_disk$/.test(name) && method !== 'GET' && /^(?:name|storage)$/.test(each)),
    )
    const given = needed
      .filter(([each]) => !template.includes(`{${each}}`))
      .map(([each, param]) => [each, GIVEN[each] ?? rightText(param)])
    const path = template.replace('{node}', 'pve1').replace('{vmid}', '999').replace('{snapname}', 'snap')
    return [
      [
        `${method} ${path}`,
        Object.fromEntries(given) as Record<string, string>,
        stopped,
        wanted ?? `500 ${CONFIG}`,
      ],
    ]
  })
})

const NODE = '/nodes/pve1'
const STORAGE = `${NODE}/storage`
const UPID = 'UPID:pve1:0000FFFF:000AAAAA:6B040000:qmstart:170:root@pam:'
const there = (name: string): string => `500 storage '${name}' does not exist`

const storages: Row[] = [
  [`GET ${STORAGE}/nope/status`, {}, stopped, '400 storage: No such storage.'],
  [`GET ${STORAGE}`, { storage: 'nope' }, stopped, '400 storage: No such storage.'],
  [`GET ${STORAGE}/nope/content`, {}, stopped, there('nope')],
  [`GET ${STORAGE}/off1/content`, {}, stopped, "500 storage 'off1' is disabled"],
  [
    `GET ${STORAGE}/othernode/content`,
    {},
    stopped,
    "500 storage 'othernode' is not available on node 'pve1'",
  ],
  [`POST ${STORAGE}/nope/content`, { filename: 'x.raw', size: '4M', vmid: '100' }, stopped, there('nope')],
  [
    `POST ${STORAGE}/off1/content`,
    { filename: 'x.raw', size: '4M', vmid: '100' },
    stopped,
    "500 storage 'off1' is disabled",
  ],
  [
    `POST ${STORAGE}/local/content`,
    { filename: 'x.qcow2', size: '4M', format: 'raw', vmid: '100' },
    stopped,
    '400 format: different storage formats (raw != qcow2)',
  ],
  [`GET ${STORAGE}/nope/content/iso/a.iso`, {}, stopped, there('nope')],
  [`DELETE ${STORAGE}/nope/content/iso/a.iso`, {}, stopped, there('nope')],
  [`PUT ${STORAGE}/nope/content/iso/a.iso`, { notes: 'x' }, stopped, there('nope')],
  [`DELETE ${STORAGE}/local/content/foo`, {}, stopped, "500 unable to parse directory volume name 'foo'"],
  [`DELETE ${STORAGE}/local/content/iso/nope.iso`, {}, stopped, 'task OK'],
  [
    `GET ${STORAGE}/local/content/100/vm-100-disk-99.qcow2`,
    {},
    stopped,
    "500 volume_size_info on 'local:100/vm-100-disk-99.qcow2' failed - no format",
  ],
  [`PUT ${STORAGE}/local/content/iso/a.iso`, { notes: 'x' }, stopped, '500 only backups can have notes'],
  [
    `POST ${STORAGE}/nope/download-url`,
    { content: 'iso', filename: 'a.iso', url: 'http://192.0.2.1/a.iso' },
    stopped,
    there('nope'),
  ],
  [
    `POST ${STORAGE}/local/download-url`,
    { content: 'iso', filename: 'a.txt', url: 'http://192.0.2.1/a.iso' },
    stopped,
    '400 filename: wrong file extension',
  ],
  [
    `GET ${STORAGE}/local/import-metadata`,
    { volume: 'local:iso/q.iso' },
    stopped,
    "500 unable to parse directory volume name 'local:iso/q.iso'",
  ],
  [
    `GET ${STORAGE}/local/prunebackups`,
    {},
    stopped,
    "500 no prune-backups options configured for storage 'local'",
  ],
  [
    `GET ${STORAGE}/local/file-restore/list`,
    { volume: 'local:backup/x', filepath: '/' },
    stopped,
    "500 unable to parse directory volume name 'backup/x'",
  ],
  ['GET /storage/nope', {}, stopped, there('nope')],
  [
    'PUT /storage/nope',
    { content: 'images' },
    stopped,
    "500 update storage failed: storage 'nope' does not exist",
  ],
  ['DELETE /storage/nope', {}, stopped, "500 delete storage failed: storage 'nope' does not exist"],
  [
    'POST /storage',
    { storage: 'local', type: 'dir', path: '/mnt/x' },
    stopped,
    "500 create storage failed: storage ID 'local' already defined",
  ],
  [
    'POST /storage',
    { storage: 'new1', type: 'dir' },
    stopped,
    "500 missing value for required option 'path'",
  ],
]

const tasks: Row[] = [
  ...['status', 'log'].map((name): Row => [
    `GET ${NODE}/tasks/foo/${name}`,
    {},
    stopped,
    '400 upid: unable to parse worker upid',
  ]),
  [`DELETE ${NODE}/tasks/foo`, {}, stopped, '400 upid: unable to parse worker upid'],
  [`GET ${NODE}/tasks/${UPID}/status`, {}, stopped, '400 upid: no such task'],
  [`GET ${NODE}/tasks/${UPID.replace('pve1', 'pve2')}/status`, {}, stopped, '400 upid: no such task'],
  [`DELETE ${NODE}/tasks/${UPID}`, {}, stopped, '400 upid: no such task'],
  [`GET ${NODE}/tasks/${UPID}`, {}, stopped, '200'],
  [
    `GET ${NODE}/tasks/${UPID}/log`,
    { download: '1', limit: '5' },
    stopped,
    "500 'download' cannot be used together with 'start' or 'limit' parameters",
  ],
]

const TOKEN = '/access/users/root@pam/token'
const access: Row[] = [
  ['GET /access/users/nobody@pve/token', {}, stopped, "?500 no such user ('nobody@pve')"],
  ['POST /access/users/nobody@pve/token/t1', {}, stopped, "500 no such user ('nobody@pve')"],
  [`GET ${TOKEN}/nope`, {}, stopped, "500 no such token 'nope' for user 'root@pam'"],
  [`PUT ${TOKEN}/nope`, { comment: 'x' }, stopped, "500 no such token 'nope' for user 'root@pam'"],
  [`DELETE ${TOKEN}/nope`, {}, stopped, "500 no such token 'nope' for user 'root@pam'"],
  [`POST ${TOKEN}/all`, {}, stopped, '400 tokenid: Token already exists.'],
  ['GET /access/users/nobody@pve', {}, stopped, "500 no such user ('nobody@pve')"],
  [
    'PUT /access/users/nobody@pve',
    { comment: 'x' },
    stopped,
    "500 update user failed: no such user ('nobody@pve')",
  ],
  ['DELETE /access/users/nobody@pve', {}, stopped, '200'],
  ['GET /access/groups/nope', {}, stopped, "500 group 'nope' does not exist"],
  ['GET /access/roles/Nope', {}, stopped, "500 role 'Nope' does not exist"],
  ['DELETE /access/roles/Nope', {}, stopped, "500 delete role failed: role 'Nope' does not exist"],
  ['GET /access/domains/nope', {}, stopped, "500 domain 'nope' does not exist"],
  ['GET /pools', { poolid: 'nope' }, stopped, "500 pool 'nope' does not exist"],
  [
    'PUT /pools',
    { poolid: 'nope', comment: 'x' },
    stopped,
    "500 update pools failed: pool 'nope' does not exist",
  ],
]

const RULES = '/nodes/pve1/qemu/100/firewall'
const firewall: Row[] = [
  ...['GET', 'PUT', 'DELETE'].map((method): Row => [
    `${method} ${RULES}/rules/9`,
    method === 'PUT' ? { enable: '1' } : {},
    stopped,
    '500 no rule at position 9',
  ]),
  [
    `POST ${RULES}/rules`,
    { type: 'in', action: 'ACCEPT', iface: 'eth0' },
    stopped,
    "400 iface: value does not match the regex pattern 'net\\d+'",
  ],
  [
    `POST ${RULES}/rules`,
    { type: 'in', action: 'ACCEPT', macro: 'Nope' },
    stopped,
    "400 macro: unknown macro 'Nope'",
  ],
  [
    `POST ${RULES}/rules`,
    { type: 'in', action: 'ACCEPT', dport: '22' },
    stopped,
    "400 proto: missing property - 'dport' requires this property",
  ],
  [`GET ${RULES}/aliases/nope`, {}, stopped, '400 name: no such alias'],
  [`PUT ${RULES}/aliases/nope`, { cidr: '192.0.2.1' }, stopped, '400 name: no such alias'],
  [`DELETE ${RULES}/aliases/nope`, {}, stopped, '200'],
  [`GET ${RULES}/ipset/nope`, {}, stopped, "500 no such IPSet 'nope'"],
  [`DELETE ${RULES}/ipset/nope`, {}, stopped, "500 no such IPSet 'nope'"],
  [`PUT ${RULES}/options`, { delete: 'nope' }, stopped, "400 delete: no such option 'nope'"],
  [
    `PUT ${RULES}/options`,
    { enable: '0', digest: '0'.repeat(40) },
    stopped,
    '500 detected modified configuration - file changed by other user? Try again.',
  ],
]

const cluster: Row[] = [
  ['GET /cluster/nextid', { vmid: '100' }, stopped, '400 vmid: VM 100 already exists'],
  ['GET /nodes/nope', {}, stopped, '200'],
  [`POST ${NODE}/wakeonlan`, {}, stopped, "500 'pve1' is local node, cannot wake my self!"],
  [
    `GET ${NODE}/rrd`,
    { timeframe: 'hour', ds: 'nope' },
    stopped,
    "500 RRD error: No DS called 'nope' in '/var/lib/rrdcached/db/pve-node-9.0/pve1'",
  ],
]

/** What is named and not there: guests, storages, volumes, tasks, users, tokens, rules. */
export const ofMissing: readonly Row[] = [
  ...guests,
  ...storages,
  ...tasks,
  ...access,
  ...firewall,
  ...cluster,
]
