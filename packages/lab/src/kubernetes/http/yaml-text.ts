import { stringify } from 'yaml'
import type { JsonObject } from '../resources.ts'

/**
 * An object as the API server writes YAML: keys sorted, list items not indented, nothing folded, no anchors, and quotes round
 * what YAML 1.1 would read as another type (times, `yes`).
 */
export function yamlText(value: JsonObject): string {
  return (
    stringify(value, {
      version: '1.1',
      indentSeq: false,
      aliasDuplicateObjects: false,
      sortMapEntries: true,
      lineWidth: 0,
    })
      // A lone dot, a key of managed fields, is a text to Go's writer and needs no quotes.
      .replaceAll(/^( *)"\.":/gm, '$1.:')
  )
}
