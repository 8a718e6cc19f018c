import { createRequest } from '../../../packages/lab/src/pki.ts'

/** A write that the recorder made between or beside its commands, and did not write down. */
export interface Unwritten {
  method: string
  path: string
  body: object
}

const HOME = '/namespaces/kt'
const MACHINES = '/apis/fochista.dev/v1/namespaces'
const CORE = '/api/v1'
const HELD = { metadata: { name: 'held', finalizers: ['fochista.dev/x'] } }

const merge = (path: string, body: object): Unwritten => ({ method: 'PATCH', path, body })
const make = (path: string, body: object): Unwritten => ({ method: 'POST', path, body })
const label = (path: string, w: string): Unwritten => merge(path, { metadata: { labels: { w } } })

/** Namespaces of other recordings, of the same server. */
const OTHERS = ['adm', 'au', 'crd', 'crud', 'del', 'dns', 'gen-9sgc6', 'lw', 'n2', 'pa', 'pb', 'x']
/** Those of them that something keeps from going. */
const GOING = ['crud', 'dns']

/** What the server held when the first command ran, as its answers tell. */
export const BEFORE: readonly Unwritten[] = [
  ...OTHERS.map((name) => make(`${CORE}/namespaces`, { metadata: { name } })),
  ...[
    ['au', 'x'],
    ['pb', 'yml'],
  ].map(([namespace, name]) =>
    make(`${MACHINES}/${namespace}/machines`, {
      apiVersion: 'fochista.dev/v1',
      kind: 'Machine',
      metadata: { name },
      spec: { host: 'h' },
    }),
  ),
  ...GOING.flatMap((name) => [
    make(`/apis/coordination.k8s.io/v1/namespaces/${name}/leases`, HELD),
    { method: 'DELETE', path: `${CORE}/namespaces/${name}`, body: {} },
  ]),
]

const M1 = `${MACHINES}/kt/machines/m1`
const M3 = `${MACHINES}/kt/machines/m3`
const POD = {
  metadata: { name: 'lp' },
  spec: {
    containers: [
      { name: 'a', image: 'i' },
      { name: 'b', image: 'i' },
    ],
  },
}

/** Before the command of a line. */
export async function unwrittenBefore(): Promise<{ [n: number]: Unwritten[] }> {
  const { requestPem } = await createRequest({ commonName: 'kc' })
  const request = (name: string): Unwritten =>
    make('/apis/certificates.k8s.io/v1/certificatesigningrequests', {
      metadata: { name },
      spec: {
        request: Buffer.from(requestPem).toString('base64'),
        signerName: 'kubernetes.io/kube-apiserver-client',
        usages: ['client auth'],
      },
    })
  return {
    50: [
      merge(`${M1}/status`, {
        status: {
          phase: 'Running',
          ready: true,
          cost: 1.5,
          lastSeen: '2026-01-01T00:00:00Z',
          conditions: [{ type: 'Ready', status: 'True', reason: 'R', message: 'm' }],
        },
      }),
    ],
    181: [merge(M3, { metadata: { finalizers: ['fochista.dev/x'] } })],
    196: [make(`${CORE}${HOME}/pods`, POD)],
    208: [make(`${CORE}/nodes`, { metadata: { name: 'kt-node' } })],
    219: [request('kc1'), request('kc2')],
  }
}

/** Beside the command of a line, when it had begun to wait. */
export const UNWRITTEN_BESIDE: { [n: number]: Unwritten[] } = {
  88: [label(M1, '1')],
  89: [label(M1, '2')],
  90: [label(`${CORE}${HOME}/configmaps/c1`, '2')],
  135: [
    merge(`/apis/apps/v1${HOME}/deployments/web/status`, {
      status: {
        observedGeneration: 100,
        replicas: 2,
        updatedReplicas: 2,
        readyReplicas: 2,
        availableReplicas: 2,
      },
    }),
  ],
  175: [
    make(`${MACHINES}/kt/machines`, {
      apiVersion: 'fochista.dev/v1',
      kind: 'Machine',
      metadata: { name: 'mnew' },
      spec: { host: 'h' },
    }),
  ],
  183: [merge(M3, { metadata: { finalizers: null } })],
}

/** What stood for a person at the editor. */
export const EDITORS: { [n: number]: string } = {
  107: "sed -i 's/^  replicas: .*/  replicas: 99/'",
  108: `sed -i 's/^  a: .*/  a: "7"/'`,
}
