/**
 * Writes `src/generated/types.ts` from `crds/*.json`; given a folder of Kamaji's CustomResourceDefinitions
 * (`node generate/main.ts <folder of the YAML files>`) writes `crds/*.json` first.
 *
 * The definitions repeat whole pod-template schemas many times; each subtree that occurs more than once is kept once, in `shared`,
 * and named by `{ "$": index }` where it stood. Nothing is dropped: `src/crds.ts` puts the definition together again.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { expand } from '../src/expand.ts'
import { typesFile } from './types.ts'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

const NAMES = ['tenantcontrolplanes', 'datastores', 'kubeconfiggenerators']
/** Shorter subtrees cost more as a reference than as a copy. */
const SMALLEST_SHARED = 60

function children(value: Json): Json[] {
  if (value === null || typeof value !== 'object') return []
  return Array.isArray(value) ? value : Object.values(value)
}

/** The definition with each repeated subtree replaced by a reference, and the subtrees. */
export function compact(root: Json): { shared: Json[]; root: Json } {
  const texts = new Map<Json, string>()
  const counts = new Map<string, number>()
  const count = (value: Json): string => {
    const text = JSON.stringify(value)
    if (value === null || typeof value !== 'object' || text.length < SMALLEST_SHARED) return text
    texts.set(value, text)
    const seen = counts.get(text) ?? 0
    counts.set(text, seen + 1)
    // What is inside a repeated subtree is counted once: the repetition is the outer one's.
    if (seen === 0) for (const child of children(value)) count(child)
    return text
  }
  count(root)
  const shared: Json[] = []
  const places = new Map<string, number>()
  const replace = (value: Json): Json => {
    const text = texts.get(value)
    if (text === undefined || (counts.get(text) ?? 0) < 2) return rebuild(value)
    let place = places.get(text)
    if (place === undefined) {
      const body = rebuild(value)
      place = shared.push(body) - 1
      places.set(text, place)
    }
    return { $: place }
  }
  const rebuild = (value: Json): Json => {
    if (value === null || typeof value !== 'object') return value
    if (Array.isArray(value)) return value.map(replace)
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, replace(child)]))
  }
  return { shared, root: replace(root) }
}

const folder = process.argv[2]
if (folder) {
  for (const name of NAMES) {
    const definition = parse(await readFile(join(folder, `${name}.yaml`), 'utf8')) as Json
    const target = new URL(`../crds/${name}.json`, import.meta.url)
    await writeFile(target, `${JSON.stringify(compact(definition))}\n`)
  }
}

type Definition = { spec: { names: { kind: string }; versions: { schema: { openAPIV3Schema: object } }[] } }

const definitions: Definition[] = []
for (const name of NAMES) {
  const text = await readFile(new URL(`../crds/${name}.json`, import.meta.url), 'utf8')
  const { shared, root } = JSON.parse(text) as { shared: unknown[]; root: unknown }
  definitions.push(expand(root, shared) as Definition)
}
await mkdir(new URL('../src/generated/', import.meta.url), { recursive: true })
await writeFile(
  new URL('../src/generated/types.ts', import.meta.url),
  typesFile(
    definitions.map(({ spec }) => ({
      kind: spec.names.kind,
      schema: spec.versions[0]?.schema.openAPIV3Schema ?? {},
    })),
  ),
)
