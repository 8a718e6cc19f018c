import { die } from './api-error.ts'
import { decodeForm, type RawParams } from './http/form.ts'
import type { Route } from './routes.ts'

/** Stands for a key without `=` until it is known what the call makes of it. */
const BARE = '\0bare'

/**
 * Reads the query of a call. A key without `=` is absent where the contacted process answers itself.
 * @throws what the original says when it cannot pass such a key on to its other process.
 */
export function readQuery(query: string, route: Route): RawParams {
  if (query === '') return {}
  const params = decodeForm(query, BARE)
  for (const name in params) {
    if (params[name] !== BARE) continue
    if (route.call.protected === 1) die(`unable to parse value of '${name}' - got undefined value`)
    delete params[name]
  }
  return params
}
