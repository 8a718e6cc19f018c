import { fieldError, invalid } from '../../errors.ts'
import type { ApiObject, JsonObject, ResourceDefinition } from '../../resources.ts'
import type { ServiceAllocator } from '../service-allocator.ts'
import { ensure, items, member, preset, strings, textOf } from './fields.ts'

function hasNodePorts(spec: JsonObject): boolean {
  if (spec['type'] === 'NodePort') return true
  return spec['type'] === 'LoadBalancer' && spec['allocateLoadBalancerNodePorts'] !== false
}

/** Takes over from the stored service what an update leaves out: its addresses and ports do not change by silence. */
function keepAllocated(spec: JsonObject, before: JsonObject): void {
  if (spec['type'] === 'ExternalName') return
  if (textOf(spec['clusterIP']) === '' && before['clusterIP'] !== undefined) {
    spec['clusterIP'] = before['clusterIP']
    spec['clusterIPs'] ??= before['clusterIPs']
  }
  if (hasNodePorts(spec)) {
    const ports = items(before, 'ports')
    for (const port of items(spec, 'ports')) {
      const same = ports.find(
        (each) => each['port'] === port['port'] && each['protocol'] === port['protocol'],
      )
      if (!isPort(port['nodePort']) && isPort(same?.['nodePort'])) port['nodePort'] = same['nodePort']
    }
  }
  preset(spec, { ipFamilies: before['ipFamilies'], ipFamilyPolicy: before['ipFamilyPolicy'] })
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && value > 0
}

function allocateAddress(
  definition: ResourceDefinition,
  service: ApiObject,
  spec: JsonObject,
  allocator: ServiceAllocator,
): void {
  const given = textOf(spec['clusterIP']) || (strings(spec, 'clusterIPs')[0] ?? '')
  if (given === 'None') {
    spec['clusterIP'] = 'None'
    spec['clusterIPs'] = ['None']
    // A headless service without selector may point anywhere.
    const selects = Object.keys(member(spec, 'selector') ?? {}).length > 0
    preset(spec, {
      ipFamilies: selects ? ['IPv4'] : ['IPv4', 'IPv6'],
      ipFamilyPolicy: selects ? 'SingleStack' : 'RequireDualStack',
    })
    return
  }
  if (spec['ipFamilyPolicy'] === 'RequireDualStack')
    throw invalid(definition, service.metadata.name ?? '', [
      fieldError.invalid(
        'spec.ipFamilyPolicy',
        'RequireDualStack',
        'this cluster is not configured for dual-stack services',
      ),
    ])
  const families = strings(spec, 'ipFamilies')
  if (families.includes('IPv6'))
    throw invalid(definition, service.metadata.name ?? '', [
      fieldError.invalid(
        `spec.ipFamilies[${families.indexOf('IPv6')}]`,
        'IPv6',
        'not configured on this cluster',
      ),
    ])
  if (given !== '') {
    const problem = allocator.addressProblem(given, service.metadata.uid)
    if (problem !== undefined)
      throw invalid(definition, service.metadata.name ?? '', [
        fieldError.invalid('spec.clusterIPs', [given], `failed to allocate IP ${given}: ${problem}`),
      ])
  }
  const address = given === '' ? allocator.address() : given
  spec['clusterIP'] = address
  spec['clusterIPs'] = [address]
  preset(spec, { ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' })
}

function allocatePorts(spec: JsonObject, allocator: ServiceAllocator): void {
  const ports = items(spec, 'ports')
  if (!hasNodePorts(spec)) {
    if (spec['type'] === 'ClusterIP') for (const port of ports) delete port['nodePort']
    return
  }
  const chosen = new Set(ports.map((port) => port['nodePort']).filter(isPort))
  for (const port of ports) {
    if (isPort(port['nodePort'])) continue
    // The same number serves both protocols of one port.
    const twin = ports.find((each) => each['port'] === port['port'] && isPort(each['nodePort']))
    const number = isPort(twin?.['nodePort']) ? twin['nodePort'] : allocator.nodePort(chosen)
    port['nodePort'] = number
    chosen.add(number)
  }
}

/** Fills in what a Service leaves out, addresses and ports included, in place. Throws Invalid when they cannot be had. */
export function defaultService(
  definition: ResourceDefinition,
  service: ApiObject,
  old: ApiObject | undefined,
  allocator: ServiceAllocator,
): void {
  const spec = ensure(service, 'spec')
  if (textOf(spec['type']) === '') spec['type'] = 'ClusterIP'
  if (textOf(spec['sessionAffinity']) === '') spec['sessionAffinity'] = 'None'
  if (spec['sessionAffinity'] === 'ClientIP')
    preset(ensure(ensure(spec, 'sessionAffinityConfig'), 'clientIP'), { timeoutSeconds: 10_800 })
  for (const port of items(spec, 'ports')) {
    if (textOf(port['protocol']) === '') port['protocol'] = 'TCP'
    const target = port['targetPort']
    if (target === undefined || target === 0 || target === '') port['targetPort'] = port['port']
  }
  const status = ensure(service, 'status')
  for (const each of items(ensure(status, 'loadBalancer'), 'ingress'))
    if (textOf(each['ip']) !== '') preset(each, { ipMode: 'VIP' })
  if (spec['type'] === 'ExternalName') {
    for (const key of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy'])
      delete spec[key]
    return
  }
  const before = member(old, 'spec')
  if (before !== undefined) keepAllocated(spec, before)
  if (!['ClusterIP', 'NodePort', 'LoadBalancer'].includes(textOf(spec['type']))) return
  const external = spec['type'] !== 'ClusterIP'
  if (external) preset(spec, { externalTrafficPolicy: 'Cluster' })
  else if (strings(spec, 'externalIPs').length === 0) delete spec['externalTrafficPolicy']
  if (spec['type'] === 'LoadBalancer') preset(spec, { allocateLoadBalancerNodePorts: true })
  else delete spec['allocateLoadBalancerNodePorts']
  preset(spec, { internalTrafficPolicy: 'Cluster' })
  if (before?.['clusterIP'] === undefined || before['clusterIP'] === '')
    allocateAddress(definition, service, spec, allocator)
  else preset(spec, { clusterIPs: [textOf(spec['clusterIP'])] })
  allocatePorts(spec, allocator)
  const checks = spec['type'] === 'LoadBalancer' && spec['externalTrafficPolicy'] === 'Local'
  if (!checks) delete spec['healthCheckNodePort']
  else if (!isPort(spec['healthCheckNodePort']))
    spec['healthCheckNodePort'] = isPort(before?.['healthCheckNodePort'])
      ? before['healthCheckNodePort']
      : allocator.nodePort(
          new Set(
            items(spec, 'ports')
              .map((port) => port['nodePort'])
              .filter(isPort),
          ),
        )
}
