import type { ApiObject, JsonObject } from '../../resources.ts'
import { ensure, items, member, preset } from './fields.ts'

/** Fills in what webhook configurations leave out. */
export function defaultWebhooks(configuration: ApiObject): void {
  for (const webhook of items(configuration, 'webhooks')) {
    preset(webhook, {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
      ...(configuration.kind === 'MutatingWebhookConfiguration' ? { reinvocationPolicy: 'Never' } : {}),
    })
    const service = member(member(webhook, 'clientConfig'), 'service')
    if (service !== undefined) preset(service, { port: 443 })
    for (const rule of items(webhook, 'rules')) preset(rule, { scope: '*' })
  }
}

/** Fills in what a ValidatingAdmissionPolicy leaves out. */
export function defaultPolicy(policy: ApiObject): void {
  const spec = ensure(policy, 'spec')
  preset(spec, { failurePolicy: 'Fail' })
  const match = member(spec, 'matchConstraints')
  if (match !== undefined) defaultMatch(match)
  ensure(policy, 'status')
}

/** Fills in what the binding of a ValidatingAdmissionPolicy leaves out. */
export function defaultPolicyBinding(binding: ApiObject): void {
  const spec = ensure(binding, 'spec')
  const match = member(spec, 'matchResources')
  if (match !== undefined) defaultMatch(match)
}

function defaultMatch(match: JsonObject): void {
  preset(match, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} })
  for (const list of ['resourceRules', 'excludeResourceRules'])
    for (const rule of items(match, list)) preset(rule, { scope: '*' })
}
