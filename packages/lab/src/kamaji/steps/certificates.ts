import { X509Certificate } from 'node:crypto'
import { parse } from 'yaml'
import type { KeyPair } from '../../pki.ts'
import {
  adminKubeconfigs,
  apiServerData,
  apiServerNames,
  caData,
  clientData,
  componentKubeconfig,
  frontProxyCaData,
  serviceAccountData,
} from '../certificates.ts'
import { joinHostPort, portOf, publicEndpoint } from '../control-plane.ts'
import { fromBase64 } from '../kubeconfig-text.ts'
import type { Pass } from '../pass.ts'
import { shownStatus } from '../status.ts'

/** Renewed when less than this is left, ms. */
const RENEW_BEFORE = 24 * 3_600_000

/** Every certificate and kubeconfig of a control plane, in Kamaji's order. */
export async function certificateSteps(pass: Pass): Promise<void> {
  const now = pass.clock.now()
  const before = shownStatus(pass.object)
  const rotated = await pass.keepSecret({
    suffix: 'ca',
    statusPath: ['certificates', 'ca'],
    costMs: 170,
    isRight: (texts) => texts['ca.crt'] !== undefined && texts['ca.crt'] === texts['tls.crt'],
    make: () => caData(now),
  })
  // A CA that is made again, not for the first time, takes everything that was signed with it along.
  if (rotated && before !== '' && before !== 'Provisioning')
    await pass.setStatus(['kubernetesResources', 'version', 'status'], 'CertificateAuthorityRotating')
  await pass.keepSecret({
    suffix: 'front-proxy-ca-certificate',
    statusPath: ['certificates', 'frontProxyCA'],
    costMs: 180,
    make: () => frontProxyCaData(now),
  })
  await pass.keepSecret({
    suffix: 'sa-certificate',
    statusPath: ['certificates', 'sa'],
    costMs: 40,
    make: () => serviceAccountData(),
  })
  await leaves(pass, now)
  await kubeconfigs(pass, now)
}

async function leaves(pass: Pass, now: number): Promise<void> {
  const { ca } = pass
  await pass.keepSecret({
    suffix: 'api-server-certificate',
    statusPath: ['certificates', 'apiServer'],
    lifecycle: 'x509',
    costMs: 150,
    isRight: (texts) => {
      const { dns, ips } = apiServerNames(pass.tcp, pass.address)
      const certificate = readCertificate(texts['apiserver.crt'])
      // A name that is no longer asked for does no harm: Kamaji keeps the certificate then.
      return (
        certificate !== undefined &&
        isSignedBy(certificate, ca) &&
        dns.every((name) => certificate.subjectAltName?.includes(`DNS:${name}`)) &&
        ips.every((ip) => certificate.checkIP(ip) !== undefined)
      )
    },
    make: () => apiServerData(ca, pass.tcp, pass.address, now),
  })
  await pass.keepSecret({
    suffix: 'api-server-kubelet-client-certificate',
    statusPath: ['certificates', 'apiServerKubeletClient'],
    lifecycle: 'x509',
    costMs: 90,
    isRight: (texts) => isGood(texts['apiserver-kubelet-client.crt'], ca),
    make: () => clientData(ca, 'apiserver-kubelet-client', 'kube-apiserver-kubelet-client', now),
  })
  const proxy = pass.secretTexts('front-proxy-ca-certificate') ?? {}
  const proxyCa = {
    certPem: proxy['front-proxy-ca.crt'] ?? '',
    keyPem: proxy['front-proxy-ca.key'] ?? '',
  }
  await pass.keepSecret({
    suffix: 'front-proxy-client-certificate',
    statusPath: ['certificates', 'frontProxyClient'],
    lifecycle: 'x509',
    costMs: 90,
    isRight: (texts) => isGood(texts['front-proxy-client.crt'], proxyCa),
    make: () => clientData(proxyCa, 'front-proxy-client', 'front-proxy-client', now),
  })
}

async function kubeconfigs(pass: Pass, now: number): Promise<void> {
  const { ca } = pass
  const { host, port } = publicEndpoint(pass.tcp, pass.address)
  const server = `https://${joinHostPort(host, port)}`
  // Two writes, as recorded: first the administrator's, then the super-administrator's beside it.
  for (const which of ['admin', 'super-admin'] as const)
    await pass.keepSecret({
      suffix: 'admin-kubeconfig',
      statusPath: ['kubeconfig', 'admin'],
      lifecycle: 'kubeconfig',
      costMs: 140,
      isRight: (texts) => isRightKubeconfig(texts[`${which}.conf`], server, ca),
      make: async (old) => ({ ...old, ...(await adminKubeconfigs(which, ca, pass.tcp, pass.address, now)) }),
    })
  for (const [component, status] of [
    ['controller-manager', 'controllerManager'],
    ['scheduler', 'scheduler'],
  ] as const)
    await pass.keepSecret({
      suffix: `${component}-kubeconfig`,
      statusPath: ['kubeconfig', status],
      lifecycle: 'kubeconfig',
      costMs: 90,
      isRight: (texts) =>
        isRightKubeconfig(texts[`${component}.conf`], `https://127.0.0.1:${portOf(pass.tcp)}`, ca),
      make: () => componentKubeconfig(component, ca, pass.tcp, now),
    })
}

function readCertificate(pem: string | undefined): X509Certificate | undefined {
  if (pem === undefined) return undefined
  try {
    return new X509Certificate(pem)
  } catch {
    return undefined
  }
}

function isSignedBy(certificate: X509Certificate, ca: KeyPair): boolean {
  const issuer = readCertificate(ca.certPem)
  return issuer !== undefined && certificate.verify(issuer.publicKey)
}

function isGood(pem: string | undefined, ca: KeyPair): boolean {
  const certificate = readCertificate(pem)
  return (
    certificate !== undefined &&
    isSignedBy(certificate, ca) &&
    Date.parse(certificate.validTo) - Date.now() > RENEW_BEFORE
  )
}

function isRightKubeconfig(text: string | undefined, server: string, ca: KeyPair): boolean {
  if (text === undefined) return false
  try {
    const config = parse(text) as {
      clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
      users: { user: { 'client-certificate-data': string } }[]
    }
    const cluster = config.clusters[0]?.cluster
    return (
      cluster?.server === server &&
      fromBase64(cluster['certificate-authority-data']) === ca.certPem &&
      isGood(fromBase64(config.users[0]?.user['client-certificate-data']), ca)
    )
  } catch {
    return false
  }
}
