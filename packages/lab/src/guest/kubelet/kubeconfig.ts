import { X509Certificate } from 'node:crypto'
import { parse, stringify } from 'yaml'
import type { Json, JsonObject } from '../../kubernetes/resources.ts'
import { asText, isObject } from '../../kubernetes/rest/json.ts'
import type { Disk } from '../disk.ts'
import { KubeletExit } from './exit.ts'

/** Where the kubelet keeps its client certificate. */
export const CERTIFICATE = '/var/lib/kubelet/pki/kubelet-client-current.pem'

/** Server, CA and token of a kubeconfig. */
export interface Bootstrap {
  server: string
  caPem: string
  /** As written, for the kubelet's own kubeconfig. */
  ca: { path: string } | { data: string } | undefined
  token: string
}

/** Reads the bootstrap kubeconfig. Throws KubeletExit with the kubelet's words. */
export function loadBootstrap(disk: Disk, path: string): Bootstrap {
  const prefix = 'unable to load bootstrap kubeconfig:'
  const text = disk.read(path)
  if (text === undefined) throw new KubeletExit(`${prefix} stat ${path}: no such file or directory`)
  const empty = (): KubeletExit =>
    new KubeletExit(
      `${prefix} invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable`,
    )
  let document: Json
  try {
    document = parse(text) as Json
  } catch (error) {
    throw new KubeletExit(
      `${prefix} error loading config file "${path}": yaml: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
    )
  }
  if (!isObject(document)) throw empty()
  const current = asText(document['current-context'])
  const entry = (list: Json | undefined, name: string, part: string): JsonObject | undefined => {
    const found = Array.isArray(list)
      ? list.filter(isObject).find((each) => each['name'] === name)
      : undefined
    const inner = found?.[part]
    return isObject(inner) ? inner : undefined
  }
  const context = entry(document['contexts'], current, 'context')
  const cluster = entry(document['clusters'], asText(context?.['cluster']), 'cluster')
  const user = entry(document['users'], asText(context?.['user']), 'user')
  const server = asText(cluster?.['server'])
  if (server === '') throw empty()
  const caPath = asText(cluster?.['certificate-authority'])
  const caData = asText(cluster?.['certificate-authority-data'])
  let caPem = ''
  if (caData !== '') caPem = Buffer.from(caData, 'base64').toString()
  else if (caPath !== '') {
    const file = disk.read(caPath)
    if (file === undefined)
      throw new KubeletExit(
        `${prefix} invalid configuration: unable to read certificate-authority ${caPath} for ${asText(context?.['cluster'])} due to open ${caPath}: no such file or directory`,
      )
    caPem = file
  }
  return {
    server,
    caPem,
    ca: caData !== '' ? { data: caData } : caPath !== '' ? { path: caPath } : undefined,
    token: asText(user?.['token']),
  }
}

/** Writes the kubelet's own kubeconfig: it names the certificate's file, which is not there yet. */
export function writeKubeconfig(disk: Disk, path: string, { server, ca }: Bootstrap): void {
  const cluster = {
    ...(ca === undefined
      ? {}
      : 'data' in ca
        ? { 'certificate-authority-data': ca.data }
        : { 'certificate-authority': ca.path }),
    server,
  }
  const config = {
    apiVersion: 'v1',
    clusters: [{ cluster, name: 'default-cluster' }],
    contexts: [
      {
        context: { cluster: 'default-cluster', namespace: 'default', user: 'default-auth' },
        name: 'default-context',
      },
    ],
    'current-context': 'default-context',
    kind: 'Config',
    users: [
      {
        name: 'default-auth',
        user: { 'client-certificate': CERTIFICATE, 'client-key': CERTIFICATE },
      },
    ],
  }
  disk.write(path, stringify(config, { lineWidth: 0, indentSeq: false }), { mode: 0o600 })
}

/** The stored client certificate and key, if they are there and valid now. */
export function storedCertificate(
  disk: Disk,
  now: number,
): { certPem: string; keyPem: string; commonName: string } | 'expired' | undefined {
  const text = disk.read(CERTIFICATE)
  if (text === undefined) return undefined
  const certPem = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/.exec(text)?.[0]
  const keyPem = /-----BEGIN (?:EC )?PRIVATE KEY-----[\s\S]+?-----END (?:EC )?PRIVATE KEY-----/.exec(
    text,
  )?.[0]
  if (certPem === undefined || keyPem === undefined) return undefined
  const certificate = new X509Certificate(certPem)
  if (Date.parse(certificate.validTo) <= now) return 'expired'
  const commonName = /CN=(.+)/.exec(certificate.subject)?.[1] ?? ''
  return { certPem, keyPem, commonName }
}

/** Stores a certificate as the kubelet does: a dated file and a link to it. */
export function storeCertificate(disk: Disk, certPem: string, keyPem: string, now: number): void {
  const date = new Date(now).toISOString().replaceAll(':', '-').replace('T', '-').slice(0, 19)
  const path = `/var/lib/kubelet/pki/kubelet-client-${date}.pem`
  disk.write(path, `${certPem.trimEnd()}\n${keyPem}`, { mode: 0o600 })
  disk.write(CERTIFICATE, path, { kind: 'link', mode: 0o777 })
}
