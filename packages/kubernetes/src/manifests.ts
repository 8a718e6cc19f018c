import { parseAllDocuments } from 'yaml'
import { ManifestError } from './errors.ts'
import type { KubernetesObject } from './objects.ts'

/** Tags that YAML 1.1 has and Kubernetes does not read: a date stays text, `1:30` is no number. */
const FOREIGN_TAGS = /timestamp|binary|omap|pairs|set$/

/**
 * Objects of a manifest: YAML with any number of documents, or JSON; Lists are taken apart. Read as YAML 1.1, as kubectl does
 * (`0644` is octal, `yes` is true). Throws ManifestError naming the document.
 */
export function parseManifests(text: string): KubernetesObject[] {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    merge: true,
    customTags: (tags) =>
      tags.filter(
        (tag) =>
          typeof tag === 'string' ||
          !(FOREIGN_TAGS.test(tag.tag) || ('format' in tag && tag.format === 'TIME')),
      ),
  })
  const objects: KubernetesObject[] = []
  for (const [index, document] of [...documents].entries()) {
    const [problem] = document.errors
    if (problem) throw new ManifestError(`document ${index + 1}: ${problem.message}`)
    let value: unknown
    try {
      value = document.toJS({ maxAliasCount: 1000 })
    } catch (error) {
      throw new ManifestError(
        `document ${index + 1}: ${error instanceof Error ? error.message : 'unreadable'}`,
      )
    }
    if (value === null || value === undefined) continue
    objects.push(...objectsIn(value, `document ${index + 1}`))
  }
  return objects
}

function objectsIn(value: unknown, where: string): KubernetesObject[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ManifestError(`${where} is not an object`)
  const { apiVersion, kind, metadata, items } = value as Partial<KubernetesObject> & { items?: unknown }
  if (typeof apiVersion !== 'string' || apiVersion === '')
    throw new ManifestError(`${where} has no apiVersion`)
  if (typeof kind !== 'string' || kind === '') throw new ManifestError(`${where} has no kind`)
  if (kind.endsWith('List') && Array.isArray(items)) {
    return items.flatMap((item, index) => objectsIn(item, `${where}, item ${index + 1}`))
  }
  if (!metadata || typeof metadata !== 'object' || !(metadata.name || metadata.generateName)) {
    throw new ManifestError(`${where} (${kind}) has no metadata.name`)
  }
  return [value as KubernetesObject]
}
