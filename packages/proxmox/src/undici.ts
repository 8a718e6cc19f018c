// Named here for those who compile this file as a part of theirs.
// oxlint-disable-next-line typescript/triple-slash-reference
/// <reference path="./undici-parts.d.ts" />
import buildConnector from 'undici/lib/core/connect.js'
import Pool from 'undici/lib/dispatcher/pool.js'

// Two files of undici instead of its entry, which loads fetch, WebSockets, caches and mocks as well: a tenth of a second of the processor for
// each command, and nothing of it is used here. The version is pinned.

export {
  buildConnector,
  /** Kept-alive connections to one origin. Only `dispatch`, `close` and `destroy` are there: the rest is added by undici's entry. */
  Pool,
}
