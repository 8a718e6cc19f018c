import { times, type Fault, type Scenario } from './scenario.ts'

const on = (method?: string, path?: string) => ({
  backEnd: 'kubernetes',
  ...(method && { method }),
  ...(path && { path }),
})
const MACHINES = '/apis/fochista.dev/v1alpha1/namespaces/{namespace}/machines/**'
const POOLS = '/apis/fochista.dev/v1alpha1/namespaces/{namespace}/nodepools/**'

const status = (code: number, reason: string, message: string, more: object = {}) => ({
  kind: 'answer',
  status: code,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message },
  ...more,
})
const conflict = status(409, 'Conflict', 'the object has been modified')
const broken = status(500, 'InternalError', 'etcdserver: request timed out')
const busy = status(429, 'TooManyRequests', 'slow down', { headers: { 'retry-after': '1' } })

const drops = (how: string): Fault => ({
  on: on(),
  when: times(12),
  what: { kind: 'watch-drops', how, after: 300 },
})

/** The management cluster's API server is slow, wrong, or away. */
export const kubernetesScenarios: readonly Scenario[] = [
  { name: 'watches of the management cluster break', faults: [drops('reset')], holdMs: 3000 },
  { name: 'watches of the management cluster end', faults: [drops('end')], holdMs: 3000 },
  { name: 'watches of the management cluster end with 410', faults: [drops('expired')], holdMs: 3000 },
  {
    name: 'lists are answered 410',
    faults: [
      drops('expired'),
      {
        on: on('GET', '/apis/**'),
        when: times(6),
        what: status(410, 'Expired', 'The resourceVersion is too old'),
      },
    ],
    holdMs: 3000,
  },
  ...(
    [
      ['writes of machines meet 409', 'PATCH', MACHINES, conflict],
      ['writes of machines are answered 500', 'PATCH', MACHINES, broken],
      ['writes of machines that worked are answered 500', 'PATCH', MACHINES, { ...broken, at: 'after' }],
      ['writes of pools that worked are answered 500', 'PATCH', POOLS, { ...broken, at: 'after' }],
      ['writes of machines break their connection', 'PATCH', MACHINES, { kind: 'reset' }],
      ['writes that worked break their connection', 'PATCH', MACHINES, { kind: 'reset', at: 'after' }],
    ] as const
  ).map(([name, method, path, what]): Scenario => ({
    name,
    faults: [{ on: on(method, path), when: { share: 0.3, seed: 7, times: 20 }, what }],
  })),
  {
    name: 'machines that were created are not answered',
    faults: [
      {
        on: on('POST', '/apis/fochista.dev/v1alpha1/namespaces/{namespace}/machines'),
        when: times(3),
        what: { kind: 'reset', at: 'after' },
      },
    ],
  },
  {
    name: 'everything is answered 429 with Retry-After for a while',
    faults: [{ on: on(), when: times(12), what: busy }],
    holdMs: 3000,
  },
  {
    name: 'everything is answered 500 for a while',
    faults: [{ on: on(), when: times(25), what: broken }],
    holdMs: 3000,
  },
  {
    name: 'the management cluster is away',
    meanwhile: ({ fault }) => fault({ on: on(), when: { for: 4000 }, what: { kind: 'api-away' } }),
    holdMs: 4500,
  },
  {
    name: 'the management cluster is away for five minutes',
    meanwhile: ({ fault }) => fault({ on: on(), when: { for: 300_000 }, what: { kind: 'api-away' } }),
    holdMs: 301_000,
    isSlow: true,
  },
  {
    name: 'the certificate of the management cluster expires',
    meanwhile: ({ fault }) => fault({ on: on(), when: { for: 4000 }, what: { kind: 'certificate-expired' } }),
    holdMs: 4500,
  },
  {
    name: 'the clock of the management cluster is five minutes ahead',
    faults: [{ on: on(), what: { kind: 'clock-offset', ms: 300_000 } }],
    holdMs: 3000,
  },
  {
    name: 'the clock of the management cluster is five minutes late',
    faults: [{ on: on(), what: { kind: 'clock-offset', ms: -300_000 } }],
    holdMs: 3000,
  },
]
