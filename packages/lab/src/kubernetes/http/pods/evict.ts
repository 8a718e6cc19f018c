import { badRequest, notFound, StatusError } from '../../errors.ts'
import type { ApiObject, JsonObject } from '../../resources.ts'
import { deleteObject } from '../../rest/delete.ts'
import type { Deleting } from '../../rest/delete.ts'
import type { Core, WriteContext } from '../../rest/core.ts'
import { inVersion } from '../../rest/core.ts'
import { asText, at, isObject } from '../../rest/json.ts'
import { selectorMatches } from '../../builtin/validation/workloads.ts'

const BUDGETS = 'policy/poddisruptionbudgets'

/** Evicts a pod: deletes it unless a disruption budget forbids that now. Throws TooManyRequests, BadRequest, NotFound. */
export function evictPod(
  core: Core,
  ref: { namespace: string; name: string },
  eviction: ApiObject,
  ctx: WriteContext,
): void {
  if ((eviction.metadata.name ?? '') !== ref.name)
    throw badRequest('name in URL does not match name in Eviction object')
  const pod = core.storage.get({ bucket: '/pods', ...ref })
  const definition = core.registry.find('', 'v1', 'pods')
  if (pod === undefined || definition === undefined) throw notFound({ group: '', resource: 'pods' }, ref.name)
  const phase = at(pod, ['status', 'phase'])
  if (phase !== 'Succeeded' && phase !== 'Failed' && phase !== 'Pending') spendBudget(core, pod, ctx)
  const asked = eviction['deleteOptions']
  const options: Deleting = {}
  if (isObject(asked) && typeof asked['gracePeriodSeconds'] === 'number')
    options.gracePeriodSeconds = asked['gracePeriodSeconds']
  deleteObject(core, definition, ref.namespace, ref.name, options, ctx)
}

/** Takes a disruption from the pod's budget. */
function spendBudget(core: Core, pod: ApiObject, ctx: WriteContext): void {
  const namespace = pod.metadata.namespace ?? ''
  const budgets = core.storage.list(BUDGETS, namespace).filter((budget) => {
    const selector = at(budget, ['spec', 'selector'])
    return isObject(selector) && selectorMatches(selector, pod.metadata.labels ?? {})
  })
  const [budget, second] = budgets
  if (budget === undefined) return
  if (second !== undefined)
    throw new StatusError(
      500,
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    )
  const name = budget.metadata.name ?? ''
  const status: JsonObject = isObject(budget['status']) ? budget['status'] : {}
  const observed = typeof status['observedGeneration'] === 'number' ? status['observedGeneration'] : 0
  if (observed < (budget.metadata.generation ?? 0))
    throw violation(`The disruption budget ${name} is still being processed by the server.`, 10)
  const allowed = typeof status['disruptionsAllowed'] === 'number' ? status['disruptionsAllowed'] : 0
  if (allowed <= 0)
    throw violation(
      `The disruption budget ${name} needs ${asText(status['desiredHealthy'] ?? 0)} healthy pods and has ${asText(status['currentHealthy'] ?? 0)} currently`,
    )
  if (ctx.dryRun) return
  const definition = core.registry.find('policy', 'v1', 'poddisruptionbudgets')
  if (definition === undefined) return
  const disrupted = isObject(status['disruptedPods']) ? status['disruptedPods'] : {}
  const next: ApiObject = {
    ...inVersion(definition, budget),
    metadata: { ...budget.metadata },
    status: {
      ...status,
      disruptionsAllowed: allowed - 1,
      disruptedPods: { ...disrupted, [pod.metadata.name ?? '']: new Date(core.clock.now()).toISOString() },
    },
  }
  core.storage.put({ bucket: BUDGETS, namespace, name }, next)
}

function violation(text: string, retryAfterSeconds?: number): StatusError {
  return new StatusError(
    429,
    'TooManyRequests',
    "Cannot evict pod as it would violate the pod's disruption budget.",
    {
      causes: [{ reason: 'DisruptionBudget', message: text }],
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    },
  )
}
