import { tenantControlPlaneCrd } from '@fochista/kamaji/crds'
import { AdmissionDenied } from '../../kubernetes/api.ts'
import type { ApiObject, Json, Schema } from '../../kubernetes/resources.ts'
import { isObject } from '../../kubernetes/rest/json.ts'

/** Names of Kamaji's own types, by where they stand: its webhook names them when a value has the wrong type. */
const STRUCTS: Record<string, string> = {
  spec: 'TenantControlPlaneSpec',
  'spec.writePermissions': 'Permissions',
  'spec.controlPlane': 'ControlPlane',
  'spec.controlPlane.deployment': 'DeploymentSpec',
  'spec.controlPlane.deployment.registrySettings': 'RegistrySettings',
  'spec.controlPlane.deployment.extraArgs': 'ControlPlaneExtraArgs',
  'spec.controlPlane.deployment.additionalMetadata': 'AdditionalMetadata',
  'spec.controlPlane.deployment.podAdditionalMetadata': 'AdditionalMetadata',
  'spec.controlPlane.service': 'ServiceSpec',
  'spec.controlPlane.ingress': 'IngressSpec',
  'spec.controlPlane.gateway': 'GatewaySpec',
  'spec.kubernetes': 'KubernetesSpec',
  'spec.kubernetes.kubelet': 'KubeletSpec',
  'spec.networkProfile': 'NetworkProfileSpec',
  'spec.addons': 'AddonsSpec',
  'spec.addons.coreDNS': 'AddonSpec',
  'spec.addons.kubeProxy': 'AddonSpec',
  'spec.addons.konnectivity': 'KonnectivitySpec',
  'spec.addons.konnectivity.server': 'KonnectivityServerSpec',
  'spec.addons.konnectivity.agent': 'KonnectivityAgentSpec',
}

/** Fields whose Go type has a name of its own. */
const NAMED: Record<string, string> = {
  'spec.controlPlane.service.serviceType': 'v1alpha1.ServiceType',
  'spec.kubernetes.kubelet.cgroupfs': 'v1alpha1.CGroupDriver',
  'spec.addons.konnectivity.agent.mode': 'v1alpha1.KonnectivityAgentMode',
}

const schema = tenantControlPlaneCrd.spec.versions[0]?.schema.openAPIV3Schema as Schema | undefined
const spec = schema?.properties?.['spec']

/**
 * Refuses a control plane whose values Kamaji's webhook could not decode: 500, the first of them in the order of keys. What is missing is not
 * looked at here.
 */
export function checkDecodes(object: ApiObject): void {
  if (spec !== undefined) check(object['spec'], spec, 'spec', 'TenantControlPlaneSpec')
}

function check(value: Json | undefined, expected: Schema, path: string, struct: string): void {
  if (value === undefined || value === null) return
  const fail = (): never => {
    throw new AdmissionDenied(
      `unable to decode into *v1alpha1.TenantControlPlane: json: cannot unmarshal ${describe(value, expected)} into Go struct field ${struct}.${path} of type ${goType(expected, path)}`,
      { code: 500 },
    )
  }
  if (
    expected['x-kubernetes-int-or-string'] === true ||
    expected['x-kubernetes-preserve-unknown-fields'] === true
  )
    return
  switch (expected.type) {
    case 'object': {
      if (!isObject(value)) return fail()
      const own = STRUCTS[path] ?? struct
      for (const key of Object.keys(value).toSorted()) {
        const below = expected.properties?.[key]
        if (below !== undefined) check(value[key], below, `${path}.${key}`, own)
        else if (typeof expected.additionalProperties === 'object')
          // A map's members are named by the map's field.
          check(value[key], expected.additionalProperties, path, own)
      }
      return
    }
    case 'array':
      if (!Array.isArray(value)) return fail()
      for (const item of value) if (expected.items !== undefined) check(item, expected.items, path, struct)
      return
    case 'string':
      if (typeof value !== 'string') fail()
      return
    case 'boolean':
      if (typeof value !== 'boolean') fail()
      return
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) fail()
      else if (expected.format === 'int32' && (value > 2 ** 31 - 1 || value < -(2 ** 31))) fail()
      return
    case 'number':
      if (typeof value !== 'number') fail()
      return
    default:
  }
}

function describe(value: Json, expected: Schema): string {
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return expected.type === 'integer' ? `number ${value}` : 'number'
  return typeof value === 'boolean' ? 'bool' : typeof value
}

function goType(expected: Schema, path: string): string {
  const named = NAMED[path]
  if (named !== undefined) return named
  switch (expected.type) {
    case 'array':
      return `[]${expected.items === undefined ? 'interface {}' : goType(expected.items, `${path}[]`)}`
    case 'boolean':
      return 'bool'
    case 'integer':
      return expected.format ?? 'int'
    case 'object':
      return STRUCTS[path] === undefined ? 'map[string]string' : `v1alpha1.${STRUCTS[path]}`
    default:
      return expected.type ?? 'string'
  }
}
