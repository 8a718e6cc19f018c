import type { Static } from 'typebox'
import type { Kind, KindDefinition, Resource } from '../kind.ts'
import { API_VERSION } from '../names.ts'
import {
  bool,
  bytes,
  conditions,
  integer,
  list,
  object,
  objectName,
  oneOf,
  optional,
  text,
  textMap,
} from '../schema.ts'

const address = (description: string) => text(description, { maxLength: 45, pattern: '^[0-9A-Fa-f:.]+$' })

const addresses = object('Static addresses. Without it the network asks for one by DHCP.', {
  ranges: list(
    'Ranges from which addresses are given out.',
    object('A range, both ends included.', {
      start: address('First address.'),
      end: address('Last address.'),
    }),
    { minItems: 1, maxItems: 32 },
  ),
  prefix: integer('Length of the network prefix.', { minimum: 1, maximum: 128 }),
  gateway: optional(address('Default gateway.')),
  dns: optional(list('Name servers.', address('An address.'), { maxItems: 8 })),
  searchDomains: optional(list('Search domains.', text('A domain.', { maxLength: 253 }), { maxItems: 8 })),
})

const network = object('A network card.', {
  bridge: text('Bridge or VNet.', { pattern: '^[A-Za-z0-9_.-]+$', maxLength: 64 }),
  vlan: optional(integer('VLAN tag.', { minimum: 1, maximum: 4094 })),
  mtu: optional(integer('MTU; 1 takes the bridge’s.', { minimum: 1, maximum: 65520 })),
  firewall: optional(bool('Whether the Proxmox firewall filters the card.')),
  addresses: optional(addresses),
})

const sizes = (what: string) =>
  object(`${what}: what a machine gets, and the most that a pool may ask for.`, {
    default: bytes('What a pool gets that says nothing.'),
    max: optional(bytes('The most a pool may ask for. Default: no more than the default.')),
  })

const spec = object(
  'What machines of this class are.',
  {
    proxmoxClusterName: objectName('The ProxmoxCluster in which they are made.'),
    allowedNamespaces: optional(
      object('Namespaces that may use the class. Default: all.', {
        matchLabels: optional(textMap('Labels that the namespace must have.', { maxProperties: 32 })),
        names: optional(list('Names of namespaces.', text('A name.', { maxLength: 63 }), { maxItems: 256 })),
      }),
    ),
    template: object(
      'The template to clone; it must be a template. Its tags say what it carries: kubelet-v1.30.4.',
      {
        vmid: optional(integer('By VMID.', { minimum: 100, maximum: 999_999_999 })),
        name: optional(text('By name: each host’s own copy is found.', { minLength: 1, maxLength: 253 })),
        tags: optional(
          list(
            'By tags, all of which it must have: each host’s own copy is found.',
            text('A tag.', { pattern: '^[a-z0-9_][a-z0-9_.+-]*$', maxLength: 124 }),
            { minItems: 1, maxItems: 16 },
          ),
        ),
      },
      [
        {
          rule: '[has(self.vmid), has(self.name), has(self.tags)].filter(x, x).size() == 1',
          message: 'give exactly one of vmid, name and tags',
        },
      ],
    ),
    nodes: optional(
      list('Hosts on which they may be made. Default: all.', text('A host.', { maxLength: 63 }), {
        minItems: 1,
      }),
    ),
    placement: optional(
      object('How hosts are chosen.', {
        strategy: optional(
          oneOf('spread: the emptiest host; pack: the fullest that has room.', ['spread', 'pack'], {
            default: 'spread',
          }),
        ),
        maxPerHost: optional(integer('At most so many machines of one pool on a host.', { minimum: 1 })),
      }),
    ),
    storage: text('Storage of the disks.', { minLength: 1, maxLength: 100 }),
    isoStorage: text('Storage of the seed images; it must allow ISO images.', {
      minLength: 1,
      maxLength: 100,
    }),
    fullClone: optional(bool('False makes linked clones, where the storage can.', { default: true })),
    tags: optional(
      list(
        'Tags that the VMs get.',
        text('A tag.', { pattern: '^[a-z0-9_][a-z0-9_.+-]*$', maxLength: 124 }),
        { maxItems: 16 },
      ),
    ),
    cpuType: optional(text('CPU type, such as x86-64-v2-AES. Default: the template’s.', { maxLength: 64 })),
    networks: list('Network cards; the first is the one the Node is reached by.', network, {
      minItems: 1,
      maxItems: 8,
    }),
    cores: optional(
      object('Cores: what a machine gets, and the most that a pool may ask for.', {
        default: integer('What a pool gets that says nothing.', { minimum: 1, maximum: 1024 }),
        max: optional(
          integer('The most a pool may ask for. Default: no more than the default.', {
            minimum: 1,
            maximum: 1024,
          }),
        ),
      }),
    ),
    memory: optional(sizes('Memory')),
    disk: optional(sizes('Disk')),
    quota: optional(
      object('The most that one namespace may have of this class, all its pools together.', {
        machines: optional(integer('Machines.', { minimum: 0 })),
        cores: optional(integer('Cores.', { minimum: 0 })),
        memory: optional(bytes('Memory.')),
        disk: optional(bytes('Disk.')),
      }),
    ),
    install: optional(
      oneOf(
        'none: the template has containerd and kubelet; packages: a stock Debian or Ubuntu cloud image gets them at first boot.',
        ['none', 'packages'],
        { default: 'none' },
      ),
    ),
    packages: optional(
      object('Where the Kubernetes packages come from. Default: Kubernetes’ own, pkgs.k8s.io.', {
        mirror: optional(
          text(
            'URL of a mirror of https://pkgs.k8s.io/core:/stable:/, with the same folders below it: v1.30/deb/.',
            { pattern: '^https?://[A-Za-z0-9._~:/%+\\[\\]-]+$', maxLength: 2048 },
          ),
        ),
        keyring: optional(
          text(
            'Armored public key that signs them. Default: Kubernetes’ own, which expires on 2026-12-29 unless it is prolonged.',
            { pattern: '^\\s*-----BEGIN PGP PUBLIC KEY BLOCK-----\\n', maxLength: 65_536 },
          ),
        ),
      }),
    ),
  },
  [
    {
      rule: "!has(self.packages) || (has(self.install) && self.install == 'packages')",
      message: 'packages is only for install: packages',
    },
  ],
)

const status = object('What is known of the class.', {
  observedGeneration: optional(integer('Generation looked at.')),
  conditions: optional(conditions()),
})

type Spec = Static<typeof spec>
type Status = Static<typeof status>

/** Machines that the operator offers; what StorageClass is to a volume, MachineClass is to a pool. */
export type MachineClass = Resource<Spec, Status>

/** One network card of a class. */
export type MachineNetwork = Static<typeof network>

/** How MachineClasses are addressed. */
export const machineClassKind: Kind<MachineClass> = {
  apiVersion: API_VERSION,
  kind: 'MachineClass',
  plural: 'machineclasses',
  namespaced: false,
}

/** The CustomResourceDefinition's source. */
export const machineClassDefinition: KindDefinition = {
  ...machineClassKind,
  singular: 'machineclass',
  shortNames: ['mc'],
  description: 'A class of machines that the operator offers to tenants.',
  spec,
  status,
  columns: [
    { name: 'Proxmox', type: 'string', jsonPath: '.spec.proxmoxClusterName' },
    { name: 'Cores', type: 'integer', jsonPath: '.spec.cores.default' },
    { name: 'Memory', type: 'string', jsonPath: '.spec.memory.default' },
    { name: 'Disk', type: 'string', jsonPath: '.spec.disk.default' },
    { name: 'Storage', type: 'string', jsonPath: '.spec.storage', priority: 1 },
    { name: 'Bridge', type: 'string', jsonPath: '.spec.networks[0].bridge', priority: 1 },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
}
