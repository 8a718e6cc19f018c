import { readFileSync } from 'node:fs'
import { expand } from './expand.ts'

/** A CustomResourceDefinition as data: what an API server needs to serve, default, validate, print and explain the kind. */
export type CrdData = {
  apiVersion: 'apiextensions.k8s.io/v1'
  kind: 'CustomResourceDefinition'
  metadata: { name: string; annotations?: Record<string, string>; labels?: Record<string, string> }
  spec: {
    group: string
    scope: 'Namespaced' | 'Cluster'
    names: {
      kind: string
      listKind?: string
      plural: string
      singular?: string
      shortNames?: string[]
      categories?: string[]
    }
    versions: {
      name: string
      served: boolean
      storage: boolean
      additionalPrinterColumns?: {
        name: string
        type: string
        jsonPath: string
        description?: string
        format?: string
        priority?: number
      }[]
      schema: { openAPIV3Schema: Record<string, unknown> }
      subresources?: {
        status?: Record<string, never>
        scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string }
      }
    }[]
  }
}

/** The stored form: subtrees that repeat are kept once in `shared` and named by `{ "$": index }`; see `generate/main.ts`. */
type Compact = { shared: unknown[]; root: unknown }

function load(name: string): CrdData {
  const { shared, root } = JSON.parse(
    readFileSync(new URL(`../crds/${name}.json`, import.meta.url), 'utf8'),
  ) as Compact
  return expand(root, shared) as CrdData
}

/** Kamaji's `TenantControlPlane` definition, complete. */
export const tenantControlPlaneCrd: CrdData = load('tenantcontrolplanes')
/** Kamaji's `DataStore` definition, complete. */
export const dataStoreCrd: CrdData = load('datastores')
/** Kamaji's `KubeconfigGenerator` definition, complete. */
export const kubeconfigGeneratorCrd: CrdData = load('kubeconfiggenerators')

/** Kamaji's CustomResourceDefinitions with schema, defaults, enums, CEL rules, printer columns and descriptions. */
export const kamajiCrds: readonly CrdData[] = [tenantControlPlaneCrd, dataStoreCrd, kubeconfigGeneratorCrd]
