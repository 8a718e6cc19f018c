import type { Handlers } from '../handler.ts'

/** Storages. */
export const storageHandlers: Handlers = {}
