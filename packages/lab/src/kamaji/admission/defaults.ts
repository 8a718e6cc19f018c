import { AdmissionDenied } from '../../kubernetes/api.ts'
import { StatusError } from '../../kubernetes/errors.ts'
import type { ApiObject, Json, JsonObject } from '../../kubernetes/resources.ts'
import { asText, at, copy, isObject } from '../../kubernetes/rest/json.ts'
import { addressIn, parseCidr } from './addresses.ts'

/** What Kamaji fills in when a control plane is created. Throws as its webhook and the API server behind it answer. */
export function withDefaults(object: ApiObject, defaultDataStore: string): ApiObject {
  const next = copy(object)
  const spec = isObject(next['spec']) ? next['spec'] : {}
  const controlPlane = spec['controlPlane']
  const deployment = isObject(controlPlane) ? controlPlane['deployment'] : undefined
  const networkProfile = spec['networkProfile']
  if (networkProfile !== undefined && isObject(networkProfile)) defaultNetwork(networkProfile, object.kind)
  if (asText(spec['dataStore']) === '' && defaultDataStore !== '') spec['dataStore'] = defaultDataStore
  if (!isObject(deployment)) {
    // The webhook's patch adds a field to a parent that the object does not have.
    const message =
      'add operation does not apply: doc is missing path: "/spec/controlPlane/deployment/replicas": missing value'
    throw new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {
      causes: [{ message }],
    })
  }
  deployment['replicas'] ??= 2
  // What the webhook gives back is of its own kind, whatever it was given.
  next.kind = 'TenantControlPlane'
  return next
}

function defaultNetwork(profile: JsonObject, kind: string | undefined): void {
  const list = (key: string): string[] => texts(profile[key])
  // An object of another kind in the body is stored, but these fields then stay as they are.
  if (kind !== undefined && kind !== 'TenantControlPlane') return
  for (const [plural, singular] of [
    ['serviceCidrs', 'serviceCidr'],
    ['podCidrs', 'podCidr'],
  ] as const) {
    const one = asText(profile[singular])
    if (list(plural).length === 0 && one !== '') profile[plural] = [one]
  }
  if (list('dnsServiceIPs').length > 0) return
  const addresses = list('serviceCidrs').map((text) => {
    const cidr = parseCidr(text)
    if (cidr === undefined)
      throw new AdmissionDenied(`cannot define resulting DNS Service IP: invalid CIDR address: ${text}`)
    return addressIn(cidr, cidr.family === 'ipv4' ? 10 : 16)
  })
  if (addresses.length > 0) profile['dnsServiceIPs'] = addresses
}

/** The strings of a list. */
export function texts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

/** Texts at a path. */
export function textsAt(value: Json | undefined, path: string[]): string[] {
  return texts(at(value, path))
}
