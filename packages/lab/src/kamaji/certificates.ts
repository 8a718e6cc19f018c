import { isIP } from 'node:net'
import { randomUUID } from 'node:crypto'
import type { TenantControlPlane } from '@fochista/kamaji'
import type { KeyPair } from '../pki.ts'
import { createCa, createKeys, issueCertificate } from '../pki.ts'
import { addressIn, parseCidr } from './admission/addresses.ts'
import { domainOf, joinHostPort, portOf, publicEndpoint, serviceRanges } from './control-plane.ts'
import { certSans } from './kubeadm.ts'
import { kubeconfigText } from './kubeconfig-text.ts'

/** The texts of a Secret's data, not yet base64. */
export type Texts = Record<string, string>

const TEN_YEARS = 3653

/** `<tcp>-ca`: the same twice, as kubeadm and as Cluster API name it. */
export async function caData(now: number): Promise<Texts> {
  const ca = await createCa({ commonName: 'kubernetes', now })
  return { 'ca.crt': ca.certPem, 'ca.key': ca.keyPem, 'tls.crt': ca.certPem, 'tls.key': ca.keyPem }
}

/** `<tcp>-front-proxy-ca-certificate`. */
export async function frontProxyCaData(now: number): Promise<Texts> {
  const ca = await createCa({ commonName: 'front-proxy-ca', now })
  return { 'front-proxy-ca.crt': ca.certPem, 'front-proxy-ca.key': ca.keyPem }
}

/** `<tcp>-sa-certificate`: the keys that sign service account tokens. */
export async function serviceAccountData(): Promise<Texts> {
  const keys = await createKeys()
  return { 'sa.key': keys.privatePem, 'sa.pub': keys.publicPem }
}

/** Names and addresses in the API server's certificate. */
export function apiServerNames(tcp: TenantControlPlane, address: string): { dns: string[]; ips: string[] } {
  const service = parseCidr(serviceRanges(tcp)[0] ?? '')
  const all = new Set([
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    `kubernetes.default.svc.${domainOf(tcp)}`,
    'node',
    ...(service === undefined ? [] : [addressIn(service, 1)]),
    publicEndpoint(tcp, address).host,
    ...certSans(tcp, address),
  ])
  const names = [...all].filter((name) => name !== '')
  return {
    dns: names.filter((name) => isIP(name) === 0).toSorted(),
    ips: names.filter((name) => isIP(name) !== 0),
  }
}

/** `<tcp>-api-server-certificate`. */
export async function apiServerData(
  ca: KeyPair,
  tcp: TenantControlPlane,
  address: string,
  now: number,
): Promise<Texts> {
  const pair = await issueCertificate(ca, {
    commonName: 'kube-apiserver',
    ...apiServerNames(tcp, address),
    usages: ['server'],
    now,
  })
  return { 'apiserver.crt': pair.certPem, 'apiserver.key': pair.keyPem }
}

/** A client's certificate under the keys `<name>.crt` and `<name>.key`. */
export async function clientData(ca: KeyPair, name: string, commonName: string, now: number): Promise<Texts> {
  const pair = await issueCertificate(ca, { commonName, usages: ['client'], now })
  return { [`${name}.crt`]: pair.certPem, [`${name}.key`]: pair.keyPem }
}

/** `admin` or `super-admin`: the kubeconfig by endpoint (`.conf`) and by Service (`.svc`). */
export async function adminKubeconfigs(
  which: 'admin' | 'super-admin',
  ca: KeyPair,
  tcp: TenantControlPlane,
  address: string,
  now: number,
): Promise<Texts> {
  const user = `kubernetes-${which}`
  const client = await issueCertificate(ca, {
    commonName: user,
    organizations: [which === 'admin' ? 'kubeadm:cluster-admins' : 'system:masters'],
    usages: ['client'],
    now,
  })
  const { host, port } = publicEndpoint(tcp, address)
  const { name, namespace = 'default' } = tcp.metadata
  const text = (server: string): string =>
    kubeconfigText({ cluster: name, user, server, caPem: ca.certPem, client })
  return {
    [`${which}.conf`]: text(`https://${joinHostPort(host, port)}`),
    [`${which}.svc`]: text(`https://${name}.${namespace}.svc:${portOf(tcp)}`),
  }
}

/** The kubeconfig of a component inside the control plane's pod. */
export async function componentKubeconfig(
  component: 'controller-manager' | 'scheduler',
  ca: KeyPair,
  tcp: TenantControlPlane,
  now: number,
): Promise<Texts> {
  const user = `system:kube-${component}`
  const client = await issueCertificate(ca, { commonName: user, usages: ['client'], now })
  return {
    [`${component}.conf`]: kubeconfigText({
      cluster: tcp.metadata.name,
      user,
      server: `https://127.0.0.1:${portOf(tcp)}`,
      caPem: ca.certPem,
      client,
    }),
  }
}

/** `<tcp>-datastore-config`. Schema and user are named after the control plane unless it says otherwise. */
export function dataStoreConfigData(tcp: TenantControlPlane): Texts {
  return {
    DB_CONNECTION_STRING: '',
    DB_PASSWORD: randomUUID(),
    DB_SCHEMA: tcp.spec.dataStoreSchema || (tcp.metadata.uid ?? ''),
    DB_USER: tcp.spec.dataStoreUsername || (tcp.metadata.uid ?? ''),
  }
}

/** `<tcp>-datastore-certificate`: the client's certificate for etcd. */
export async function dataStoreCertificateData(etcdCa: KeyPair, user: string, now: number): Promise<Texts> {
  const pair = await issueCertificate(etcdCa, {
    commonName: user,
    organizations: ['system:masters'],
    usages: ['client', 'server', 'code signing'],
    days: TEN_YEARS,
    now,
  })
  return { 'ca.crt': etcdCa.certPem, 'server.crt': pair.certPem, 'server.key': pair.keyPem }
}

const KONNECTIVITY = 'system:konnectivity-server'

/** `<tcp>-konnectivity-certificate`. */
export async function konnectivityCertificateData(ca: KeyPair, now: number): Promise<Texts> {
  const pair = await issueCertificate(ca, {
    commonName: KONNECTIVITY,
    organizations: ['system:masters'],
    usages: ['client', 'server', 'code signing'],
    days: TEN_YEARS,
    now,
  })
  return { 'tls.crt': pair.certPem, 'tls.key': pair.keyPem }
}

/** `<tcp>-konnectivity-kubeconfig`, with the certificate that `<tcp>-konnectivity-certificate` holds. */
export function konnectivityKubeconfig(ca: KeyPair, client: KeyPair, tcp: TenantControlPlane): Texts {
  return {
    'konnectivity-server.conf': kubeconfigText({
      cluster: 'kubernetes',
      user: KONNECTIVITY,
      server: `https://localhost:${portOf(tcp)}`,
      caPem: ca.certPem,
      client,
    }),
  }
}
