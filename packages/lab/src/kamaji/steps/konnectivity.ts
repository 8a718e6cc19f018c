import type { ApiObject } from '../../kubernetes/resources.ts'
import { at, isObject } from '../../kubernetes/rest/json.ts'
import { konnectivityCertificateData, konnectivityKubeconfig } from '../certificates.ts'
import { checksum } from '../checksum.ts'
import { konnectivityPortOf, ownedMetadata } from '../control-plane.ts'
import { withKonnectivity, withoutKonnectivity } from '../deployment.ts'
import { EGRESS_SELECTOR } from '../konnectivity.ts'
import type { Pass } from '../pass.ts'
import { serviceSpec } from '../service.ts'
import { serviceStatus } from '../status.ts'
import { gvr, keys } from '../vocabulary.ts'

/** What konnectivity's server needs, before the Deployment. */
export async function konnectivityFiles(pass: Pass): Promise<void> {
  const { tcp } = pass
  if (tcp.spec.addons?.konnectivity === undefined) {
    await removeFiles(pass)
    return
  }
  const name = `${tcp.metadata.name}-konnectivity-egress-selector-configuration`
  const data = { 'egress-selector-configuration.yaml': EGRESS_SELECTOR }
  const sum = checksum(data)
  pass.ensure(gvr.configMaps, {
    metadata: ownedMetadata(tcp, name, 'konnectivity-egress-selector-configuration', {
      annotations: { [keys.checksum]: sum },
    }),
    data,
  })
  await pass.setStatus(['addons', 'konnectivity', 'configMap'], { checksum: sum, name })
  const { ca } = pass
  const renewed = await pass.keepSecret({
    suffix: 'konnectivity-certificate',
    statusPath: ['addons', 'konnectivity', 'certificate'],
    type: 'kubernetes.io/tls',
    lifecycle: 'x509',
    costMs: 90,
    make: () => konnectivityCertificateData(ca, pass.clock.now()),
  })
  const texts = pass.secretTexts('konnectivity-certificate') ?? {}
  await pass.keepSecret({
    suffix: 'konnectivity-kubeconfig',
    statusPath: ['addons', 'konnectivity', 'kubeconfig'],
    lifecycle: 'kubeconfig',
    annotations: { [keys.rotate]: pass.now },
    costMs: 40,
    isRight: () => !renewed,
    make: () =>
      konnectivityKubeconfig(ca, { certPem: texts['tls.crt'] ?? '', keyPem: texts['tls.key'] ?? '' }, tcp),
  })
}

/** The container in the Deployment and the port in the Service, after the Deployment. */
export async function konnectivityPatches(pass: Pass): Promise<void> {
  const { tcp } = pass
  const port = konnectivityPortOf(tcp)
  const deployment = pass.get(gvr.deployments, tcp.metadata.name)
  if (deployment === undefined) return
  if (port === undefined) {
    await removePatches(pass, deployment)
    return
  }
  await pass.clock.sleep(60)
  const { metadata, spec } = withKonnectivity(tcp, deployment)
  pass.ensure(gvr.deployments, { metadata, spec })
  await pass.setStatus(['addons', 'konnectivity', 'enabled'], true)
  const service = pass.get(gvr.services, tcp.metadata.name)
  if (service === undefined) return
  pass.ensure(gvr.services, { metadata: service.metadata, spec: serviceSpec(tcp, true) })
  const given = (tcp.spec.networkProfile?.address ?? '') !== ''
  const balanced = tcp.spec.controlPlane.service.serviceType === 'LoadBalancer' && !given
  await pass.writeStatus((status) => {
    const { addons } = status
    if (isObject(addons) && isObject(addons['konnectivity']))
      addons['konnectivity']['service'] = serviceStatus(service, port, balanced)
  })
}

/** Turned off: the files go one by one, and the status forgets each. */
async function removeFiles(pass: Pass): Promise<void> {
  const { name } = pass
  const files: [keyof typeof gvr, string, string][] = [
    ['configMaps', 'konnectivity-egress-selector-configuration', 'configMap'],
    ['secrets', 'konnectivity-certificate', 'certificate'],
    ['secrets', 'konnectivity-kubeconfig', 'kubeconfig'],
  ]
  for (const [kind, suffix, field] of files) {
    pass.remove(gvr[kind], `${name}-${suffix}`)
    const path = ['addons', 'konnectivity', field]
    const known = at(pass.object, ['status', ...path])
    if (isObject(known) && Object.keys(known).length > 0) await pass.setStatus(path, {})
  }
}

/**
 * Turned off: the container goes, and the API server's flag and mounts with it. The volumes stay, as Kamaji leaves them: new
 * pods wait in vain for Secrets that are gone.
 */
async function removePatches(pass: Pass, deployment: ApiObject): Promise<void> {
  const { metadata, spec } = withoutKonnectivity(deployment)
  if (at(pass.object, ['status', 'addons', 'konnectivity', 'enabled']) !== true) return
  pass.ensure(gvr.deployments, { metadata, spec })
  await pass.setStatus(['addons', 'konnectivity', 'enabled'], false)
  await pass.setStatus(['addons', 'konnectivity', 'service'], {
    loadBalancer: {},
    name: '',
    namespace: '',
    port: 0,
  })
}
