import type { Static } from 'typebox'
import type { Kind, KindDefinition, Resource } from '../kind.ts'
import { API_VERSION } from '../names.ts'
import {
  bool,
  bytes,
  conditions,
  countOrPercent,
  integer,
  labelledName,
  list,
  object,
  objectName,
  oneOf,
  optional,
  text,
  textMap,
  time,
  timestamp,
} from '../schema.ts'

const secretKey = object('A key of a Secret of the pool’s namespace.', {
  name: objectName('Name of the Secret.'),
  key: text('Key in the Secret.', { minLength: 1, maxLength: 253 }),
})

const user = object('A user of the machine.', {
  name: text('Login name.', { pattern: '^[a-z_][a-z0-9_-]{0,31}$' }),
  groups: optional(
    list('Further groups.', text('A group.', { pattern: '^[a-z_][a-z0-9_-]{0,31}$' }), { maxItems: 32 }),
  ),
  shell: optional(text('Login shell.', { default: '/bin/bash', maxLength: 256 })),
  sudo: optional(text('A sudoers rule, such as ALL=(ALL) NOPASSWD:ALL.', { maxLength: 1024 })),
  sshAuthorizedKeys: optional(
    list('Public SSH keys.', text('A key.', { maxLength: 8192 }), { maxItems: 64 }),
  ),
})

const file = object(
  'A file that is written before the machine joins.',
  {
    path: text('Absolute path.', { pattern: '^/.*[^/]$', maxLength: 4096 }),
    content: optional(text('The content.', { maxLength: 262_144 })),
    secretRef: optional(secretKey),
    permissions: optional(text('Octal mode.', { pattern: '^0?[0-7]{3,4}$', default: '0644' })),
    owner: optional(
      text('user:group.', { pattern: '^[a-z_][a-z0-9_-]*(:[a-z_][a-z0-9_-]*)?$', default: 'root:root' }),
    ),
  },
  [
    {
      rule: 'has(self.content) != has(self.secretRef)',
      message: 'give exactly one of content and secretRef',
    },
  ],
)

const bootstrap = object('What each machine gets beside what joins it.', {
  users: optional(list('Users.', user, { maxItems: 32, uniqueBy: ['name'] })),
  sshAuthorizedKeys: optional(
    list('Public SSH keys of the image’s default user.', text('A key.', { maxLength: 8192 }), {
      maxItems: 64,
    }),
  ),
  files: optional(list('Files.', file, { maxItems: 64, uniqueBy: ['path'] })),
  preJoinCommands: optional(
    list('Shell commands before the kubelet starts.', text('A command.', { maxLength: 8192 }), {
      maxItems: 64,
    }),
  ),
  postJoinCommands: optional(
    list('Shell commands after the kubelet has started.', text('A command.', { maxLength: 8192 }), {
      maxItems: 64,
    }),
  ),
  registryMirrors: optional(
    list(
      'Mirrors from which containerd pulls images.',
      object('Mirrors of one registry.', {
        registry: text('The registry, such as docker.io, or _default.', {
          pattern: '^[A-Za-z0-9_.:-]+$',
          maxLength: 253,
        }),
        endpoints: list(
          'URLs, tried in this order.',
          text('A URL.', { pattern: '^https?://[^\\s"\\\\]+$', maxLength: 1024 }),
          { minItems: 1, maxItems: 16 },
        ),
      }),
      { maxItems: 64, uniqueBy: ['registry'] },
    ),
  ),
})

const taint = object('A taint that the Nodes are registered with.', {
  key: text('Key.', {
    maxLength: 317,
    pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
  }),
  value: optional(
    text('Value.', { maxLength: 63, pattern: '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$' }),
  ),
  effect: oneOf('Effect.', ['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
})

const spec = object(
  'How many workers of what shape the cluster has.',
  {
    paused: optional(bool('True stops everything we do with the pool.')),
    clusterName: labelledName('The TenantControlPlane of the same namespace. Never changes.'),
    className: optional(objectName('The MachineClass. Default: the class marked as default.')),
    replicas: optional(integer('How many machines.', { minimum: 0, maximum: 10_000, default: 1 })),
    version: optional(
      text(
        'Version of the kubelet, such as v1.30.4. Default: that of the pool’s newest machine, else the newest among the class’s templates that the control plane allows.',
        { pattern: '^v?[0-9]+\\.[0-9]+(\\.[0-9]+)?$', maxLength: 32 },
      ),
    ),
    cores: optional(integer('Cores of each machine, within the class.', { minimum: 1, maximum: 1024 })),
    memory: optional(bytes('Memory of each machine, within the class.')),
    disk: optional(bytes('Disk of each machine, within the class.')),
    node: optional(
      object('What the Nodes bear.', {
        labels: optional(textMap('Labels.', { maxProperties: 128 })),
        taints: optional(list('Taints.', taint, { maxItems: 64, uniqueBy: ['key', 'effect'] })),
      }),
    ),
    bootstrap: optional(bootstrap),
    rollout: optional(
      object('How machines are replaced or changed.', {
        maxSurge: optional(countOrPercent('How many more than replicas may exist meanwhile.', 1)),
        maxUnavailable: optional(countOrPercent('How many may be missing meanwhile.', 0)),
        before: optional(timestamp('Every machine made earlier is replaced.')),
      }),
    ),
    health: optional(
      object('When a machine is judged unhealthy.', {
        nodeStartupTimeout: optional(time('From Started to Joined.', '20m')),
        unhealthyAfter: optional(time('How long a Node may be not Ready.', '5m')),
        restartAfter: optional(time('How long a VM that somebody else stopped is left alone.', '5m')),
        maxUnhealthy: optional(countOrPercent('With more unhealthy than this nothing is repaired.', '40%')),
      }),
    ),
    drain: optional(
      object('How Nodes are emptied.', {
        timeout: optional(time('After this the machine goes though pods are left.', '10m')),
      }),
    ),
  },
  [
    {
      rule: 'self.clusterName == oldSelf.clusterName',
      message: 'clusterName never changes; make another pool',
    },
  ],
)

const status = object('What there is.', {
  observedGeneration: optional(integer('Generation of the spec that was looked at.')),
  replicas: optional(integer('Machines there are, without those on their way out.')),
  readyReplicas: optional(integer('Machines whose Node is Ready.')),
  updatedReplicas: optional(integer('Machines that are as the spec asks for now.')),
  selector: optional(text('Label selector of the machines, for the scale subresource.')),
  className: optional(text('The class in use.')),
  version: optional(text('The kubelet version in use.')),
  cluster: optional(
    object('The control plane as first seen.', {
      uid: text('Its UID.'),
      caPin: optional(text('Its CA, as sha256:….')),
      caSince: optional(timestamp('When that was seen to have replaced another one.')),
    }),
  ),
  failures: optional(
    object(
      'Machines in a row that were replaced because they had failed. A Ready one made since, and a pause without another, end it.',
      {
        count: integer('How many.', { minimum: 0 }),
        joining: integer('How many of them never joined.', { minimum: 0 }),
        since: timestamp('When the last of them was asked to go.'),
        machine: optional(text('Name of the last of them.')),
        generation: optional(integer('Generation of the spec that they were made by; an edit begins anew.')),
      },
    ),
  ),
  conditions: optional(conditions()),
})

type Spec = Static<typeof spec>
type Status = Static<typeof status>

/** The workers of a cluster that have one shape. */
export type NodePool = Resource<Spec, Status>

/** What a pool's machines get beside what joins them. */
export type PoolBootstrap = Static<typeof bootstrap>

/** A taint of a Node. */
export type NodeTaint = Static<typeof taint>

/** How NodePools are addressed. */
export const nodePoolKind: Kind<NodePool> = {
  apiVersion: API_VERSION,
  kind: 'NodePool',
  plural: 'nodepools',
  namespaced: true,
}

/** The CustomResourceDefinition's source. */
export const nodePoolDefinition: KindDefinition = {
  ...nodePoolKind,
  singular: 'nodepool',
  shortNames: ['np'],
  description: 'Workers of one shape for a tenant cluster.',
  spec,
  status,
  rules: [
    {
      // Machines, VMs and Nodes are named after the pool, as `<pool>-<five characters>`.
      rule: "size(self.metadata.name) <= 52 && !self.metadata.name.contains('.')",
      message: 'the name of a pool has at most 52 characters and no dots, as hosts are named after it',
    },
  ],
  columns: [
    { name: 'Cluster', type: 'string', jsonPath: '.spec.clusterName' },
    { name: 'Class', type: 'string', jsonPath: '.status.className' },
    { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas' },
    { name: 'Machines', type: 'integer', jsonPath: '.status.replicas' },
    { name: 'Ready', type: 'integer', jsonPath: '.status.readyReplicas' },
    { name: 'Updated', type: 'integer', jsonPath: '.status.updatedReplicas', priority: 1 },
    { name: 'Version', type: 'string', jsonPath: '.status.version', priority: 1 },
    {
      name: 'Message',
      type: 'string',
      jsonPath: '.status.conditions[?(@.type=="Ready")].message',
      priority: 1,
    },
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ],
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
}
