import type { Kind, KindDefinition, ObjectMeta } from './kind.ts'
import { GROUP, VERSION } from './names.ts'
import { machineClassDefinition } from './resources/machine-class.ts'
import { machineDefinition } from './resources/machine.ts'
import { nodePoolDefinition } from './resources/node-pool.ts'
import { proxmoxClusterDefinition } from './resources/proxmox-cluster.ts'

/** A CustomResourceDefinition, as far as we make it. */
export interface CustomResourceDefinition {
  apiVersion: 'apiextensions.k8s.io/v1'
  kind: 'CustomResourceDefinition'
  metadata: ObjectMeta
  spec: Record<string, unknown>
}

/** Every kind of ours. */
export const definitions: readonly KindDefinition[] = [
  proxmoxClusterDefinition,
  machineClassDefinition,
  nodePoolDefinition,
  machineDefinition,
]

/** The CustomResourceDefinitions of our kinds. */
export const crds: readonly CustomResourceDefinition[] = definitions.map(crdOf)

/** The definition of a kind of ours. Throws if it is another's. */
export function definitionOf(kind: Kind<unknown>): KindDefinition {
  const found = definitions.find((definition) => definition.kind === kind.kind)
  if (!found) throw new TypeError(`${kind.kind} is not a kind of ours`)
  return found
}

function crdOf(definition: KindDefinition): CustomResourceDefinition {
  const { kind, plural, singular, shortNames = [] } = definition
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        ...(shortNames.length > 0 ? { shortNames } : {}),
        categories: ['fochista'],
      },
      scope: definition.namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: definition.columns,
          subresources: { status: {}, ...(definition.scale ? { scale: definition.scale } : {}) },
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  }
}

/** The schema of whole objects of a kind, plain JSON. */
export function rootSchema(definition: KindDefinition): Record<string, unknown> {
  return {
    type: 'object',
    description: definition.description,
    required: ['spec'],
    ...(definition.rules ? { 'x-kubernetes-validations': definition.rules } : {}),
    properties: {
      apiVersion: { type: 'string', description: 'Group and version of the object.' },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: { type: 'object' },
      // Schemas hold symbols for their types; what goes to a server is the plain JSON.
      spec: JSON.parse(JSON.stringify(definition.spec)) as unknown,
      status: JSON.parse(JSON.stringify(definition.status)) as unknown,
    },
  }
}
