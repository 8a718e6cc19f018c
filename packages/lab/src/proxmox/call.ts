import { ApiError } from './api-error.ts'
import type { Call, Upload } from './handler.ts'
import { printIdentity, type Identity } from './permissions.ts'
import type { Params } from './verify/params.ts'
import type { ProxmoxWorld } from './world.ts'

/** Makes what a handler sees of a call whose parameters are verified. */
export function createCall(
  { world, contact }: { world: ProxmoxWorld; contact: string },
  caller: Identity | undefined,
  headers: Readonly<Record<string, string>>,
  params: Params,
  upload?: Upload,
): Call {
  // Calls that anybody may make run as nobody.
  const identity = caller ?? { user: '' }
  const optional = (name: string): string | undefined => {
    const value = params[name]
    return typeof value === 'object' ? value.join(',') : value
  }
  return {
    world,
    contact,
    headers,
    identity,
    params,
    user: printIdentity(identity),
    optional,
    text: (name) => optional(name) ?? missing(name),
    number: (name) => {
      const value = optional(name)
      return value === undefined ? undefined : Number(value)
    },
    flag: (name, fallback = false) => {
      const value = optional(name)
      return value === undefined ? fallback : value === '1'
    },
    ...(upload && { upload }),
  }
}

/** A handler asked for what its schema does not require: a fault of the lab. */
function missing(name: string): never {
  throw new ApiError(500, `the lab's handler needs parameter '${name}', which the schema does not require\n`)
}
