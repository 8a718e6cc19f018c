import type { Json, PrinterColumn, ResourceDefinition } from '../resources.ts'
import { age } from './duration.ts'
import type { ColumnDefinition, KindTable } from './column.ts'
import { jsonPath } from './json-path.ts'

const AGE: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }

/** How a custom kind is shown: its name, then the columns of its definition, or its age when it has none. */
export function customTable(definition: ResourceDefinition): KindTable {
  const extra = definition.printerColumns?.length ? definition.printerColumns : [AGE]
  return {
    columns: [
      { name: 'Name', type: 'string', format: 'name', description: '', priority: 0 },
      ...extra.map((column): ColumnDefinition => ({
        name: column.name,
        type: column.type,
        format: column.format ?? '',
        description:
          column.description === undefined || column.description === ''
            ? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`
            : column.description,
        priority: column.priority ?? 0,
      })),
    ],
    cells: (object, now) => [
      object.metadata.name ?? '',
      ...extra.map((column) => cell(column.type, jsonPath(object, column.jsonPath)[0], now)),
    ],
  }
}

function cell(type: string, value: Json | undefined, now: number): Json {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : JSON.stringify(value)
    case 'date':
      return typeof value === 'string' ? age(value, now) : null
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    default:
      return null
  }
}
