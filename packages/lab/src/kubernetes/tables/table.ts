import type { ApiObject, Json, JsonObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import { clusterTables, scaleTable } from './cluster.ts'
import { columns } from './column.ts'
import type { KindTable } from './column.ts'
import { customTable } from './custom.ts'
import { networkTables } from './network.ts'
import { podTable } from './pods.ts'
import { workloadTables } from './workloads.ts'

/** Options of a Table. */
export interface TableOptions {
  /** What each row carries of its object. */
  includeObject: 'None' | 'Metadata' | 'Object'
  /** Milliseconds since 1970: ages are counted to it. */
  now: number
}

const TABLES: { [resource: string]: KindTable } = {
  ...clusterTables,
  ...networkTables,
  ...workloadTables,
  pods: podTable,
}

/** Kinds without columns of their own: name and time of creation. */
const GENERIC: KindTable = {
  columns: columns('Name, Created At:date'),
  cells: (object) => [object.metadata.name ?? '', object.metadata.creationTimestamp ?? null],
}

function tableOf(definition: ResourceDefinition): KindTable {
  if (definition.kind === 'Scale' && definition.group === 'autoscaling') return scaleTable
  if (definition.crd === true) return customTable(definition)
  return TABLES[groupResource(definition)] ?? GENERIC
}

/** The columns and rows of a Table of objects; the list's metadata is the caller's. */
export function toTable(
  definition: ResourceDefinition,
  objects: ApiObject[],
  options: TableOptions,
): { columnDefinitions: Json; rows: Json[] } {
  const table = tableOf(definition)
  return {
    columnDefinitions: table.columns,
    rows: objects.map((object): JsonObject => {
      const conditions = table.conditions?.(object)
      return {
        cells: table.cells(object, options.now),
        ...(conditions === undefined ? {} : { conditions }),
        object: rowObject(object, options.includeObject),
      }
    }),
  }
}

function rowObject(object: ApiObject, include: TableOptions['includeObject']): Json {
  if (include === 'None') return null
  if (include === 'Object') return object
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}
