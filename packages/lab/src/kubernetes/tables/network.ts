import { asText } from '../rest/json.ts'
import type { ApiObject, JsonObject } from '../resources.ts'
import { age } from './duration.ts'
import type { KindTable } from './column.ts'
import {
  columns,
  labelsText,
  listAt,
  NONE,
  objectAt,
  orNone,
  selectorText,
  text,
  UNSET,
  valuesAt,
} from './column.ts'

const name = (object: ApiObject): string => object.metadata.name ?? ''
const created = (object: ApiObject, now: number): string => age(object.metadata.creationTimestamp, now)

function balancerAddresses(object: ApiObject): string[] {
  const addresses = listAt(object, 'status', 'loadBalancer', 'ingress').map(
    (each) => text(each['ip']) || text(each['hostname']),
  )
  return [...new Set(addresses.filter((each) => each !== ''))].toSorted()
}

function externalIp(object: ApiObject): string {
  const spec = objectAt(object, 'spec')
  const given = valuesAt(spec, 'externalIPs').map(text)
  switch (spec['type']) {
    case 'LoadBalancer': {
      const all = [...balancerAddresses(object), ...given]
      return all.length === 0 ? '<pending>' : all.join(',')
    }
    case 'ExternalName':
      return text(spec['externalName'])
    default:
      return given.length === 0 ? NONE : given.join(',')
  }
}

function servicePorts(object: ApiObject): string {
  const ports = listAt(object, 'spec', 'ports').map((each) => {
    const node = typeof each['nodePort'] === 'number' && each['nodePort'] > 0 ? `:${each['nodePort']}` : ''
    return `${asText(each['port'])}${node}/${text(each['protocol'])}`
  })
  return ports.length === 0 ? NONE : ports.join(',')
}

const services: KindTable = {
  columns: columns('Name, Type, Cluster-IP, External-IP, Port(s), Age, *Selector'),
  cells: (object, now) => [
    name(object),
    text(objectAt(object, 'spec')['type']),
    orNone(objectAt(object, 'spec')['clusterIP']),
    externalIp(object),
    servicePorts(object),
    created(object, now),
    labelsText(objectAt(object, 'spec')['selector']),
  ],
}

const SHOWN = 3

function endpointList(object: ApiObject): string {
  const all = listAt(object, 'subsets').flatMap((subset) => {
    const addresses = listAt(subset, 'addresses').map((each) => text(each['ip']))
    const ports = listAt(subset, 'ports').map((each) => asText(each['port']))
    if (ports.length === 0) return addresses
    return ports.flatMap((port) =>
      addresses.map((address) => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`)),
    )
  })
  if (all.length === 0) return NONE
  const shown = all.slice(0, SHOWN).join(',')
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown
}

const endpoints: KindTable = {
  columns: columns('Name, Endpoints, Age'),
  cells: (object, now) => [name(object), endpointList(object), created(object, now)],
}

function several(values: string[], empty: string): string {
  if (values.length === 0) return empty
  const shown = values.slice(0, SHOWN).join(',')
  return values.length > SHOWN ? `${shown} + ${values.length - SHOWN} more...` : shown
}

const endpointSlices: KindTable = {
  columns: columns('Name, AddressType, Ports, Endpoints, Age'),
  cells: (object, now) => [
    name(object),
    text(object['addressType']),
    several(
      listAt(object, 'ports').map((each) => (each['port'] === undefined ? '*' : asText(each['port']))),
      UNSET,
    ),
    several(
      listAt(object, 'endpoints').flatMap((each) => valuesAt(each, 'addresses').map(text)),
      UNSET,
    ),
    created(object, now),
  ],
}

function ingressAddress(object: ApiObject): string {
  return listAt(object, 'status', 'loadBalancer', 'ingress')
    .map((each) => text(each['ip']) || text(each['hostname']))
    .filter((each) => each !== '')
    .join(',')
}

const ingresses: KindTable = {
  columns: columns('Name, Class, Hosts, Address, Ports, Age'),
  cells(object, now) {
    const hosts = listAt(object, 'spec', 'rules')
      .map((each) => text(each['host']))
      .filter((each) => each !== '')
    return [
      name(object),
      orNone(objectAt(object, 'spec')['ingressClassName']),
      several(hosts, '*'),
      ingressAddress(object),
      listAt(object, 'spec', 'tls').length > 0 ? '80, 443' : '80',
      created(object, now),
    ]
  },
}

function parameters(reference: JsonObject): string {
  const kind = text(reference['kind'])
  if (kind === '') return NONE
  const group = text(reference['apiGroup'])
  return `${kind}${group === '' ? '' : `.${group}`}/${text(reference['name'])}`
}

const ingressClasses: KindTable = {
  columns: columns('Name, Controller, Parameters, Age'),
  cells: (object, now) => [
    name(object),
    text(objectAt(object, 'spec')['controller']),
    parameters(objectAt(object, 'spec', 'parameters')),
    created(object, now),
  ],
}

const networkPolicies: KindTable = {
  columns: columns('Name, Pod-Selector, Age'),
  cells: (object, now) => [
    name(object),
    selectorText(objectAt(object, 'spec')['podSelector']),
    created(object, now),
  ],
}

/** How the kinds of the network are shown, by group and resource. */
export const networkTables: { [resource: string]: KindTable } = {
  services,
  endpoints,
  'endpointslices.discovery.k8s.io': endpointSlices,
  'ingresses.networking.k8s.io': ingresses,
  'ingressclasses.networking.k8s.io': ingressClasses,
  'networkpolicies.networking.k8s.io': networkPolicies,
}
