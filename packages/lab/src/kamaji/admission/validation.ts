import { isIP } from 'node:net'
import { AdmissionDenied } from '../../kubernetes/api.ts'
import type { ApiObject } from '../../kubernetes/resources.ts'
import { asText, at } from '../../kubernetes/rest/json.ts'
import { MAXIMUM } from '../vocabulary.ts'
import { contains, parseCidr } from './addresses.ts'
import { textsAt } from './defaults.ts'
import { compareMinor, parseVersion } from './versions.ts'
import type { Version } from './versions.ts'

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const ALTNAME =
  "altname is not a valid IP address, DNS label or a DNS label with subdomain wildcards: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'); a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

/** What Kamaji's validation asks of its surroundings. */
export interface Surroundings {
  hasDataStore(name: string): boolean
  /** Refuses additional containers, volumes or mounts that make a Deployment which the API server would refuse. */
  checkWorkload(object: ApiObject, old: ApiObject): void
  /** Whether the Gateway API is installed. */
  hasGatewayApi(): boolean
}

/** Refuses what Kamaji's validating webhook refuses, in its order and words. `old` is undefined on create. */
export function checkTenantControlPlane(
  object: ApiObject,
  old: ApiObject | undefined,
  surroundings: Surroundings,
): void {
  if (object.metadata.deletionTimestamp !== undefined && old !== undefined) return
  checkCertSans(object)
  // On an update Kamaji looks at the object as it was: a bad change passes once, and then nothing does.
  checkDns(old ?? object)
  if (old === undefined) checkName(object.metadata.name ?? '')
  checkVersion(object, old)
  const dataStore = asText(at(object, ['spec', 'dataStore']))
  if (dataStore !== '' && !surroundings.hasDataStore(dataStore))
    throw new AdmissionDenied(`${dataStore} DataStore does not exist`)
  if (old !== undefined) surroundings.checkWorkload(object, old)
  if (at(object, ['spec', 'controlPlane', 'gateway']) !== undefined && !surroundings.hasGatewayApi())
    throw new AdmissionDenied(
      'the Gateway API is not available in this cluster, cannot use gatewayRoute configuration',
    )
}

function checkCertSans(object: ApiObject): void {
  for (const name of textsAt(object, ['spec', 'networkProfile', 'certSANs'])) {
    if (isIP(name) !== 0 || SUBDOMAIN.test(name)) continue
    if (name.startsWith('*.') && SUBDOMAIN.test(name.slice(2))) continue
    throw new AdmissionDenied(
      `spec.networkProfile.certSANs: Invalid value: ${JSON.stringify(name)}: ${ALTNAME}`,
    )
  }
}

function checkDns(object: ApiObject): void {
  const addresses = textsAt(object, ['spec', 'networkProfile', 'dnsServiceIPs'])
  if (addresses.length === 0) return
  const plural = textsAt(object, ['spec', 'networkProfile', 'serviceCidrs'])
  const single = asText(at(object, ['spec', 'networkProfile', 'serviceCidr']))
  const ranges = plural.length > 0 ? plural : single === '' ? [] : [single]
  if (ranges.length === 0) throw new AdmissionDenied('no service CIDRs defined')
  for (const address of addresses) {
    if (isIP(address) === 0)
      throw new AdmissionDenied(`DNS service IP "${address}" is not a valid IP address`)
    const inside = ranges.some((text) => {
      const cidr = parseCidr(text)
      if (cidr === undefined)
        throw new AdmissionDenied(`invalid service CIDR "${text}": invalid CIDR address: ${text}`)
      return contains(cidr, address)
    })
    if (!inside)
      throw new AdmissionDenied(`DNS service IP "${address}" is not contained in any configured service CIDR`)
  }
}

function checkName(name: string): void {
  if (name.length > 63)
    throw new AdmissionDenied('the provided name is invalid, must be no more than 63 characters')
  if (!LABEL_1035.test(name))
    throw new AdmissionDenied(
      "the provided name is invalid, a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
    )
}

function versionOf(object: ApiObject, which: 'desired' | 'previous'): Version {
  try {
    return parseVersion(asText(at(object, ['spec', 'kubernetes', 'version'])))
  } catch (error) {
    throw new AdmissionDenied(
      `unable to parse the ${which} Kubernetes version: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function checkVersion(object: ApiObject, old: ApiObject | undefined): void {
  const highest = `v${MAXIMUM.major}.${MAXIMUM.minor}`
  if (old === undefined) {
    if (compareMinor(versionOf(object, 'desired'), MAXIMUM) > 0)
      throw new AdmissionDenied(
        `unable to create a TenantControlPlane with a Kubernetes version greater than the supported one, actually ${highest}`,
      )
    return
  }
  const before = versionOf(old, 'previous')
  const after = versionOf(object, 'desired')
  const print = (version: Version): string => `${version.major}.${version.minor}.0`
  if (compareMinor(after, MAXIMUM) > 0)
    throw new AdmissionDenied(`unable to upgrade to a version greater than the supported one (${highest})`)
  if (compareMinor(after, before) < 0)
    throw new AdmissionDenied(
      `unable to downgrade a TenantControlPlane from ${print(before)} to ${print(after)}`,
    )
  if (after.minor - before.minor > 1)
    throw new AdmissionDenied('unable to upgrade to a minor version in a non-sequential mode')
}
