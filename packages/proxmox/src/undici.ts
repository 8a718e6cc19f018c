import { createRequire } from 'node:module'
import type * as undici from 'undici'

// Two files of undici instead of its entry, which loads fetch, WebSockets, caches and mocks as well: a tenth of a second of the processor for
// each command, and nothing of it is used here. The version is pinned.

const load = createRequire(import.meta.url)

/** Kept-alive connections to one origin. Only `dispatch`, `close` and `destroy` are there: the rest is added by undici's entry. */
export const Pool = load('undici/lib/dispatcher/pool.js') as typeof undici.Pool
export const buildConnector = load('undici/lib/core/connect.js') as typeof undici.buildConnector
