import { answers, proxmox, times, type Fault, type Scenario } from './scenario.ts'

/** The calls of a machine's way, each by the word for it. */
const CALLS = {
  clone: proxmox('POST', '/nodes/{node}/qemu/{vmid}/clone'),
  configuration: proxmox('PUT', '/nodes/{node}/qemu/{vmid}/config'),
  resize: proxmox('PUT', '/nodes/{node}/qemu/{vmid}/resize'),
  upload: proxmox('POST', '/nodes/{node}/storage/{storage}/upload'),
  start: proxmox('POST', '/nodes/{node}/qemu/{vmid}/status/start'),
} as const

/** The calls that take a machine away. */
const LAST_CALLS = {
  shutdown: proxmox('POST', '/nodes/{node}/qemu/{vmid}/status/shutdown'),
  destruction: proxmox('DELETE', '/nodes/{node}/qemu/{vmid}'),
} as const

/** How a call goes wrong, each by the words for it. */
const WAYS = {
  'is answered 500 before it began': answers(500, 'got no worker upid - start worker failed'),
  'that began is answered 500': answers(500, 'got no worker upid - start worker failed', 'after'),
  'is answered 595 before it began': answers(595, 'Connection refused'),
  'that began is answered 595': answers(595, 'Connection timed out', 'after'),
  'is answered 596 before it began': answers(596, 'Broken pipe'),
  'that began is answered 596': answers(596, 'Connection timed out', 'after'),
  'breaks its connection before it began': { kind: 'reset', at: 'before' },
  'that began breaks its connection': { kind: 'reset', at: 'after' },
} as const

const twice = (on: object, what: object): Fault => ({ on, when: times(2), what })

const everyCall = (calls: object, during: Scenario['while']): Scenario[] =>
  Object.entries(calls as Record<string, object>).flatMap(([call, on]) =>
    Object.entries(WAYS).map(([way, what]) => ({
      name: `${call === 'upload' ? 'an' : 'a'} ${call} ${way}`,
      while: during,
      faults: [twice(on, what)],
    })),
  )

/** Proxmox answers a call wrongly, before or after its effect, late, or never. */
export const callScenarios: readonly Scenario[] = [
  ...everyCall(CALLS, 'growing'),
  ...everyCall(LAST_CALLS, 'shrinking'),
  // The client gives up after a minute.
  ...(['before', 'after'] as const).map((at): Scenario => ({
    name: `a clone gets no answer, ${at} its effect`,
    faults: [{ on: CALLS.clone, when: times(1), what: { kind: 'hang', at } }],
    says: [/no answer within \d+ ms/],
    holdMs: 90_000,
    isSlow: true,
  })),
  // As the host that was called gives up another one.
  ...(['before', 'after'] as const).map((at): Scenario => ({
    name: `a clone is answered 596 after thirty seconds, ${at} its effect`,
    faults: [
      { on: CALLS.clone, when: times(1), what: { kind: 'delay', ms: 30_000 } },
      { on: CALLS.clone, when: times(1), what: answers(596, 'Connection timed out', at) },
    ],
    says: [/Connection timed out/],
    holdMs: 60_000,
    isSlow: true,
  })),
  {
    name: 'reads get no answer',
    faults: [{ on: proxmox('GET', '/nodes/**'), when: times(2), what: { kind: 'hang' } }],
    says: [/no answer within \d+ ms/],
    holdMs: 90_000,
    isSlow: true,
  },
  {
    name: 'an upload is cut in the middle',
    faults: [twice(CALLS.upload, { kind: 'reset', at: 'during' })],
  },
  {
    name: 'every answer of Proxmox is slow',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'delay', ms: 400 } }],
  },
  {
    name: 'a third of all answers of Proxmox is an error',
    faults: [
      {
        on: { backEnd: 'proxmox' },
        when: { share: 0.3, seed: 11 },
        what: answers(500, 'Internal Server Error'),
      },
    ],
    holdMs: 4000,
  },
  {
    name: 'Proxmox is away',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'api-away' } }],
    says: [/cannot reach Proxmox.*asked again every \d+ seconds/],
    holdMs: 20_000,
  },
  {
    name: 'Proxmox is away for five minutes',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'api-away' } }],
    holdMs: 300_000,
    isSlow: true,
  },
]
