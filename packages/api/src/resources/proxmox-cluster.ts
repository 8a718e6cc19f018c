import type { Static } from 'typebox'
import type { Kind, KindDefinition, Resource } from '../kind.ts'
import { API_VERSION } from '../names.ts'
import {
  bool,
  conditions,
  integer,
  list,
  object,
  objectName,
  oneOf,
  optional,
  text,
  textMap,
  timestamp,
} from '../schema.ts'

const tls = object(
  'How the certificate of the endpoints is verified. By default against the CAs of the system.',
  {
    caRef: optional(
      object('A Secret in fochista-system with the CA certificate.', {
        name: objectName('Name of the Secret.'),
        key: optional(text('Key that holds the PEM.', { default: 'ca.crt' })),
      }),
    ),
    fingerprints: optional(
      list(
        'SHA-256 fingerprints, one of which the certificate must have; as `pvenode cert info` prints them.',
        text('A fingerprint.', { pattern: '^([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$' }),
        { minItems: 1, maxItems: 32 },
      ),
    ),
    insecureSkipVerify: optional(
      bool('Accept any certificate. Whoever is between us and Proxmox then owns it.'),
    ),
  },
  [
    {
      rule: '[has(self.caRef), has(self.fingerprints), has(self.insecureSkipVerify) && self.insecureSkipVerify].filter(x, x).size() <= 1',
      message: 'give at most one of caRef, fingerprints and insecureSkipVerify',
    },
  ],
)

const spec = object('What to connect to, and what we may use there.', {
  paused: optional(bool('True stops everything we do in this Proxmox cluster.')),
  endpoints: list(
    'URLs of nodes of the cluster, such as https://pve1.example:8006. When one fails, the next is used.',
    text('A URL.', { pattern: '^https://[^/@]+$', maxLength: 300 }),
    { minItems: 1, maxItems: 32 },
  ),
  credentialsRef: object('The Secret in fochista-system with the API token: keys tokenId and secret.', {
    name: objectName('Name of the Secret.'),
  }),
  tls: optional(tls),
  vmidRange: object(
    'VMIDs that we may use. Two installations on one Proxmox cluster need disjoint ranges.',
    {
      start: integer('First VMID.', { minimum: 100, maximum: 999_999_999 }),
      end: integer('Last VMID.', { minimum: 100, maximum: 999_999_999 }),
    },
    [{ rule: 'self.start <= self.end', message: 'start must not be greater than end' }],
  ),
  poolName: optional(
    text('Name of the Proxmox pool that holds the VMs of a namespace; {namespace} stands for its name.', {
      default: 'fochista-{namespace}',
      pattern: '^[A-Za-z0-9_.{}-]+$',
      maxLength: 100,
    }),
  ),
  limits: optional(
    object('How much we ask of the cluster at once.', {
      clonesPerStorage: optional(
        integer('Clones that run at once on one storage. Default 1.', {
          minimum: 1,
          maximum: 64,
          default: 1,
        }),
      ),
    }),
  ),
})

const status = object('What was seen in the Proxmox cluster.', {
  version: optional(text('Version of Proxmox VE.')),
  observedGeneration: optional(integer('Generation of the spec that was looked at.')),
  nodes: optional(
    list(
      'The hosts.',
      object('A host.', {
        name: text('Name of the host.'),
        status: oneOf('Whether it answers.', ['online', 'offline', 'unknown']),
        cores: optional(integer('Logical CPUs.')),
        memory: optional(integer('Memory in bytes.')),
        memoryUsed: optional(integer('Memory in use in bytes.')),
        load: optional(text('CPU load as a percentage.')),
      }),
    ),
  ),
  storages: optional(
    list(
      'The storages, once a name.',
      object('A storage.', {
        name: text('Name of the storage.'),
        type: optional(text('Plug-in type, such as lvmthin.')),
        shared: optional(bool('Whether all hosts see the same content.')),
        content: optional(list('What it may hold.', text('Content type.'))),
        nodes: optional(list('Hosts that have it.', text('A host.'))),
        bytes: optional(integer('Capacity in bytes; of all hosts together where it is local.')),
        bytesAvailable: optional(integer('Free bytes; of all hosts together where it is local.')),
        roles: optional(list('What classes use it for.', oneOf('A role.', ['disks', 'images']))),
      }),
    ),
  ),
  lastLookAtMarks: optional(timestamp('When the last full look at the marks of VMs ended.')),
  labels: optional(textMap('Facts for people.')),
  conditions: optional(conditions()),
})

type Spec = Static<typeof spec>
type Status = Static<typeof status>

/** One Proxmox VE cluster, owned by the operator. */
export type ProxmoxCluster = Resource<Spec, Status>

/** How ProxmoxClusters are addressed. */
export const proxmoxClusterKind: Kind<ProxmoxCluster> = {
  apiVersion: API_VERSION,
  kind: 'ProxmoxCluster',
  plural: 'proxmoxclusters',
  namespaced: false,
}

/** The CustomResourceDefinition's source. */
export const proxmoxClusterDefinition: KindDefinition = {
  ...proxmoxClusterKind,
  singular: 'proxmoxcluster',
  shortNames: ['pve'],
  description: 'A Proxmox VE cluster in which machines can be made.',
  spec,
  status,
  columns: [
    { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
    { name: 'Version', type: 'string', jsonPath: '.status.version' },
    { name: 'Endpoint', type: 'string', jsonPath: '.spec.endpoints[0]' },
    {
      name: 'Reason',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      priority: 1,
    },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].message',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
}
