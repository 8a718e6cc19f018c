import { stringify } from 'yaml'
import type { KeyPair } from '../pki.ts'

/** A kubeconfig with one cluster and one user, everything inline. */
export function kubeconfigText(options: {
  /** Name of the cluster. */
  cluster: string
  /** Name of the user and, with the cluster's, of the context. */
  user: string
  /** Default: both names, as `user@cluster`. */
  context?: string
  /** URL of the API server. */
  server: string
  caPem: string
  client: KeyPair
}): string {
  const { cluster, user, server, caPem, client, context = `${user}@${cluster}` } = options
  return stringify(
    {
      apiVersion: 'v1',
      clusters: [{ cluster: { 'certificate-authority-data': base64(caPem), server }, name: cluster }],
      contexts: [{ context: { cluster, user }, name: context }],
      'current-context': context,
      kind: 'Config',
      users: [
        {
          name: user,
          user: {
            'client-certificate-data': base64(client.certPem),
            'client-key-data': base64(client.keyPem),
          },
        },
      ],
    },
    { lineWidth: 0, indentSeq: false },
  )
}

/** Base64 of a text. */
export function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** The text behind base64; empty for nothing. */
export function fromBase64(text: unknown): string {
  return typeof text === 'string' ? Buffer.from(text, 'base64').toString() : ''
}
