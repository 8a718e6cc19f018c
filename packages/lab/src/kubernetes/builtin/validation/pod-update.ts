import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { copy, equal } from '../../rest/json.ts'
import { items, member, textOf } from '../defaults/fields.ts'
import { qosClass } from '../defaults/pod.ts'
import { containerProblems, podSpecProblems } from './pod.ts'

/** A pod's spec without what may change once it is there. */
function fixedPart(spec: JsonObject): JsonObject {
  const result = copy(spec)
  for (const key of ['containers', 'initContainers'])
    for (const container of items(result, key)) delete container['image']
  delete result['activeDeadlineSeconds']
  delete result['terminationGracePeriodSeconds']
  delete result['tolerations']
  delete result['ephemeralContainers']
  delete result['schedulingGates']
  return result
}

/** What is wrong with a pod, with its update, or with what is written through one of its subresources. */
export function podProblems(pod: ApiObject, old?: ApiObject, subresource?: string): FieldError[] {
  const spec = member(pod, 'spec') ?? {}
  const before = member(old, 'spec')
  if (old === undefined || before === undefined) return podSpecProblems(spec, 'spec')
  if (subresource === 'ephemeralcontainers') return ephemeralProblems(spec, before)
  if (subresource === 'resize') return resizeProblems(spec, old, before)
  const wanted = fixedPart(spec)
  const had = fixedPart(before)
  // The scheduler names the node once, as a binding does.
  if (textOf(had['nodeName']) === '') delete wanted['nodeName']
  delete had['nodeName']
  if (textOf(before['nodeName']) !== '') had['nodeName'] = before['nodeName']
  if (equal(wanted, had)) return []
  return [
    fieldError.forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ]
}

/** Ephemeral containers are added only. */
function ephemeralProblems(spec: JsonObject, before: JsonObject): FieldError[] {
  const path = 'spec.ephemeralContainers'
  const volumes = new Set(items(spec, 'volumes').map((volume) => textOf(volume['name'])))
  const seen = new Set(
    ['containers', 'initContainers'].flatMap((list) =>
      items(spec, list).map((container) => textOf(container['name'])),
    ),
  )
  const containers = items(spec, 'ephemeralContainers')
  const errors = containers.flatMap((container, index) =>
    containerProblems(container, `${path}[${index}]`, volumes, seen),
  )
  for (const old of items(before, 'ephemeralContainers')) {
    const name = textOf(old['name'])
    const now = containers.find((container) => container['name'] === name)
    if (now === undefined || !equal(now, old))
      errors.push(
        fieldError.forbidden(
          path,
          `existing ephemeral containers ${JSON.stringify(name)} may not be ${now === undefined ? 'removed' : 'changed'}\n`,
        ),
      )
  }
  return errors
}

/** A resize leaves the pod's class of service, and needs a kubelet that told what its containers have. */
function resizeProblems(spec: JsonObject, old: ApiObject, before: JsonObject): FieldError[] {
  const errors = podSpecProblems(spec, 'spec')
  const had = qosClass(before)
  if (qosClass(spec) !== had)
    errors.push(fieldError.invalid('spec', had, 'Pod QOS Class may not change as a result of resizing'))
  const running = items(member(old, 'status'), 'containerStatuses').find(
    (status) => member(member(status, 'state'), 'running') !== undefined,
  )
  if (running !== undefined && running['resources'] === undefined)
    errors.push(fieldError.forbidden('spec', 'Pod running on node without support for resize'))
  return errors
}
