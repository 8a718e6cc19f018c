import assert from 'node:assert/strict'
import { eventually } from '../../harness.ts'
import { ask, createCluster, deletePart, machinesOf } from '../world.ts'
import { times, type Scenario, type Stage } from './scenario.ts'

const path = (name: string): string =>
  `/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes/${name}`
const on = (tenant: string) => ({ backEnd: 'tenant', tenant: `default/${tenant}` })

interface ControlPlane {
  readonly spec: { readonly kubernetes: { readonly version: string }; readonly dataStore?: string }
  readonly status?: { readonly kubernetesResources?: { readonly version?: { readonly status?: string } } }
}
const controlPlane = async ({ bench, pool }: Stage): Promise<ControlPlane> =>
  (await ask(bench, 'GET', path(pool))) as ControlPlane

const edit = ({ bench, pool }: Stage, spec: object): Promise<unknown> =>
  ask(bench, 'PATCH', path(pool), { spec })

const steady = (stage: Stage): Promise<void> =>
  eventually('the control plane is Ready', 60_000, async () =>
    assert.equal((await controlPlane(stage)).status?.kubernetesResources?.version?.status, 'Ready'),
  )

/** A fault of the pool's tenant: its name is known when the scenario is played. */
const tenantFault = (
  name: string,
  what: object,
  more: Partial<Scenario> & { when?: object } = {},
): Scenario => {
  const { when, ...rest } = more
  return {
    name,
    // It strikes a control plane that runs.
    hands: 'the control plane',
    act: ({ fault, pool }) => fault({ on: on(pool), ...(when && { when }), what }),
    holdMs: 3000,
    ...rest,
  }
}

/** A second data store with the endpoints of the first. */
async function migrate(stage: Stage): Promise<() => Promise<unknown>> {
  const { bench } = stage
  const stores = '/apis/kamaji.clastix.io/v1alpha1/datastores'
  const { spec } = (await ask(bench, 'GET', `${stores}/default`)) as { spec: object }
  const known = await ask(bench, 'GET', `${stores}/second`, undefined, true)
  if (known === undefined)
    await ask(bench, 'POST', stores, {
      apiVersion: 'kamaji.clastix.io/v1alpha1',
      kind: 'DataStore',
      metadata: { name: 'second' },
      spec,
    })
  const before = (await controlPlane(stage)).spec.dataStore ?? 'default'
  await edit(stage, { dataStore: before === 'second' ? 'default' : 'second' })
  return () => steady(stage)
}

/** The next patch level: a control plane never goes back. */
async function upgrade(stage: Stage): Promise<() => Promise<unknown>> {
  const { version } = (await controlPlane(stage)).spec.kubernetes
  const [, minor = '', patch = '0'] = /^(v\d+\.\d+)\.(\d+)$/.exec(version) ?? []
  await edit(stage, { kubernetes: { version: `${minor}.${Number(patch) + 1}` } })
  return () => steady(stage)
}

/** Another authority: its Secret is deleted, and Kamaji makes one anew, with every certificate below it. */
async function replaceAuthority(stage: Stage): Promise<() => Promise<unknown>> {
  const secret = `/api/v1/namespaces/default/secrets/${stage.pool}-ca`
  const before = (await ask(stage.bench, 'GET', secret)) as { metadata: { uid: string } }
  await ask(stage.bench, 'DELETE', secret)
  return async () => {
    await eventually('there is another authority', 60_000, async () => {
      const now = (await ask(stage.bench, 'GET', secret)) as typeof before
      assert.notEqual(now.metadata.uid, before.metadata.uid)
    })
    await steady(stage)
  }
}

/** A second cluster whose API server answers nobody until the faults end; then its machine joins. */
async function neverUp({ bench, fault }: Stage): Promise<() => Promise<unknown>> {
  const name = 'late'
  await fault({
    on: on(name),
    what: { kind: 'answer', status: 503, body: 'the API server has not come up' },
  })
  await createCluster(bench, name, 1)
  const own = async () => (await machinesOf(bench)).filter(({ spec }) => spec.nodePoolName === name)
  return async () => {
    await eventually('its machine joins when it has come up', 90_000, async () => {
      const [machine] = await own()
      assert.ok(
        machine?.status?.conditions?.some(({ type, status }) => type === 'Joined' && status === 'True'),
      )
    })
    await deletePart(bench, name, 'pool')
    await eventually('its machine is gone', 60_000, async () => assert.deepEqual(await own(), []))
    await deletePart(bench, name, 'control plane')
  }
}

/** The tenant's API server never comes up, sleeps, moves, is upgraded, or is away. */
export const tenantScenarios: readonly Scenario[] = [
  tenantFault('the tenant’s API server is away', { kind: 'api-away' }),
  tenantFault(
    'the tenant’s API server answers 500 for a while',
    { kind: 'answer', status: 500 },
    { when: times(20) },
  ),
  tenantFault(
    'the tenant’s API server answers 429 with Retry-After for a while',
    { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
    { when: times(10) },
  ),
  tenantFault(
    'the tenant’s API server drops watches',
    { kind: 'watch-drops', how: 'expired', after: 300 },
    { when: times(10) },
  ),
  tenantFault('the tenant’s certificate expires', { kind: 'certificate-expired' }),
  tenantFault(
    'the tenant’s API server is away while machines leave',
    { kind: 'api-away' },
    { while: 'shrinking', says: [/tenant cluster to answer/], holdMs: 10_000 },
  ),
  {
    name: 'the tenant’s API server never comes up',
    act: neverUp,
    says: [/Its API server does not answer as it should|Waiting for the control plane: /],
    holdMs: 20_000,
  },
  {
    name: 'the tenant is put to sleep and wakes up',
    hands: 'the control plane',
    act: async (stage) => {
      await edit(stage, { controlPlane: { deployment: { replicas: 0 } } })
      return async () => {
        await edit(stage, { controlPlane: { deployment: { replicas: 1 } } })
        await steady(stage)
      }
    },
    says: [/Waiting for the control plane: it sleeps: spec\.controlPlane\.deployment\.replicas is 0/],
    holdMs: 20_000,
  },
  {
    name: 'the tenant gets another authority',
    hands: 'the control plane',
    act: replaceAuthority,
    holdMs: 3000,
    // Who trusts the old one is a worker no more.
    costsTheMachine: true,
  },
  {
    name: 'the tenant is moved to another data store',
    hands: 'the control plane',
    act: migrate,
    holdMs: 3000,
  },
  { name: 'the tenant is upgraded', hands: 'the control plane', act: upgrade, holdMs: 3000 },
]
