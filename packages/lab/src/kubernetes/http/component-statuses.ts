import { notFound } from '../errors.ts'
import type { JsonObject, ResourceDefinition } from '../resources.ts'
import type { Server } from '../server-parts.ts'
import type { Exchange } from './exchange.ts'
import { refuseMethod } from './refusals.ts'

/** Programs that an API server looks for on its own machine, and their ports. */
const PORTS = { scheduler: 10_259, 'controller-manager': 10_257 }

/** Answers for ComponentStatuses, which are not kept: they are found out when they are asked for. */
export function serveComponentStatuses(
  server: Server,
  definition: ResourceDefinition,
  name: string | undefined,
  exchange: Exchange,
): void {
  if (exchange.method !== 'GET') throw refuseMethod(definition, exchange.method)
  const all = [
    ...Object.entries(PORTS).map(([each, port]) => {
      const address = `127.0.0.1:${port}`
      const problem = `Get "https://${address}/healthz": dial tcp ${address}: connect: connection refused`
      return status(each, server.components.has(each) ? undefined : problem)
    }),
    status('etcd-0', undefined),
  ]
  if (name === undefined) {
    exchange.sendObject(200, { kind: definition.listKind, apiVersion: 'v1', metadata: {}, items: all })
    return
  }
  const one = all.find(({ metadata }) => metadata.name === name)
  if (one === undefined) throw notFound(definition, name)
  exchange.sendObject(200, { kind: definition.kind, apiVersion: 'v1', ...one })
}

function status(name: string, problem: string | undefined): JsonObject & { metadata: { name: string } } {
  const condition = { status: problem === undefined ? 'True' : 'False', message: problem ?? 'ok' }
  return { metadata: { name }, conditions: [{ type: 'Healthy', ...condition }] }
}
