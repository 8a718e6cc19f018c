import { createRequire } from 'node:module'
import type * as yaml from 'yaml'

const load = createRequire(import.meta.url)

/** Prints a value as YAML. What does it is loaded when first used: most commands print tables. */
export const toYaml = (value: unknown): string => (load('yaml') as typeof yaml).stringify(value)
