import { VM, kept, protection, running, stopped, template, type Row } from './state.ts'

const disks: Row[] = [
  [`PUT ${VM}/resize`, { disk: 'scsi0', size: '1G' }, stopped, 'task shrinking disks is not supported'],
  [`PUT ${VM}/resize`, { disk: 'scsi0', size: '1G' }, running, 'task shrinking disks is not supported'],
  [`PUT ${VM}/resize`, { disk: 'scsi0', size: '2G' }, stopped, 'task OK'],
  [`PUT ${VM}/resize`, { disk: 'scsi9', size: '+1G' }, stopped, "task disk 'scsi9' does not exist"],
  [`PUT ${VM}/resize`, { disk: 'ide2', size: '+1G' }, stopped, "task unable to parse volume ID 'none'"],
  [
    `PUT ${VM}/resize`,
    { disk: 'ide2', size: '+1G' },
    { config: { ide2: 'local:iso/seed.iso,media=cdrom' } },
    "task you can't resize a cdrom",
  ],
  [
    `PUT ${VM}/resize`,
    { disk: 'scsi0', size: '+1G', digest: 'abc' },
    stopped,
    'task checksum mismatch (file change by other user?)',
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0' },
    stopped,
    "400 storage, target-vmid: both 'storage' and 'target-vmid' missing, either needs to be set",
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', storage: 'shared', 'target-vmid': '101' },
    stopped,
    "400 storage, target-vmid: either set 'storage' or 'target-vmid', but not both",
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', storage: 'local-lvm' },
    stopped,
    "500 you can't move to the same storage with same format",
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', storage: 'local-lvm', format: 'raw' },
    running,
    "500 you can't move to the same storage with same format",
  ],
  [`POST ${VM}/move_disk`, { disk: 'scsi9', storage: 'shared' }, stopped, "500 disk 'scsi9' does not exist"],
  [`POST ${VM}/move_disk`, { disk: 'ide2', storage: 'shared' }, stopped, "500 you can't move a cdrom"],
  [`POST ${VM}/move_disk`, { disk: 'scsi0', storage: 'nope' }, stopped, "500 storage 'nope' does not exist"],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', storage: 'othernode' },
    stopped,
    "500 storage 'othernode' is not available on node 'pve1'",
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', storage: 'shared', digest: 'abc' },
    stopped,
    '500 detected modified configuration - file changed by other user? Try again.',
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', storage: 'shared', delete: '1' },
    { facts: { snapshots: new Map([['snap', { scsi0: 'local-lvm:vm-100-disk-0,size=2G' }]]) } },
    "500 you can't move a disk with snapshots and delete the source",
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', 'target-vmid': '100', 'target-disk': 'scsi5' },
    stopped,
    '400 target-vmid: must be different than source VMID to reassign disk',
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', 'target-vmid': '998', 'target-disk': 'scsi5' },
    stopped,
    '500 could not find target VM 998',
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', 'target-vmid': '200', 'target-disk': 'scsi5' },
    stopped,
    '500 Both VMs need to be on the same node (pve1 != pve2)',
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', 'target-vmid': '101', 'target-disk': 'scsi0' },
    stopped,
    "500 Target disk key 'scsi0' is already in use for VM '101'",
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', 'target-vmid': '101', 'target-disk': 'scsi5' },
    running,
    '500 Cannot move disk to another VM while the source VM is running - detach first',
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', 'target-vmid': '101', 'target-disk': 'scsi5' },
    template,
    "500 Can't move disks from or to template VMs",
  ],
  [
    `POST ${VM}/move_disk`,
    { disk: 'scsi0', 'target-vmid': '101', 'target-disk': 'scsi5' },
    { facts: { snapshots: new Map([['snap', { scsi0: 'local-lvm:vm-100-disk-0,size=2G' }]]) } },
    "500 Can't move disk used by a snapshot to another VM",
  ],
  [`PUT ${VM}/unlink`, { idlist: 'scsi9' }, stopped, '?200'],
  [
    `PUT ${VM}/unlink`,
    { idlist: 'scsi0' },
    protection,
    "500 can't remove drive 'scsi0' - protection mode enabled",
  ],
]

const snapshots: Row[] = [
  [`POST ${VM}/snapshot`, { snapname: 'snap' }, kept, "task snapshot name 'snap' already used"],
  ...['current', 'pending'].map((name): Row => [
    `POST ${VM}/snapshot`,
    { snapname: name },
    stopped,
    `500 unable to use snapshot name '${name}' (reserved name)`,
  ]),
  [`POST ${VM}/snapshot`, { snapname: 'new' }, template, "task you can't take a snapshot if it's a template"],
  [
    `POST ${VM}/snapshot`,
    { snapname: 'new' },
    { config: { scsi0: 'local:100/vm-100-disk-0.raw,size=2G' } },
    'task snapshot feature is not available',
  ],
  [`POST ${VM}/snapshot/nope/rollback`, {}, stopped, "task snapshot 'nope' does not exist"],
  [`POST ${VM}/snapshot/nope/rollback`, {}, kept, "task snapshot 'nope' does not exist"],
  [
    `POST ${VM}/snapshot/snap/rollback`,
    {},
    { ...template, ...kept },
    "task you can't rollback if vm is a template",
  ],
  [
    `POST ${VM}/snapshot/snap/rollback`,
    {},
    { facts: { snapshots: new Map([['snap', { snapstate: 'prepare' }]]) } },
    'task unable to rollback to incomplete snapshot (snapstate = prepare)',
  ],
  [`DELETE ${VM}/snapshot/nope`, {}, kept, "task snapshot 'nope' does not exist"],
  [`DELETE ${VM}/snapshot/current`, {}, kept, "task snapshot 'current' does not exist"],
  [`GET ${VM}/snapshot/nope/config`, {}, kept, "500 snapshot 'nope' does not exist"],
  [`PUT ${VM}/snapshot/nope/config`, { description: 'x' }, kept, "500 snapshot 'nope' does not exist"],
  [`GET ${VM}/feature`, { feature: 'copy', snapname: 'nope' }, kept, "500 snapshot 'nope' does not exist"],
]

/** Its disks and snapshots. */
export const ofDisks: readonly Row[] = [...disks, ...snapshots]
