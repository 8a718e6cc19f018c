import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject, Json, JsonObject } from '../../resources.ts'
import { equal } from '../../rest/json.ts'
import { labelProblems } from '../../schema/names.ts'
import { items, member, textOf } from '../defaults/fields.ts'
import { addressNumber, NODE_PORTS } from '../service-allocator.ts'
import type { ServiceAllocator } from '../service-allocator.ts'

const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const AFFINITIES = ['ClientIP', 'None']
const PORT_RANGE = 'must be between 1 and 65535, inclusive'

function isPort(value: Json | undefined): boolean {
  return typeof value === 'number' && value >= 1 && value <= 65_535
}

function portProblems(port: JsonObject, path: string, several: boolean): FieldError[] {
  const errors: FieldError[] = []
  const name = textOf(port['name'])
  if (name === '' && several) errors.push(fieldError.required(`${path}.name`))
  if (name !== '')
    for (const problem of labelProblems(name)) errors.push(fieldError.invalid(`${path}.name`, name, problem))
  if (!isPort(port['port'])) errors.push(fieldError.invalid(`${path}.port`, port['port'] ?? 0, PORT_RANGE))
  if (!PROTOCOLS.includes(textOf(port['protocol'])))
    errors.push(fieldError.notSupported(`${path}.protocol`, port['protocol'], PROTOCOLS))
  const target = port['targetPort'] ?? 0
  if (typeof target === 'number' && !isPort(target))
    errors.push(fieldError.invalid(`${path}.targetPort`, target, PORT_RANGE))
  return errors
}

function nodePortProblems(
  service: ApiObject,
  ports: JsonObject[],
  allocator: ServiceAllocator,
): FieldError[] {
  return ports.flatMap((port, index) => {
    const number = port['nodePort']
    if (typeof number !== 'number' || number === 0) return []
    const path = `spec.ports[${index}].nodePort`
    if (number < NODE_PORTS.first || number > NODE_PORTS.last)
      return [
        fieldError.invalid(
          path,
          number,
          `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.first}-${NODE_PORTS.last}`,
        ),
      ]
    if (allocator.portTaken(number, service.metadata.uid))
      return [fieldError.invalid(path, number, 'provided port is already allocated')]
    return []
  })
}

function goPort(port: JsonObject): JsonObject {
  return {
    Name: '',
    Protocol: port['protocol'],
    AppProtocol: null,
    Port: port['port'],
    TargetPort: 0,
    NodePort: 0,
  }
}

/** What is wrong with a Service. */
export function serviceProblems(
  service: ApiObject,
  old: ApiObject | undefined,
  allocator: ServiceAllocator,
): FieldError[] {
  const errors: FieldError[] = []
  const spec = member(service, 'spec') ?? {}
  const ports = items(spec, 'ports')
  const headless = spec['clusterIP'] === 'None'
  if (ports.length === 0 && !headless && spec['type'] !== 'ExternalName')
    errors.push(fieldError.required('spec.ports'))
  ports.forEach((port, index) => errors.push(...portProblems(port, `spec.ports[${index}]`, ports.length > 1)))
  if (!AFFINITIES.includes(textOf(spec['sessionAffinity'])))
    errors.push(fieldError.notSupported('spec.sessionAffinity', spec['sessionAffinity'], AFFINITIES))
  if (!TYPES.includes(textOf(spec['type'])))
    errors.push(fieldError.notSupported('spec.type', spec['type'], TYPES))
  ports.forEach((port, index) => {
    const same = (each: JsonObject): boolean =>
      each['port'] === port['port'] && each['protocol'] === port['protocol']
    if (ports.slice(0, index).some(same))
      errors.push(fieldError.duplicate(`spec.ports[${index}]`, goPort(port)))
  })
  errors.push(...nodePortProblems(service, ports, allocator))
  const before = member(old, 'spec')
  const address = textOf(before?.['clusterIP'])
  if (address !== '' && spec['type'] !== 'ExternalName' && before?.['type'] !== 'ExternalName')
    if (textOf(spec['clusterIP']) !== address)
      errors.push(
        fieldError.invalid('spec.clusterIPs[0]', [textOf(spec['clusterIP'])], 'may not change once set'),
      )
  if (!equal(member(service, 'status'), member(old, 'status')))
    items(member(member(service, 'status'), 'loadBalancer'), 'ingress').forEach((each, index) => {
      const ip = textOf(each['ip'])
      if (ip !== '' && addressNumber(ip) === undefined && !ip.includes(':'))
        errors.push(
          fieldError.invalid(
            `status.loadBalancer.ingress[${index}].ip`,
            ip,
            'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
          ),
        )
    })
  return errors
}
