import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { call } from '../back-ends.ts'
import { eventually, startBench } from '../harness.ts'
import { createVictim } from './controllers.ts'
import { createRandom, repeat, runs, seed } from './seed.ts'
import {
  ask,
  createCluster,
  machinesOf,
  requireConverged,
  scalePool,
  vmsOf,
  type MachineLike,
} from './world.ts'

const bench = await startBench({ speed: 60 })
const { LAB_URL: labUrl = '', LAB_TOKEN: labToken = '' } = bench.environment
const POOL = 'faulted'
const clone = '/nodes/{node}/qemu/{vmid}/clone'

/** A fault as the lab's endpoint takes it. */
interface Fault {
  readonly on: object
  readonly when?: object
  readonly what: object
}

/** One thing that goes wrong while a pool grows, or while it stands. */
interface Scenario {
  readonly name: string
  /** Asked for before the pool is scaled up. */
  readonly faults?: readonly Fault[]
  /** Done by hand to the first machine of the standing pool. */
  readonly byHand?: (machine: MachineLike) => Promise<unknown>
  /** What must be said, somewhere in the conditions of the pool or its machines, while the faults hold. */
  readonly says?: RegExp
  /** Faults hold for so long, milliseconds, unless `says` is said before. @default 1500 */
  readonly holdMs?: number
}

const on = (method: string, path: string) => ({ backEnd: 'proxmox', method, path })
const once = { times: 1 }
const twice = { times: 2 }

const scenarios: readonly Scenario[] = [
  {
    name: 'a clone is answered 500 before it began',
    faults: [
      {
        on: on('POST', clone),
        when: twice,
        what: { kind: 'answer', status: 500, reason: 'got no worker upid - start worker failed' },
      },
    ],
  },
  {
    name: 'a clone that began is answered 500',
    faults: [
      {
        on: on('POST', clone),
        when: twice,
        what: {
          kind: 'answer',
          at: 'after',
          status: 500,
          reason: 'got no worker upid - start worker failed',
        },
      },
    ],
  },
  {
    name: 'a clone that began is answered 596',
    faults: [
      {
        on: on('POST', clone),
        when: once,
        what: { kind: 'answer', at: 'after', status: 596, reason: 'Connection timed out' },
      },
    ],
  },
  {
    name: 'a clone’s connection breaks before',
    faults: [{ on: on('POST', clone), when: twice, what: { kind: 'reset', at: 'before' } }],
  },
  {
    name: 'a clone’s connection breaks after',
    faults: [{ on: on('POST', clone), when: twice, what: { kind: 'reset', at: 'after' } }],
  },
  {
    name: 'a clone’s task fails on a lock',
    faults: [
      {
        on: { backEnd: 'proxmox', task: 'qmclone' },
        when: twice,
        what: {
          kind: 'task-fails',
          exit: "can't lock file '/var/lock/qemu-server/lock-9000.conf' - got timeout",
        },
      },
    ],
  },
  {
    name: 'a clone’s task fails for good, once',
    faults: [
      {
        on: { backEnd: 'proxmox', task: 'qmclone' },
        when: once,
        what: { kind: 'task-fails', exit: 'clone failed: copy failed: input/output error' },
      },
    ],
    says: /input\/output error/,
  },
  {
    name: 'tasks end with warnings',
    faults: [
      { on: { backEnd: 'proxmox', task: 'qmclone' }, what: { kind: 'task-warns', text: 'this is slow' } },
    ],
  },
  {
    name: 'the configuration is answered 500 after its effect',
    faults: [
      {
        on: on('PUT', '/nodes/{node}/qemu/{vmid}/config'),
        when: twice,
        what: { kind: 'answer', at: 'after', status: 500, reason: 'broken pipe' },
      },
    ],
  },
  {
    name: 'an upload is cut in the middle',
    faults: [
      {
        on: on('POST', '/nodes/{node}/storage/{storage}/upload'),
        when: once,
        what: { kind: 'reset', at: 'before' },
      },
    ],
  },
  {
    name: 'an upload’s task fails',
    faults: [
      {
        on: { backEnd: 'proxmox', task: 'imgcopy' },
        when: once,
        what: { kind: 'task-fails', exit: 'No space left on device' },
      },
    ],
    says: /No space left on device/,
  },
  {
    name: 'a start fails once',
    faults: [
      {
        on: { backEnd: 'proxmox', task: 'qmstart' },
        when: once,
        what: { kind: 'task-fails', exit: 'start failed: QEMU exited with code 1' },
      },
    ],
    says: /QEMU exited with code 1/,
  },
  {
    name: 'a start reports a failure although the VM runs',
    faults: [
      {
        on: { backEnd: 'proxmox', task: 'qmstart' },
        when: once,
        what: { kind: 'task-fails', at: 'after', exit: 'got timeout' },
      },
    ],
  },
  {
    name: 'every answer of Proxmox is slow',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'delay', ms: 400 } }],
  },
  {
    name: 'Proxmox is away',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'api-away' } }],
    holdMs: 4000,
  },
  {
    name: 'the token is revoked for a while',
    faults: [{ on: { backEnd: 'proxmox', user: 'journey@pve!main' }, what: { kind: 'token-revoked' } }],
    says: /401|Authentication failed|refused/i,
    holdMs: 20_000,
  },
  {
    name: 'the token loses VM.Clone',
    faults: [
      {
        on: { backEnd: 'proxmox', user: 'journey@pve!main' },
        what: { kind: 'token-loses', privilege: 'VM.Clone' },
      },
    ],
    says: /VM\.Clone on \/vms\/9/,
    holdMs: 20_000,
  },
  {
    name: 'the token loses VM.Audit: the list turns empty and nothing is replaced',
    faults: [
      {
        on: { backEnd: 'proxmox', user: 'journey@pve!main' },
        what: { kind: 'token-loses', privilege: 'VM.Audit' },
      },
    ],
    holdMs: 5000,
  },
  {
    name: 'a host is cut off',
    faults: [{ on: { backEnd: 'proxmox', node: 'pve2' }, what: { kind: 'host-lost', vms: 'run' } }],
    holdMs: 4000,
  },
  {
    name: 'a storage is full',
    faults: [{ on: { backEnd: 'proxmox', storage: 'local-lvm' }, what: { kind: 'storage-full' } }],
    says: /local-lvm/,
    holdMs: 20_000,
  },
  {
    name: 'watches of the management cluster drop',
    faults: [{ on: { backEnd: 'kubernetes' }, when: {}, what: { kind: 'watch-drops', after: 300 } }],
    holdMs: 3000,
  },
  {
    name: 'watches end with 410',
    faults: [
      {
        on: { backEnd: 'kubernetes' },
        when: { times: 12 },
        what: { kind: 'watch-drops', how: 'expired', after: 300 },
      },
    ],
    holdMs: 3000,
  },
  {
    name: 'writes to the management cluster meet 409, 429 and 500',
    faults: [
      {
        on: {
          backEnd: 'kubernetes',
          method: 'PATCH',
          path: '/apis/fochista.dev/v1alpha1/namespaces/{namespace}/machines/**',
        },
        when: { share: 0.3, seed: 7, times: 20 },
        what: {
          kind: 'answer',
          status: 409,
          body: {
            kind: 'Status',
            status: 'Failure',
            reason: 'Conflict',
            code: 409,
            message: 'the object has been modified',
          },
        },
      },
      {
        on: {
          backEnd: 'kubernetes',
          method: 'PATCH',
          path: '/apis/fochista.dev/v1alpha1/namespaces/{namespace}/machines/**',
        },
        when: { share: 0.3, seed: 8, times: 20 },
        what: {
          kind: 'answer',
          at: 'after',
          status: 500,
          body: {
            kind: 'Status',
            status: 'Failure',
            reason: 'InternalError',
            code: 500,
            message: 'etcdserver: request timed out',
          },
        },
      },
      {
        on: { backEnd: 'kubernetes', method: 'POST' },
        when: { times: 3 },
        what: {
          kind: 'answer',
          status: 429,
          headers: { 'retry-after': '1' },
          body: {
            kind: 'Status',
            status: 'Failure',
            reason: 'TooManyRequests',
            code: 429,
            message: 'slow down',
          },
        },
      },
    ],
  },
  {
    name: 'the management cluster is away',
    faults: [{ on: { backEnd: 'kubernetes' }, when: { for: 3000 }, what: { kind: 'api-away' } }],
    holdMs: 3000,
  },
  {
    name: 'the tenant’s API server is away',
    faults: [{ on: { backEnd: 'tenant', tenant: `default/${POOL}` }, what: { kind: 'api-away' } }],
    holdMs: 3000,
  },
  {
    name: 'guests stand still and join late',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'kubelet-stops' } }],
    says: /Waiting for Node|not Ready|stopped to report/,
    holdMs: 4000,
  },
  {
    name: 'the clock of Proxmox is five minutes late',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'clock-offset', ms: -300_000 } }],
    holdMs: 3000,
  },
  {
    name: 'a VM is renamed by hand',
    byHand: (machine) => proxmox(machine, 'PUT', '/config', 'name=somebody-elses'),
  },
  {
    name: 'a VM’s description is emptied by hand',
    byHand: (machine) => proxmox(machine, 'PUT', '/config', 'description=mine'),
  },
  {
    name: 'a VM is locked by hand and let go',
    byHand: async ({ spec }) =>
      fault({
        on: { backEnd: 'proxmox', vmid: spec.vmid },
        when: { for: 2000 },
        what: { kind: 'lock-held', lock: 'backup' },
      }),
  },
]

/** Each way alone is worth a hundred runs; where there are fewer, the seed draws some of them. */
const random = createRandom(seed)
const alone = runs >= 100 ? scenarios : draw(scenarios, Math.max(1, Math.floor(runs / 3)))
const companies = Math.max(1, Math.floor(runs / 20))

test(`whatever goes wrong ends converged, or says why: ${alone.length} ways alone, ${companies} times in company (seed ${seed})`, async (t) => {
  const victim = createVictim(bench)
  await victim.start('--no-leader-election')
  try {
    await createCluster(bench, POOL, 1)
    await ask(bench, 'PATCH', `/apis/fochista.dev/v1alpha1/namespaces/default/nodepools/${POOL}`, {
      spec: { health: { nodeStartupTimeout: '60s', unhealthyAfter: '60s', restartAfter: '2s' } },
    })
    await eventually('the pool stands', 60_000, () => requireConverged(bench, new Map([[POOL, 1]])))
    for (const scenario of alone) await t.test(scenario.name, () => play([scenario]))
    // In company: what one fault is survived by must not be what another one needs.
    for (let company = 0; company < companies; company += 1) {
      const chosen = draw(scenarios, 3)
      await t.test(`together: ${chosen.map(({ name }) => name).join('; ')}`, () => play(chosen, false))
    }
  } finally {
    await clearFaults()
    await victim.kill()
  }

  /** Lets a pool of one grow to three while things go wrong, and sees it come to three and back to one. */
  async function play(together: readonly Scenario[], mustSay = true): Promise<void> {
    const standing = (await machinesOf(bench)).filter(({ spec }) => spec.nodePoolName === POOL)
    const before = new Set(standing.map(({ spec }) => spec.vmid))
    try {
      for (const { faults = [] } of together) for (const one of faults) await fault(one)
      for (const { byHand } of together) if (byHand && standing[0]) await byHand(standing[0])
      await eventually('the pool can be scaled', 20_000, () => scalePool(bench, POOL, 3))
      const says = mustSay ? together.flatMap((scenario) => scenario.says ?? []) : []
      const hold = Math.max(
        ...together.map(({ holdMs = 1500 }) => (mustSay ? holdMs : Math.min(holdMs, 4000))),
      )
      if (says.length === 0) await sleep(hold)
      for (const words of says)
        await eventually(`it is said: ${words}`, hold + 10_000, async () =>
          assert.match(await everythingSaid(), words),
        )
    } catch (error) {
      console.error(`repeat with: ${repeat('faults')}`)
      throw error
    } finally {
      await clearFaults()
    }
    await eventually('three machines have joined, and there is no VM more', 90_000, () =>
      requireConverged(bench, new Map([[POOL, 3]])),
    )
    const after = new Set((await vmsOf(bench)).map(({ vmid }) => vmid))
    for (const vmid of before) assert.ok(after.has(vmid ?? 0), `VM ${vmid}, which stood before, was kept`)
    await scalePool(bench, POOL, 1)
    await eventually('one is left', 60_000, () => requireConverged(bench, new Map([[POOL, 1]])))
  }
})

/** Some of the ways, each at most once. */
function draw(from: readonly Scenario[], count: number): Scenario[] {
  const left = [...from]
  return Array.from({ length: Math.min(count, left.length) }, () =>
    left.splice(random.whole(0, left.length - 1), 1),
  ).flat()
}

/** All conditions of the pool, its machines, and the Proxmox cluster; and the Events of all of them. */
async function everythingSaid(): Promise<string> {
  const paths = [
    '/apis/fochista.dev/v1alpha1/nodepools',
    '/apis/fochista.dev/v1alpha1/machines',
    '/apis/fochista.dev/v1alpha1/proxmoxclusters',
    '/api/v1/events',
  ]
  const all = await Promise.all(paths.map((path) => ask(bench, 'GET', path)))
  return JSON.stringify(all)
}

async function fault(spec: Fault): Promise<void> {
  await lab('POST', '/faults', spec)
}

async function clearFaults(): Promise<void> {
  await lab('DELETE', '/faults')
}

async function lab(method: string, path: string, body?: object): Promise<void> {
  const answer = await fetch(`${labUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${labToken}` },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.text()}`)
}

/** A person at work on a machine's VM. */
async function proxmox({ spec }: MachineLike, method: string, path: string, form: string): Promise<void> {
  const vm = (await vmsOf(bench)).find(({ vmid }) => vmid === spec.vmid)
  const answer = await call(
    bench,
    'proxmox',
    method,
    `/api2/json/nodes/${vm?.node}/qemu/${spec.vmid}${path}`,
    {
      body: form,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
  )
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}
