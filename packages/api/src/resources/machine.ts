import type { Static } from 'typebox'
import type { Kind, KindDefinition, Resource } from '../kind.ts'
import { API_VERSION } from '../names.ts'
import {
  bool,
  conditions,
  integer,
  labelledName,
  list,
  object,
  objectName,
  optional,
  text,
  timestamp,
} from '../schema.ts'

const address = object('A static address of a network card.', {
  network: integer('Index of the network card.', { minimum: 0, maximum: 7 }),
  address: text('The address.', { maxLength: 45 }),
  prefix: integer('Length of the network prefix.', { minimum: 1, maximum: 128 }),
  gateway: optional(text('Default gateway.', { maxLength: 45 })),
  dns: optional(list('Name servers.', text('An address.', { maxLength: 45 }), { maxItems: 8 })),
  searchDomains: optional(list('Search domains.', text('A domain.', { maxLength: 253 }), { maxItems: 8 })),
})

/** What never changes once the VM is made: all but the shape, and what the pool said of it. */
const fixedOnceMade = [
  'clusterName',
  'className',
  'version',
  'poolGeneration',
  'poolHash',
  'rolledBefore',
  'vmid',
  'host',
  'storage',
  'isoStorage',
  'pool',
  'template',
  'addresses',
  'made',
]

/** A field's own rule does not see the field go: these stand on the spec as a whole. */
const isSame = (field: string): string =>
  `(has(self.${field}) ? has(oldSelf.${field}) && self.${field} == oldSelf.${field} : !has(oldSelf.${field}))`

const spec = object(
  'What this machine is. Written by the controllers, edited by nobody.',
  {
    id: text('UUID of the machine, from its making; also the SMBIOS UUID of its VM.', {
      pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
    }),
    nodePoolName: labelledName('Its NodePool.'),
    proxmoxCluster: objectName('Its ProxmoxCluster.'),
    clusterName: optional(labelledName('Its cluster.')),
    className: optional(objectName('Its class.')),
    version: optional(text('Version of its kubelet.', { maxLength: 32 })),
    poolGeneration: optional(integer('Generation of the pool’s spec it was made by.')),
    poolHash: optional(
      text('Hash of what of the pool’s spec makes a machine what it is, beside class and version.', {
        maxLength: 64,
      }),
    ),
    rolledBefore: optional(
      timestamp(
        'The pool’s rollout.before that had come when it was made: it is as that asks, whatever the server’s clock says of when it was made.',
      ),
    ),
    vmid: optional(integer('VMID of its VM.', { minimum: 100, maximum: 999_999_999 })),
    host: optional(text('Host on which it is to be made.', { maxLength: 63 })),
    storage: optional(text('Storage of its disk.', { maxLength: 100 })),
    isoStorage: optional(text('Storage of its seed image.', { maxLength: 100 })),
    pool: optional(text('Proxmox pool of its VM.', { maxLength: 100 })),
    template: optional(
      object('The template it is cloned from.', {
        vmid: integer('VMID.', { minimum: 100, maximum: 999_999_999 }),
        node: text('Host of the template.', { maxLength: 63 }),
      }),
    ),
    addresses: optional(list('Its static addresses.', address, { maxItems: 16 })),
    cores: optional(integer('Cores.', { minimum: 1 })),
    memory: optional(integer('Memory in bytes.', { minimum: 1 })),
    disk: optional(integer('Disk in bytes.', { minimum: 1 })),
    asked: optional(
      object(
        'What its pool itself said of the shape when it was given this one; the rest came from its class.',
        {
          cores: optional(integer('Cores.', { minimum: 1 })),
          memory: optional(text('Memory.', { maxLength: 32 })),
          disk: optional(text('Disk.', { maxLength: 32 })),
        },
      ),
    ),
    made: optional(
      bool('Set once our mark was seen on the VM. Afterwards only the shape changes, and a disk only grows.'),
    ),
  },
  [
    {
      rule: 'self.id == oldSelf.id && self.nodePoolName == oldSelf.nodePoolName && self.proxmoxCluster == oldSelf.proxmoxCluster',
      message: 'id, nodePoolName and proxmoxCluster never change',
    },
    {
      rule: `!has(oldSelf.made) || !oldSelf.made || (${fixedOnceMade.map(isSame).join(' && ')})`,
      message: 'the VM is made: of the spec only cores, memory and disk change any more',
    },
    {
      rule: '!has(oldSelf.made) || !oldSelf.made || !has(oldSelf.disk) || (has(self.disk) && self.disk >= oldSelf.disk)',
      message: 'the VM is made: its disk never gets smaller',
    },
  ],
)

const status = object('What can be seen of it. All of it can be lost and seen again.', {
  observedGeneration: optional(integer('Generation of the spec that was looked at.')),
  phase: optional(text('A summary for people.')),
  node: optional(text('Host on which the VM is now.')),
  task: optional(text('UPID of our task in flight.')),
  vmidsGivenUp: optional(list('VMIDs that were drawn and turned out to be taken.', integer('A VMID.'))),
  seedImage: optional(text('Volume of the seed image.')),
  nodeName: optional(text('Its Node in the tenant cluster.')),
  providerID: optional(text('Provider id of its Node.')),
  addresses: optional(list('Addresses its Node reports.', text('An address.'))),
  wasReady: optional(bool('Its Node was Ready once: only then can it be unhealthy.')),
  live: optional(
    object('What its VM can be given while it runs, as it was configured when it was looked at.', {
      cores: optional(integer('Up to so many cores.')),
      memory: optional(bool('More memory.')),
    }),
  ),
  failure: optional(
    object('Why it failed, if it did.', { reason: text('One word.'), message: text('One sentence.') }),
  ),
  conditions: optional(conditions()),
})

type Spec = Static<typeof spec>
type Status = Static<typeof status>

/** One worker: a VM and its Node. Made by a NodePool, edited by nobody. */
export type Machine = Resource<Spec, Status>

/** A static address of a machine. */
export type MachineAddress = Static<typeof address>

/** How Machines are addressed. */
export const machineKind: Kind<Machine> = {
  apiVersion: API_VERSION,
  kind: 'Machine',
  plural: 'machines',
  namespaced: true,
}

/** The CustomResourceDefinition's source. */
export const machineDefinition: KindDefinition = {
  ...machineKind,
  singular: 'machine',
  namespaced: true,
  description: 'One worker of a tenant cluster.',
  spec,
  status,
  columns: [
    { name: 'Cluster', type: 'string', jsonPath: '.spec.clusterName', priority: 1 },
    { name: 'Pool', type: 'string', jsonPath: '.spec.nodePoolName' },
    { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
    { name: 'VMID', type: 'integer', jsonPath: '.spec.vmid' },
    { name: 'Host', type: 'string', jsonPath: '.status.node' },
    { name: 'Address', type: 'string', jsonPath: '.status.addresses[0]' },
    { name: 'Version', type: 'string', jsonPath: '.spec.version', priority: 1 },
    { name: 'Provider-ID', type: 'string', jsonPath: '.status.providerID', priority: 1 },
    {
      name: 'Message',
      type: 'string',
      description: 'What it waits for.',
      jsonPath: '.status.conditions[?(@.status!="True")].message',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
}
