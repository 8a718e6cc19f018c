import { VM, kept, protection, running, stopped, type Row } from './state.ts'

const updates: Row[] = ['PUT', 'POST'].flatMap((method): Row[] => {
  const call = `${method} ${VM}/config`
  // What is found while the change is made, is the task's where there is one.
  const later = method === 'PUT' ? '500' : 'task'
  const refused = method === 'PUT' ? '400 ' : 'task 400 Parameter verification failed. '
  return [
    [call, {}, stopped, '500 no options specified'],
    [call, { name: 'x', digest: 'abc' }, stopped, '500 checksum mismatch (file change by other user?)'],
    [call, { delete: 'nosuch' }, stopped, "400 delete: unknown option 'nosuch'"],
    [call, { revert: 'nosuch' }, stopped, "400 revert: unknown option 'nosuch'"],
    [
      call,
      { cores: '2', delete: 'cores' },
      stopped,
      "400 delete: you can't use '-cores' and -delete cores' at the same time",
    ],
    [
      call,
      { cores: '2', revert: 'cores' },
      running,
      "400 delete: you can't use '-cores' and -revert cores' at the same time",
    ],
    [
      call,
      { delete: 'cores', revert: 'cores' },
      running,
      "400 revert: you can't use '-delete cores' and -revert cores' at the same time",
    ],
    [call, { delete: 'cores' }, stopped, method === 'PUT' ? '200' : 'task OK'],
    [call, { revert: 'cores' }, running, method === 'PUT' ? '200' : 'task OK'],
    [call, { balloon: '513' }, stopped, '500 balloon value too large (must be smaller than assigned memory)'],
    [call, { boot: 'order=scsi9' }, stopped, `${later} invalid bootorder: device 'scsi9' does not exist'`],
    [call, { sshkeys: 'nonsense' }, stopped, '500 SSH public key validation error'],
    [
      call,
      { scsi1: 'local-lvm:vm-100-disk-9' },
      stopped,
      `${later} volume 'local-lvm:vm-100-disk-9' does not exist`,
    ],
    [
      call,
      { scsi1: 'local:iso/nope.iso,media=cdrom' },
      stopped,
      `${later} volume 'local:iso/nope.iso' does not exist`,
    ],
    [
      call,
      { scsi1: 'local:5,import-from=local:import/d.qcow2' },
      stopped,
      "400 scsi1: 'import-from' requires special syntax - use <storage ID>:0,import-from=<source>",
    ],
    [
      call,
      { sata0: 'local:cloudinit' },
      { config: { ide0: 'local:100/vm-100-cloudinit.qcow2,media=cdrom' } },
      `${later} sata0 - cloud-init drive is already attached at 'ide0'`,
    ],
    [call, { delete: 'scsi0' }, protection, `${later} can't remove drive 'scsi0' - protection mode enabled`],
    [
      call,
      { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr99' },
      running,
      `${refused}net0: hotplug problem - interface vmbr99 does not exist\n`,
    ],
  ]
})

const reads: Row[] = [
  [`GET ${VM}/config`, { snapshot: 'nope' }, stopped, "500 snapshot 'nope' does not exist"],
  [
    `GET ${VM}/config`,
    { snapshot: 'snap', current: '1' },
    kept,
    "400 current, snapshot: cannot use 'snapshot' parameter with 'current'",
  ],
  [
    `GET ${VM}/rrd`,
    { timeframe: 'hour', ds: 'nope' },
    stopped,
    "500 RRD error: No DS called 'nope' in '/var/lib/rrdcached/db/pve-vm-9.0/100'",
  ],
  [
    'GET /nodes/nope/rrddata',
    { timeframe: 'hour' },
    stopped,
    "500 RRD error: rrdcached@unix:/var/run/rrdcached.sock: rrd_fetch_r failed: opening '/var/lib/rrdcached/db/pve-node-9.0/nope': No such file or directory",
  ],
  [
    `GET ${VM}/vncwebsocket`,
    { port: '5900', vncticket: 'PVEVNC:nonsense' },
    running,
    '401 permission denied - invalid PVEVNC ticket',
  ],
]

/** Its configuration and what is read of it. */
export const ofConfig: readonly Row[] = [...updates, ...reads]
