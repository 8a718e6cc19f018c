import { VM, kept, paused, protection, running, stopped, template, type Row } from './state.ts'

const power: Row[] = [
  [`POST ${VM}/status/stop`, {}, stopped, 'task OK'],
  [`POST ${VM}/status/shutdown`, {}, stopped, 'task OK'],
  ...['reset', 'reboot', 'suspend', 'resume'].map((name): Row => [
    `POST ${VM}/status/${name}`,
    {},
    stopped,
    '500 VM 100 not running',
  ]),
  [`POST ${VM}/status/suspend`, { todisk: '1' }, stopped, '500 VM 100 not running'],
  [`POST ${VM}/status/start`, {}, running, 'task VM 100 already running'],
  [`POST ${VM}/status/start`, {}, paused, 'task VM 100 already running'],
  [
    `POST ${VM}/status/start`,
    { machine: 'pc-i440fx-99.0' },
    stopped,
    "task Installed QEMU version '10.1.2' is too old to run machine type 'pc-i440fx-99.0+pve0', please upgrade node 'pve1'",
  ],
  [
    `POST ${VM}/status/start`,
    {},
    { config: { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr99' } },
    "task bridge 'vmbr99' does not exist",
  ],
  [`POST ${VM}/status/start`, {}, template, "task you can't start a vm if it's a template"],
  [`POST ${VM}/status/resume`, {}, running, 'task OK'],
  [`POST ${VM}/status/suspend`, {}, paused, 'task OK'],
  [`POST ${VM}/status/reset`, {}, paused, 'task OK'],
  [`POST ${VM}/status/shutdown`, {}, paused, '500 VM is paused - cannot shutdown'],
  [`POST ${VM}/status/shutdown`, { forceStop: '1', timeout: '1' }, paused, 'task OK'],
  [`POST ${VM}/status/reboot`, {}, paused, '500 VM is paused - cannot shutdown'],
  [`POST ${VM}/status/shutdown`, { timeout: '3' }, running, 'task VM quit/powerdown failed - got timeout'],
  [`POST ${VM}/status/reboot`, { timeout: '3' }, running, 'task VM quit/powerdown failed - got timeout'],
  [`PUT ${VM}/sendkey`, { key: 'ret' }, stopped, '500 VM 100 not running'],
  [`POST ${VM}/spiceproxy`, {}, stopped, '500 VM 100 not running'],
  [`POST ${VM}/spiceproxy`, {}, running, '500 no spice port'],
  [`POST ${VM}/dbus-vmstate`, { action: 'start' }, stopped, '?500 VM 100 not running'],
]

const lives: Row[] = [
  [`DELETE ${VM}`, {}, running, '500 VM 100 is running - destroy failed'],
  [`DELETE ${VM}`, {}, protection, "500 can't remove VM 100 - protection mode enabled"],
  [`DELETE ${VM}`, {}, { ...protection, ...running }, "500 can't remove VM 100 - protection mode enabled"],
  [`POST ${VM}/template`, {}, running, "500 you can't convert a VM to template if VM is running"],
  [`POST ${VM}/template`, {}, template, "500 you can't convert a template to a template"],
  [`POST ${VM}/template`, {}, kept, '500 unable to create template, because VM contains snapshots'],
  [`POST ${VM}/template`, { disk: 'scsi9' }, stopped, 'task OK'],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '100' },
    stopped,
    "500 unable to create VM 100 - VM 100 already exists on node 'pve1'",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '200' },
    stopped,
    "500 unable to create VM 200 - VM 200 already exists on node 'pve2'",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '555', scsi0: 'nosuch:1' },
    stopped,
    "500 storage 'nosuch' does not exist",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '555', scsi0: 'off1:1' },
    stopped,
    "task unable to create VM 555 - storage 'off1' is disabled",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '555', scsi0: 'othernode:1' },
    stopped,
    "task unable to create VM 555 - storage 'othernode' is not available on node 'pve1'",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '555', scsi0: 'isos:1' },
    stopped,
    "400 storage: storage 'isos' does not support vm images",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '555', scsi0: 'local-lvm:vm-555-disk-9' },
    stopped,
    "task unable to create VM 555 - volume 'local-lvm:vm-555-disk-9' does not exist",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '555', scsi0: 'local:5,import-from=local:import/d.qcow2' },
    stopped,
    "400 scsi0: 'import-from' requires special syntax - use <storage ID>:0,import-from=<source>",
  ],
  [
    'POST /nodes/pve1/qemu',
    { vmid: '555', sshkeys: 'nonsense' },
    stopped,
    '500 SSH public key validation error',
  ],
]

const clone: Row[] = [
  [`POST ${VM}/clone`, { newid: '100' }, stopped, '500 unable to create VM 100: config file already exists'],
  [
    `POST ${VM}/clone`,
    { newid: '200' },
    stopped,
    "task close (rename) atomic file '/etc/pve/nodes/pve1/qemu-server/200.conf' failed: File exists",
  ],
  [
    `POST ${VM}/clone`,
    { newid: '555', full: '0' },
    stopped,
    "500 Linked clone feature is not supported for 'local-lvm:vm-100-disk-0' (scsi0)",
  ],
  [`POST ${VM}/clone`, { newid: '555', snapname: 'nope' }, stopped, "500 snapshot 'nope' does not exist"],
  [`POST ${VM}/clone`, { newid: '555', target: 'nope' }, stopped, "500 no such cluster node 'nope'"],
  [
    `POST ${VM}/clone`,
    { newid: '555', target: 'pve2' },
    stopped,
    "500 can't clone VM to node 'pve2' (VM uses local storage)",
  ],
  [
    `POST ${VM}/clone`,
    { newid: '555', target: 'pve2', storage: 'local-lvm' },
    stopped,
    "500 can't clone to non-shared storage 'local-lvm'",
  ],
  [`POST ${VM}/clone`, { newid: '555', storage: 'nope' }, stopped, "500 storage 'nope' does not exist"],
  [`POST ${VM}/clone`, { newid: '555', storage: 'off1' }, stopped, "500 storage 'off1' is disabled"],
  [
    `POST ${VM}/clone`,
    { newid: '555', storage: 'othernode' },
    stopped,
    "500 storage 'othernode' is not available on node 'pve1'",
  ],
  [
    `POST ${VM}/clone`,
    { newid: '555', storage: 'isos' },
    stopped,
    "400 storage: storage 'isos' does not support vm images",
  ],
  [
    `POST ${VM}/clone`,
    { newid: '555', storage: 'shared' },
    template,
    "500 parameter 'storage' not allowed for linked clones",
  ],
  [
    `POST ${VM}/clone`,
    { newid: '555', format: 'raw' },
    template,
    "500 parameter 'format' not allowed for linked clones",
  ],
  [`POST ${VM}/clone`, { newid: '555', pool: 'nope' }, stopped, "403 (pool 'nope' does not exist)"],
]

const migrate: Row[] = [
  [`POST ${VM}/migrate`, { target: 'pve1' }, stopped, '400 target: target is local node.'],
  [`POST ${VM}/migrate`, { target: 'nope' }, stopped, "500 no such cluster node 'nope'"],
  [`POST ${VM}/migrate`, { target: 'pve2' }, running, "500 can't migrate running VM without --online"],
  [`POST ${VM}/migrate`, { target: 'pve2', online: '1' }, running, 'task migration aborted'],
  [`POST ${VM}/migrate`, { target: 'pve3' }, stopped, '?task migration aborted'],
  [
    `POST ${VM}/migrate`,
    { target: 'pve2' },
    { config: { scsi1: 'here:vm-100-disk-1,size=2G' } },
    "500 storage 'here' is not available on node 'pve2'",
  ],
  [
    `POST ${VM}/migrate`,
    { target: 'pve2' },
    { config: { usb0: 'host=1234:5678' } },
    'task migration aborted',
  ],
]

/** A VM's power, its making and end, copies and moves. */
export const ofGuests: readonly Row[] = [...power, ...lives, ...clone, ...migrate]
