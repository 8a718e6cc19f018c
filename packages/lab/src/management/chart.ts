import { gvr } from '../kamaji/vocabulary.ts'
import type { ApiServer } from '../kubernetes/api.ts'
import type { JsonObject } from '../kubernetes/resources.ts'
import { issueCertificate } from '../pki.ts'
import type { KeyPair } from '../pki.ts'

const NAMESPACE = 'kamaji-system'

/** Where Kamaji's etcd answers inside a management cluster. */
export const ETCD_ENDPOINTS: readonly string[] = [0, 1, 2].map(
  (member) => `kamaji-etcd-${member}.kamaji-etcd.${NAMESPACE}.svc.cluster.local:2379`,
)

/**
 * Makes what Kamaji's chart leaves in a cluster: its namespace, Deployment, account and webhook Service, and the DataStore
 * `default` with the Secrets of its etcd. What the Deployment would do is done by the operator of this process.
 */
export async function installChart(api: ApiServer, etcd: KeyPair): Promise<void> {
  const { store } = api
  store.create(gvr.namespaces, { metadata: { name: NAMESPACE } })
  const labels = { 'app.kubernetes.io/name': 'kamaji', 'app.kubernetes.io/instance': 'kamaji' }
  const metadata = (
    name: string,
  ): { name: string; namespace: string; labels: { [key: string]: string } } => ({
    name,
    namespace: NAMESPACE,
    labels,
  })
  const account = 'kamaji-controller-manager'
  store.create(gvr.serviceAccounts, { metadata: metadata(account) })
  store.create(gvr.services, {
    metadata: metadata('kamaji-webhook-service'),
    spec: { selector: labels, ports: [{ port: 443, targetPort: 9443 }] },
  })
  store.create(gvr.deployments, {
    metadata: metadata('kamaji'),
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: account,
          containers: [{ name: 'manager', image: 'clastix/kamaji:latest', args: ['manager'] }],
        },
      },
    },
  })
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const client = await issueCertificate(etcd, { commonName: 'root', usages: ['client'] })
  // A job of the chart makes these, without the chart's labels.
  store.create(gvr.secrets, {
    metadata: { name: 'kamaji-etcd-certs', namespace: NAMESPACE },
    type: 'Opaque',
    data: { 'ca.crt': base64(etcd.certPem), 'ca.key': base64(etcd.keyPem) },
  })
  store.create(gvr.secrets, {
    metadata: { name: 'kamaji-etcd-root-client-certs', namespace: NAMESPACE },
    type: 'kubernetes.io/tls',
    data: {
      'ca.crt': base64(etcd.certPem),
      'tls.crt': base64(client.certPem),
      'tls.key': base64(client.keyPem),
    },
  })
  const from = (secret: string, certificate: string, privateKey: string): JsonObject => ({
    certificate: { secretReference: { name: secret, namespace: NAMESPACE, keyPath: certificate } },
    privateKey: { secretReference: { name: secret, namespace: NAMESPACE, keyPath: privateKey } },
  })
  store.create(gvr.dataStores, {
    metadata: { name: 'default' },
    spec: {
      driver: 'etcd',
      endpoints: [...ETCD_ENDPOINTS],
      tlsConfig: {
        certificateAuthority: from('kamaji-etcd-certs', 'ca.crt', 'ca.key'),
        clientCertificate: from('kamaji-etcd-root-client-certs', 'tls.crt', 'tls.key'),
      },
    },
  })
}
