import { badRequest, conflict, notFound } from '../../errors.ts'
import type { ApiObject } from '../../resources.ts'
import type { Core, WriteContext } from '../../rest/core.ts'
import { asText, at, isObject } from '../../rest/json.ts'

/** Binds a pod to a node, as a scheduler asks for it. Throws Conflict when it is bound, NotFound, BadRequest. */
export function bindPod(
  core: Core,
  ref: { namespace: string; name: string },
  binding: ApiObject,
  ctx: WriteContext,
): void {
  const key = { bucket: '/pods', ...ref }
  const pod = core.storage.get(key)
  const about = { group: '', resource: 'pods/binding' }
  if (pod === undefined) throw notFound({ group: '', resource: 'pods' }, ref.name)
  const node = asText(at(binding, ['target', 'name']))
  if (node === '') throw badRequest('target.name: Required value')
  const spec = isObject(pod['spec']) ? pod['spec'] : {}
  if (pod.metadata.deletionTimestamp !== undefined)
    throw conflict(about, ref.name, `pod ${ref.name} is being deleted, cannot be assigned to a host`)
  const bound = asText(spec['nodeName'])
  if (bound !== '')
    throw conflict(about, ref.name, `pod ${ref.name} is already assigned to node ${JSON.stringify(bound)}`)
  if (ctx.dryRun) return
  const status = isObject(pod['status']) ? pod['status'] : {}
  const conditions = Array.isArray(status['conditions']) ? status['conditions'].filter(isObject) : []
  const rest = conditions.filter((each) => each['type'] !== 'PodScheduled')
  const now = new Date(core.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  core.storage.put(key, {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(binding.metadata.annotations === undefined
        ? {}
        : { annotations: { ...pod.metadata.annotations, ...binding.metadata.annotations } }),
    },
    spec: { ...spec, nodeName: node },
    status: {
      ...status,
      conditions: [
        ...rest,
        {
          type: 'PodScheduled',
          status: 'True',
          lastProbeTime: null,
          lastTransitionTime: now,
        },
      ],
    },
  })
}
