import { withOutsideCalls } from '../../admission/calls.ts'
import { mutate, validateAdmission } from '../../admission/run.ts'
import { updateManagedFields } from '../../fields/manage.ts'
import type { ApiObject, JsonObject, ResourceDefinition } from '../../resources.ts'
import type { Core, WriteContext } from '../../rest/core.ts'
import { gvrOf } from '../../rest/core.ts'
import { checkNamespace } from '../../rest/home.ts'

/** What is asked of one subresource of a pod. */
interface Asked {
  definition: ResourceDefinition
  ref: { namespace: string; name: string }
  subresource: string
  /** CREATE of a binding or an eviction, CONNECT of a stream. */
  operation: 'CREATE' | 'CONNECT'
  object: ApiObject
}

/** Asks admission whether something may be done to a pod, then does it. Throws what admission refuses with. */
export function admitted<T>(
  core: Core,
  { definition, ref, subresource, operation, object }: Asked,
  ctx: WriteContext,
  act: (object: ApiObject, ctx: WriteContext) => T,
): Promise<T> {
  return withOutsideCalls({ ...ctx, subresource }, (asking) => {
    const request = {
      operation,
      definition,
      gvr: gvrOf(definition),
      subresource,
      namespace: ref.namespace,
      name: ref.name,
      user: ctx.user,
      dryRun: ctx.dryRun,
    }
    if (operation === 'CREATE') checkNamespace(core, definition, ref.namespace, ref.name)
    const changed = mutate(core, { ...request, object }, asking) ?? object
    validateAdmission(core, { ...request, object: changed }, asking)
    return act(changed, { ...asking, admitted: true })
  })
}

/** A binding as admission sees it: in the pod's namespace, with who manages it. */
export function completeBinding(
  core: Core,
  binding: ApiObject,
  ref: { namespace: string; name: string },
  ctx: WriteContext,
): ApiObject {
  const complete: ApiObject = {
    ...binding,
    kind: 'Binding',
    apiVersion: 'v1',
    metadata: { ...binding.metadata, ...ref },
  }
  const definition = core.registry.find('', 'v1', 'bindings')
  if (definition !== undefined)
    updateManagedFields(core, definition, undefined, complete, { ...ctx, subresource: 'binding' })
  return complete
}

const SWITCHES = ['stdin', 'stdout', 'stderr', 'tty']

/** The options of a stream, as its query gives them: `PodExecOptions` and the like. */
export function connectOptions(kind: string, query: URLSearchParams): ApiObject {
  const options: JsonObject = {}
  for (const name of SWITCHES)
    if (['true', '1', ''].includes(query.get(name) ?? 'false')) options[name] = true
  const container = query.get('container') ?? ''
  if (container !== '') options['container'] = container
  if (query.has('command')) options['command'] = query.getAll('command')
  if (query.has('ports')) options['ports'] = query.getAll('ports').map(Number)
  return { kind, apiVersion: 'v1', metadata: {}, ...options }
}
