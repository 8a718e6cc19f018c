import type { ApiObject } from '../../kubernetes/resources.ts'
import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import { checksum } from '../checksum.ts'
import { joinHostPort, ownedMetadata, portOf } from '../control-plane.ts'
import { kubeadmConfigData } from '../kubeadm.ts'
import type { Pass } from '../pass.ts'
import { Requeue } from '../pass.ts'
import { serviceSpec } from '../service.ts'
import { serviceStatus } from '../status.ts'
import { gvr, keys } from '../vocabulary.ts'

/** The Service and, once it has one, the address of the control plane. Until then the pass ends here, with nothing in the status. */
export async function exposeStep(pass: Pass): Promise<void> {
  const { tcp } = pass
  const existing = pass.get(gvr.services, tcp.metadata.name)
  const extra = tcp.spec.controlPlane.service.additionalMetadata
  const hasKonnectivity =
    tcp.spec.addons?.konnectivity !== undefined && hasPort(existing, 'konnectivity-server')
  const changed = pass.ensure(gvr.services, {
    metadata: ownedMetadata(tcp, tcp.metadata.name, 'service', {
      labels: extra?.labels ?? {},
      ...(extra?.annotations === undefined ? {} : { annotations: extra.annotations }),
    }),
    spec: serviceSpec(tcp, hasKonnectivity),
  })
  const service = pass.get(gvr.services, tcp.metadata.name)
  if (service === undefined) throw new Requeue('the Service is not there')
  const known = at(pass.object, ['status', 'kubernetesResources', 'service'])
  const port = portOf(tcp)
  // Kamaji looks at the address only when it writes this part of the status, and then at the Service as it was before its own
  // change: an address that changed otherwise, or by a change of the type, goes unseen.
  if (changed || at(known, ['name']) !== tcp.metadata.name || at(known, ['port']) !== port) {
    const endpoint = joinHostPort(addressOf(pass, existing ?? service), port)
    const given = (tcp.spec.networkProfile?.address ?? '') !== ''
    await pass.writeStatus((status) => {
      status['controlPlaneEndpoint'] = endpoint
      const resources = status['kubernetesResources']
      if (isObject(resources))
        resources['service'] = serviceStatus(
          service,
          port,
          !given && tcp.spec.controlPlane.service.serviceType === 'LoadBalancer',
        )
    })
  }
  pass.address = hostOf(asText(at(pass.object, ['status', 'controlPlaneEndpoint'])))
}

/** The host of `host:port`, an IPv6 address without its brackets. */
function hostOf(endpoint: string): string {
  return endpoint.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')
}

function addressOf(pass: Pass, service: ApiObject): string {
  const given = pass.tcp.spec.networkProfile?.address ?? ''
  if (given !== '') return given
  const type = asText(at(service, ['spec', 'type']))
  if (type === 'ClusterIP') return asText(at(service, ['spec', 'clusterIP']))
  if (type === 'LoadBalancer') {
    const ingress = at(service, ['status', 'loadBalancer', 'ingress'])
    const first = Array.isArray(ingress) ? ingress.find(isObject) : undefined
    const ip = asText(first?.['ip'])
    if (ip !== '') return ip
    if (first?.['hostname'] !== undefined)
      throw new Requeue('hostname not supported for LoadBalancer ingress: use static IP instead')
    throw new Requeue(
      'cannot retrieve the TenantControlPlane address, Service resource is not yet exposed as LoadBalancer',
    )
  }
  throw new Requeue("the actual resource doesn't have yet a valid IP address")
}

function hasPort(service: ApiObject | undefined, name: string): boolean {
  const ports = at(service, ['spec', 'ports'])
  return Array.isArray(ports) && ports.filter(isObject).some((port) => port['name'] === name)
}

/** An upgrade shows as such before anything of it is done. */
export async function upgradeStep(pass: Pass): Promise<void> {
  const { tcp } = pass
  const version = tcp.status?.kubernetesResources?.version
  if (version?.version && version.version !== tcp.spec.kubernetes.version && version.status !== 'Sleeping')
    await pass.setStatus(['kubernetesResources', 'version', 'status'], 'Upgrading')
}

/** The ConfigMap with kubeadm's configurations. */
export async function kubeadmConfigStep(pass: Pass): Promise<void> {
  const { tcp } = pass
  const name = `${tcp.metadata.name}-kubeadmconfig`
  const data = kubeadmConfigData(tcp, pass.address, pass.etcdEndpoints)
  const sum = checksum(data)
  pass.ensure(gvr.configMaps, {
    metadata: ownedMetadata(tcp, name, 'kubeadmconfig', { annotations: { [keys.checksum]: sum } }),
    data,
  })
  if (tcp.status?.kubeadmconfig?.checksum !== sum)
    await pass.setStatus(['kubeadmconfig'], { checksum: sum, configmapName: name, lastUpdate: pass.now })
}
