import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { equal } from '../../rest/json.ts'
import { items, member, strings, textOf } from '../defaults/fields.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6']
const MINIMUM_EXPIRY = 600

/** What is wrong with a Lease. */
export function leaseProblems(lease: ApiObject): FieldError[] {
  const spec = member(lease, 'spec') ?? {}
  const errors: FieldError[] = []
  const duration = spec['leaseDurationSeconds']
  if (typeof duration === 'number' && duration <= 0)
    errors.push(fieldError.invalid('spec.leaseDurationSeconds', duration, 'must be greater than 0'))
  const transitions = spec['leaseTransitions']
  if (typeof transitions === 'number' && transitions < 0)
    errors.push(
      fieldError.invalid('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'),
    )
  return errors
}

/** What is wrong with a core Event. */
export function eventProblems(event: ApiObject): FieldError[] {
  const about = textOf(member(event, 'involvedObject')?.['namespace'])
  const own = event.metadata.namespace ?? ''
  // Events of cluster-scoped objects stand in the namespace default.
  const fits = about === '' ? own === 'default' || own === '' : about === own
  return fits ? [] : [fieldError.invalid('involvedObject.namespace', about, 'does not match event.namespace')]
}

/** What is wrong with an event of events.k8s.io, which is kept under the core group's names. */
export function newEventProblems(event: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  if (event['eventTime'] === null || event['eventTime'] === undefined)
    errors.push(fieldError.required('eventTime'))
  const type = textOf(event['type'])
  if (type !== 'Normal' && type !== 'Warning')
    errors.push(fieldError.invalid('type', type, `has invalid value: ${type}`))
  return errors
}

/** What is wrong with a Node. */
export function nodeProblems(node: ApiObject, old?: ApiObject): FieldError[] {
  const spec = member(node, 'spec') ?? {}
  const errors: FieldError[] = []
  items(spec, 'taints').forEach((taint, index) => {
    const effect = textOf(taint['effect'])
    if (textOf(taint['key']) === '') errors.push(fieldError.required(`metadata.taints[${index}].key`))
    if (!EFFECTS.includes(effect))
      errors.push(fieldError.notSupported(`metadata.taints[${index}].effect`, effect, EFFECTS))
  })
  // On updates taints are checked in two places, and what is wrong is told twice.
  if (old !== undefined) errors.push(...errors)
  const before = member(old, 'spec')
  const had = strings(before, 'podCIDRs')
  if (had.length > 0 && !equal(had, strings(spec, 'podCIDRs')))
    errors.push(
      fieldError.forbidden('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'),
    )
  const id = textOf(before?.['providerID'])
  if (id !== '' && textOf(spec['providerID']) !== id)
    errors.push(
      fieldError.forbidden(
        'spec.providerID',
        'node updates may not change providerID except from "" to valid',
      ),
    )
  return errors
}

/** What is wrong with an EndpointSlice. */
export function endpointSliceProblems(slice: ApiObject, old?: ApiObject): FieldError[] {
  const type = textOf(slice['addressType'])
  if (old !== undefined && old['addressType'] !== slice['addressType'])
    return [fieldError.invalid('addressType', type, 'field is immutable')]
  if (type === '') return [fieldError.required('addressType')]
  return ADDRESS_TYPES.includes(type) ? [] : [fieldError.notSupported('addressType', type, ADDRESS_TYPES)]
}

/** What is wrong with Endpoints. */
export function endpointsProblems(endpoints: ApiObject): FieldError[] {
  return items(endpoints, 'subsets').flatMap((subset, index) =>
    items(subset, 'addresses').flatMap((address, at) => {
      const ip = textOf(address['ip'])
      if (!ip.startsWith('127.') && ip !== '::1') return []
      return [
        fieldError.invalid(
          `subsets[${index}].addresses[${at}].ip`,
          ip,
          'may not be in the loopback range (127.0.0.0/8, ::1/128)',
        ),
      ]
    }),
  )
}

function ruleProblems(rule: JsonObject, path: string, namespaced: boolean): FieldError[] {
  const errors: FieldError[] = []
  if (strings(rule, 'verbs').length === 0)
    errors.push(fieldError.required(`${path}.verbs`, 'verbs must contain at least one value'))
  const urls = strings(rule, 'nonResourceURLs')
  if (urls.length > 0) {
    if (namespaced)
      errors.push(
        fieldError.invalid(
          `${path}.nonResourceURLs`,
          urls,
          'namespaced rules cannot apply to non-resource URLs',
        ),
      )
    if (strings(rule, 'resources').length > 0 || strings(rule, 'apiGroups').length > 0)
      errors.push(
        fieldError.invalid(
          `${path}.nonResourceURLs`,
          urls,
          'rules cannot apply to both regular resources and non-resource URLs',
        ),
      )
    return errors
  }
  if (strings(rule, 'apiGroups').length === 0)
    errors.push(fieldError.required(`${path}.apiGroups`, 'resource rules must supply at least one api group'))
  if (strings(rule, 'resources').length === 0)
    errors.push(fieldError.required(`${path}.resources`, 'resource rules must supply at least one resource'))
  return errors
}

/** What is wrong with a Role or ClusterRole. */
export function roleProblems(role: ApiObject): FieldError[] {
  const namespaced = role.kind === 'Role'
  return items(role, 'rules').flatMap((rule, index) => ruleProblems(rule, `rules[${index}]`, namespaced))
}

/** What is wrong with a role binding. */
export function bindingProblems(binding: ApiObject, old?: ApiObject): FieldError[] {
  const role = member(binding, 'roleRef') ?? {}
  const errors: FieldError[] = []
  if (old !== undefined && !equal(member(old, 'roleRef'), role))
    errors.push(
      fieldError.invalid(
        'roleRef',
        { APIGroup: role['apiGroup'], Kind: role['kind'], Name: role['name'] },
        'cannot change roleRef',
      ),
    )
  const kinds = binding.kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole']
  if (!kinds.includes(textOf(role['kind'])))
    errors.push(fieldError.notSupported('roleRef.kind', role['kind'], kinds))
  if (textOf(role['name']) === '') errors.push(fieldError.required('roleRef.name'))
  items(binding, 'subjects').forEach((subject, index) => {
    if (textOf(subject['name']) === '') errors.push(fieldError.required(`subjects[${index}].name`))
    if (subject['kind'] === 'ServiceAccount' && binding.kind === 'ClusterRoleBinding')
      if (textOf(subject['namespace']) === '')
        errors.push(fieldError.required(`subjects[${index}].namespace`))
  })
  return errors
}

/** What is wrong with a CertificateSigningRequest. */
export function signingRequestProblems(request: ApiObject, old?: ApiObject): FieldError[] {
  const errors: FieldError[] = []
  const spec = member(request, 'spec') ?? {}
  if (old === undefined) {
    const pem = Buffer.from(textOf(spec['request']), 'base64').toString()
    if (!pem.includes('-----BEGIN CERTIFICATE REQUEST-----'))
      errors.push(
        fieldError.invalid(
          'spec.request',
          textOf(spec['request']),
          'PEM block type must be CERTIFICATE REQUEST',
        ),
      )
    if (strings(spec, 'usages').length === 0) errors.push(fieldError.required('spec.usages'))
    const signer = textOf(spec['signerName'])
    if (!/^[a-z0-9.-]+\.[a-z0-9.-]+\/[A-Za-z0-9._-]+/.test(signer))
      errors.push(
        fieldError.invalid(
          'spec.signerName',
          signer,
          "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ),
      )
    const seconds = spec['expirationSeconds']
    if (typeof seconds === 'number' && seconds < MINIMUM_EXPIRY)
      errors.push(
        fieldError.invalid(
          'spec.expirationSeconds',
          seconds,
          'may not specify a duration less than 600 seconds (10 minutes)',
        ),
      )
    return errors
  }
  const types = items(member(request, 'status'), 'conditions').map((each) => textOf(each['type']))
  for (const condition of items(member(old, 'status'), 'conditions')) {
    const type = textOf(condition['type'])
    if (['Approved', 'Denied', 'Failed'].includes(type) && !types.includes(type))
      errors.push(
        fieldError.forbidden(
          'status.conditions',
          `updates may not remove a condition of type ${JSON.stringify(type)}`,
        ),
      )
  }
  const certificate = textOf(member(request, 'status')?.['certificate'])
  if (certificate !== '' && !Buffer.from(certificate, 'base64').toString().includes('BEGIN CERTIFICATE'))
    errors.push(
      fieldError.invalid(
        'status.certificate',
        '<certificate data>',
        'must contain at least one CERTIFICATE PEM block',
      ),
    )
  return errors
}
