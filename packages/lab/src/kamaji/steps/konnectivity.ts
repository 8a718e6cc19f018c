import { isObject } from '../../kubernetes/rest/json.ts'
import { konnectivityCertificateData, konnectivityKubeconfig } from '../certificates.ts'
import { checksum } from '../checksum.ts'
import { konnectivityPortOf, ownedMetadata } from '../control-plane.ts'
import { withKonnectivity } from '../deployment.ts'
import { EGRESS_SELECTOR } from '../konnectivity.ts'
import type { Pass } from '../pass.ts'
import { serviceSpec } from '../service.ts'
import { serviceStatus } from '../status.ts'
import { gvr, keys } from '../vocabulary.ts'

/** What konnectivity's server needs, before the Deployment. */
export async function konnectivityFiles(pass: Pass): Promise<void> {
  const { tcp } = pass
  if (tcp.spec.addons?.konnectivity === undefined) return
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
  if (port === undefined || deployment === undefined) return
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
