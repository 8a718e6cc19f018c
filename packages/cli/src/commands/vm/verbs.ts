import type { Command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { verbCommand, type Find, type Verb } from '../proxmox-call/verb.ts'
import { agentVerbs } from './agent.ts'
import { onMany, onOne } from './call.ts'
import { findVms } from './find.ts'
import { firewallVerbs } from './firewall.ts'
import { vmGraph } from './graph.ts'
import { vmList } from './list.ts'
import { vmScreen } from './screen/screen.ts'
import { vmSpice } from './spice.ts'
import { vmTerminal } from './terminal.ts'

/** Every call on a VM, by the word it has on the command line. Parameters are those of the API, as `parameter=value`. */
export const vmVerbs: readonly Verb[] = [
  onOne('get', 'GET', '/status/current', ['show how a VM stands', 'mostra lo stato di una VM'], '101'),
  onOne(
    'config',
    'GET',
    '/config',
    ['show or change the configuration', 'mostra o cambia la configurazione'],
    '101 cores=4 memory=8192',
    { whenGiven: 'PUT' },
  ),
  onOne(
    'reconfigure',
    'POST',
    '/config',
    [
      'change the configuration by a task, which may take long and can be followed',
      'cambia la configurazione con un task, che può durare e si può seguire',
    ],
    '101 scsi1=local-lvm:100',
  ),
  onOne(
    'pending',
    'GET',
    '/pending',
    [
      'show the configuration with what waits for a restart',
      'mostra la configurazione con quanto attende un riavvio',
    ],
    '101',
  ),
  onOne(
    'clone',
    'POST',
    '/clone',
    ['clone a VM or template', 'clona una VM o un template'],
    '9000 newid=120 name=web-4 full=1',
  ),
  onMany('start', 'POST', '/status/start', ['start VMs', 'avvia delle VM']),
  onMany('stop', 'POST', '/status/stop', ['switch VMs off at once', 'spegne subito delle VM'], {
    isDestructive: true,
  }),
  onMany(
    'reset',
    'POST',
    '/status/reset',
    ['reset VMs, as by the button', 'resetta delle VM, come col pulsante'],
    { isDestructive: true },
  ),
  onMany('shutdown', 'POST', '/status/shutdown', [
    'ask the guests to shut down',
    'chiede ai guest di spegnersi',
  ]),
  onMany('reboot', 'POST', '/status/reboot', [
    'shut VMs down and start them again',
    'spegne delle VM e le riavvia',
  ]),
  onMany('suspend', 'POST', '/status/suspend', [
    'suspend VMs (todisk=1: to disk)',
    'sospende delle VM (todisk=1: su disco)',
  ]),
  onMany('resume', 'POST', '/status/resume', ['resume suspended VMs', 'riprende delle VM sospese']),
  onMany('delete', 'DELETE', '', ['destroy VMs and their disks', 'distrugge delle VM con i loro dischi'], {
    isDestructive: true,
    initial: { purge: '1' },
  }),
  onMany('template', 'POST', '/template', ['make VMs templates', 'trasforma delle VM in template'], {
    isDestructive: true,
  }),
  onOne(
    'migrate',
    'POST',
    '/migrate',
    ['move a VM to another host', 'sposta una VM su un altro host'],
    '101 target=pve2 online=1',
  ),
  onOne(
    'migrate-check',
    'GET',
    '/migrate',
    [
      'show where a VM can be moved to, and what stands in the way',
      'mostra dove una VM si può spostare e cosa lo impedisce',
    ],
    '101 target=pve2',
  ),
  onOne(
    'remote-migrate',
    'POST',
    '/remote_migrate',
    ['move a VM to another cluster', 'sposta una VM in un altro cluster'],
    '101 target-endpoint=… target-bridge=vmbr0 target-storage=local-lvm',
  ),
  onOne('resize', 'PUT', '/resize', ['grow a disk', 'ingrandisce un disco'], '101 disk=scsi0 size=+10G'),
  onOne(
    'move-disk',
    'POST',
    '/move_disk',
    ['move a disk to another storage or VM', 'sposta un disco su un altro storage o un’altra VM'],
    '101 disk=scsi0 storage=shared delete=1',
  ),
  onOne(
    'unlink',
    'PUT',
    '/unlink',
    ['detach disks (force=1: destroy them)', 'stacca dei dischi (force=1: li distrugge)'],
    '101 idlist=unused0 force=1',
    { isDestructive: true },
  ),
  onOne(
    'cloudinit get',
    'GET',
    '/cloudinit',
    ['show the cloud-init settings', 'mostra le impostazioni cloud-init'],
    '101',
  ),
  onOne(
    'cloudinit dump',
    'GET',
    '/cloudinit/dump',
    ['print a cloud-init document', 'mostra un documento cloud-init'],
    '101 type=user',
    { initial: { type: 'user' } },
  ),
  onOne(
    'cloudinit update',
    'PUT',
    '/cloudinit',
    ['make the cloud-init drive anew', 'rigenera l’unità cloud-init'],
    '101',
  ),
  onOne(
    'feature',
    'GET',
    '/feature',
    [
      'ask whether a VM can be cloned, copied or snapshot',
      'chiede se una VM si può clonare, copiare o fotografare',
    ],
    '101 feature=snapshot',
  ),
  onOne(
    'monitor',
    'POST',
    '/monitor',
    ['send a line to QEMU’s monitor', 'invia una riga al monitor di QEMU'],
    '101 command="info version"',
  ),
  onOne('sendkey', 'PUT', '/sendkey', ['press keys', 'preme dei tasti'], '101 key=ctrl-alt-delete'),
  onOne(
    'rrd',
    'GET',
    '/rrddata',
    ['print the figures of a time', 'mostra le misure di un periodo'],
    '101 timeframe=hour',
    { initial: { timeframe: 'hour' } },
  ),
  onOne('snapshot list', 'GET', '/snapshot', ['list snapshots', 'elenca gli snapshot'], '101'),
  onOne(
    'snapshot create <snapname>',
    'POST',
    '/snapshot',
    ['make a snapshot', 'crea uno snapshot'],
    '101 before-upgrade vmstate=1',
    { asParameter: ['snapname'] },
  ),
  onOne(
    'snapshot delete <snapname>',
    'DELETE',
    '/snapshot/{snapname}',
    ['delete a snapshot', 'elimina uno snapshot'],
    '101 before-upgrade',
    { isDestructive: true },
  ),
  onOne(
    'snapshot rollback <snapname>',
    'POST',
    '/snapshot/{snapname}/rollback',
    ['go back to a snapshot', 'torna a uno snapshot'],
    '101 before-upgrade',
    { isDestructive: true },
  ),
  onOne(
    'snapshot config <snapname>',
    'GET',
    '/snapshot/{snapname}/config',
    ['show or change a snapshot', 'mostra o cambia uno snapshot'],
    '101 before-upgrade description="it works"',
    { whenGiven: 'PUT' },
  ),
  onOne(
    'dbus-vmstate',
    'POST',
    '/dbus-vmstate',
    [
      'start or stop the helper that carries a VM’s state beside its memory when it is moved',
      'avvia o ferma l’ausiliario che trasporta lo stato di una VM oltre alla memoria quando viene spostata',
    ],
    '101 action=start',
  ),
]

/** A VM that does not exist yet: on the host of --node-like argument, with the VMID of the parameters or the next free one. */
const create: Verb = {
  path: 'vm create <node> [parameters...]',
  method: 'POST',
  call: '/nodes/{node}/qemu',
  summary: tr('create a VM on a host', 'crea una VM su un host'),
  examples: [
    'fochista vm create pve1 vmid=120 name=web-4 cores=2 memory=2048 scsi0=local-lvm:32 net0=virtio,bridge=vmbr0',
  ],
}

/** A VM that another cluster is about to move here: not there yet either. */
const mtunnel: Verb = {
  path: 'vm mtunnel <node> <vmid> [parameters...]',
  method: 'POST',
  call: '/nodes/{node}/qemu/{vmid}/mtunnel',
  summary: tr(
    'open the tunnel by which another cluster moves a VM to a host, and print its ticket and socket',
    'apre il tunnel con cui un altro cluster sposta una VM su un host, e ne mostra ticket e socket',
  ),
  examples: ['fochista vm mtunnel pve1 140 storages=local-lvm bridges=vmbr0'],
}

const onHost: Find = (_proxmox, _words, { node = '' }) => Promise.resolve([{ name: node, path: { node } }])

/** The next free VMID, which is of no VM yet. */
const nextId: Verb = {
  path: 'vm next-id [parameters...]',
  method: 'GET',
  call: '/cluster/nextid',
  summary: tr('print a free VMID', 'mostra un VMID libero'),
  examples: ['fochista vm next-id', 'fochista vm next-id vmid=120'],
}
const ofCluster: Find = () => Promise.resolve([{ name: 'cluster', path: {} }])

/** The commands of the noun `vm`. */
export const vmCommands: readonly Command[] = [
  vmList,
  verbCommand(create, onHost),
  verbCommand(mtunnel, onHost),
  verbCommand(nextId, ofCluster),
  ...[...vmVerbs, ...agentVerbs, ...firewallVerbs].map((verb) => verbCommand(verb, findVms)),
  vmGraph,
  vmSpice,
  vmScreen,
  vmTerminal,
]
