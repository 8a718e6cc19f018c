import type { ApiObject, ResourceDefinition } from '../resources.ts'
import type { Server } from '../server-parts.ts'
import { toTable } from '../tables/table.ts'
import type { Exchange } from './exchange.ts'
import { includeOf, negotiate, wrongShape } from './negotiate.ts'

/** Answers with one object in the shape that the client wishes for. */
export function reply(
  server: Server,
  definition: ResourceDefinition,
  exchange: Exchange,
  status: number,
  object: ApiObject,
): void {
  const shape = negotiate(exchange.accept, definition)
  if (shape === undefined) {
    exchange.sendObject(status, object)
    return
  }
  if (shape.as === 'PartialObjectMetadataList') throw wrongShape(definition, shape, false)
  const apiVersion = `meta.k8s.io/${shape.version}`
  if (shape.as === 'PartialObjectMetadata') {
    exchange.sendObject(status, { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata })
    return
  }
  const table = toTable(definition, [object], {
    includeObject: includeOf(exchange),
    now: server.core.clock.now(),
  })
  exchange.sendObject(status, {
    kind: 'Table',
    apiVersion,
    metadata: { resourceVersion: object.metadata.resourceVersion },
    ...table,
  })
}
