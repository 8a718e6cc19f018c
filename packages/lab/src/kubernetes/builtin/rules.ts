import type { ApiServerOptions } from '../api.ts'
import type { ResourceRegistry } from '../resources.ts'
import type { BuiltinRules } from '../rest/core.ts'
import type { Storage } from '../store/storage.ts'
import { builtinDefaults } from './defaults/index.ts'
import type { DefaultsContext } from './defaults/index.ts'
import { normalize, printUnset } from './normalize.ts'
import { createServiceAllocator } from './service-allocator.ts'
import { builtinValidate } from './validation/index.ts'
import { builtinWarnings } from './warnings.ts'

const SERVICE_CIDR = '10.96.0.0/16'

/** The rules of the built-in kinds for one server: they look up accounts, priorities and services in its storage. */
export function builtinRules(
  _registry: ResourceRegistry,
  storage: Storage,
  options: Pick<ApiServerOptions, 'clock' | 'serviceCidr'>,
): BuiltinRules {
  const allocator = createServiceAllocator(options.serviceCidr ?? SERVICE_CIDR, () =>
    storage.list('/services'),
  )
  const context: DefaultsContext = {
    allocator,
    lookup: (resource, name, namespace = '') =>
      storage.get({
        bucket: resource === 'priorityclasses' ? 'scheduling.k8s.io/priorityclasses' : `/${resource}`,
        namespace,
        name,
      }),
    now: () => new Date(options.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z'),
  }
  return {
    defaults(definition, object, old) {
      normalize(definition, object)
      builtinDefaults(definition, object, old, context)
      printUnset(definition, object)
      // Defaults stand last until they are put in their places.
      normalize(definition, object)
    },
    validate: (definition, object, old, subresource) =>
      builtinValidate(definition, object, old, allocator, subresource),
    warnings: builtinWarnings,
  }
}
