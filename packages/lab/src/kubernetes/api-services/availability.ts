import type { ApiObject, Json, JsonObject } from '../resources.ts'
import { asText, at, isObject } from '../rest/json.ts'
import type { Core } from '../rest/core.ts'
import { timestamp } from '../rest/core.ts'

const LOCAL: JsonObject = {
  status: 'True',
  reason: 'Local',
  message: 'Local APIServices are always available',
}

function pick(since: Json, { status, reason, message }: JsonObject): JsonObject {
  return { status, lastTransitionTime: since, reason, message }
}

/** An APIService with its condition Available set; its time moves only when its status changes. */
export function withAvailability(core: Core, service: ApiObject): ApiObject {
  const wanted = availability(core, service)
  const old = at(service, ['status', 'conditions'])
  const conditions = Array.isArray(old) ? old.filter(isObject) : []
  const before = conditions.find((each) => each['type'] === 'Available')
  const since =
    before?.['status'] === wanted['status']
      ? (before?.['lastTransitionTime'] ?? timestamp(core))
      : timestamp(core)
  const condition: JsonObject = { type: 'Available', ...pick(since, wanted) }
  const others = conditions.filter((each) => each['type'] !== 'Available')
  return {
    ...service,
    status: { ...(isObject(service['status']) ? service['status'] : {}), conditions: [...others, condition] },
  }
}

/** Whether this server itself answers for an APIService: it names no Service. */
export function isLocal(service: ApiObject): boolean {
  return !isObject(at(service, ['spec', 'service']))
}

/** Status of an APIService that this server answers for itself. */
export function localStatus(since: string): JsonObject {
  return { conditions: [{ type: 'Available', ...pick(since, LOCAL) }] }
}

/** What the aggregator finds of an APIService: nobody answers behind a Service of the lab, which has no network. */
function availability(core: Core, service: ApiObject): JsonObject {
  if (isLocal(service)) return LOCAL
  const reference = at(service, ['spec', 'service'])
  const name = asText(at(reference, ['name']))
  const namespace = asText(at(reference, ['namespace']))
  const number = at(reference, ['port'])
  const port = typeof number === 'number' ? number : 443
  const no = (reason: string, message: string): JsonObject => ({ status: 'False', reason, message })
  const target = core.storage.get({ bucket: '/services', namespace, name })
  if (target === undefined)
    return no('ServiceNotFound', `service/${name} in ${JSON.stringify(namespace)} is not present`)
  const ports = at(target, ['spec', 'ports'])
  const served = (Array.isArray(ports) ? ports.filter(isObject) : []).find((each) => each['port'] === port)
  if (served === undefined)
    return no(
      'ServicePortError',
      `service/${name} in ${JSON.stringify(namespace)} is not listening on port ${port}`,
    )
  const slices = core.storage
    .list('discovery.k8s.io/endpointslices', namespace)
    .filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name)
  if (slices.length === 0)
    return no(
      'EndpointsNotFound',
      `cannot find endpointslices for service/${name} in ${JSON.stringify(namespace)}`,
    )
  const hasAddress = slices.some((slice) => {
    const endpoints = slice['endpoints']
    return (
      Array.isArray(endpoints) &&
      endpoints.some((each) => isObject(each) && at(each, ['conditions', 'ready']) !== false)
    )
  })
  if (!hasAddress)
    return no(
      'MissingEndpoints',
      `endpointslices for service/${name} in ${JSON.stringify(namespace)} have no addresses with port name ${JSON.stringify(asText(served['name']))}`,
    )
  const group = asText(at(service, ['spec', 'group']))
  const version = asText(at(service, ['spec', 'version']))
  const address = `${asText(at(target, ['spec', 'clusterIP']))}:${port}`
  const url = `https://${address}/apis/${group}/${version}`
  return no(
    'FailedDiscoveryCheck',
    `failing or missing response from ${url}: Get ${JSON.stringify(url)}: dial tcp ${address}: connect: connection refused`,
  )
}
