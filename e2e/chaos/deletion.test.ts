import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectTenant, TenantControlPlane, type Tenant } from '@fochista/kamaji'
import {
  connectionFromEnvironment,
  createKubernetes,
  defineKind,
  Node,
  type KubernetesObject,
} from '@fochista/kubernetes'
import { call, managementInventory, proxmoxInventory } from '../back-ends.ts'
import { eventually, startBench } from '../harness.ts'
import { createVictim } from './controllers.ts'
import { callScenarios } from './faults/calls.ts'
import { kubernetesScenarios } from './faults/kubernetes.ts'
import { createLabFaults } from './faults/lab.ts'
import { findVm, person, type Scenario } from './faults/scenario.ts'
import { taskScenarios } from './faults/tasks.ts'
import { createRandom, repeat, runs, seed } from './seed.ts'
import {
  ask,
  createCluster,
  deletePart,
  machinesOf,
  requireConverged,
  scalePool,
  vmsOf,
  type ListedVm,
} from './world.ts'

interface PodLike extends KubernetesObject {
  readonly spec?: object
  readonly status?: { readonly phase?: string }
}
const Pod = defineKind<PodLike>({ apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespaced: true })
const Budget = defineKind<PodLike>({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  namespaced: true,
})

const ours = '/apis/fochista.dev/v1alpha1'
const bench = await startBench({ speed: 60 })
const faults = createLabFaults(bench)
const kubernetes = createKubernetes(await connectionFromEnvironment(bench.environment))
const victim = createVictim(bench)
const random = createRandom(seed)
await victim.start('--no-leader-election')
after(async () => {
  await victim.kill()
  await kubernetes.close()
})

/** What can go wrong meanwhile and is asked for beforehand. */
const weather = [...callScenarios, ...taskScenarios, ...kubernetesScenarios].filter(
  ({ isSlow, faults: given, act, meanwhile }) => !isSlow && given && !act && !meanwhile,
)
const rounds = Math.max(2, Math.floor(runs / 7))

const before = { proxmox: await proxmoxInventory(bench), management: await managementInventory(bench) }
/** Nothing of ours is left in either back end. */
async function requireNothing(): Promise<void> {
  assert.deepEqual(await proxmoxInventory(bench), before.proxmox)
  const objects = (all: readonly string[]): string[] =>
    all.filter((name) => !name.startsWith('leases/fochista'))
  assert.deepEqual(objects(await managementInventory(bench)), objects(before.management))
}

/** Disks that Proxmox could not remove with their VMs, as an Event on the Proxmox cluster names each, with the command that removes it. */
async function leftDisks(): Promise<{ node: string; volid: string; told: string }[]> {
  const { items } = (await ask(bench, 'GET', '/api/v1/namespaces/default/events')) as {
    items: { reason: string; message: string; count: number; involvedObject: { kind: string } }[]
  }
  return items
    .filter(({ reason, involvedObject }) => reason === 'DiskLeft' && involvedObject.kind === 'ProxmoxCluster')
    .map(({ message, count }) => {
      const [, node = '', volid = ''] = /Remove it on (\S+): `pvesm free (\S+)`/.exec(message) ?? []
      return { node, volid, told: `${count} × ${message}` }
    })
}

const obeyed = new Set<string>()
/** A person does as they are told, once: the number of a VM, and with it the name of a disk, may be another's later. */
async function removeLeftDisks(): Promise<void> {
  for (const { node, volid, told } of await leftDisks()) {
    if (obeyed.has(told)) continue
    obeyed.add(told)
    await person(bench, 'DELETE', `/nodes/${node}/storage/local-lvm/content/${volid}`)
  }
}

const conditionOf = async (name: string, type: string) =>
  (await machinesOf(bench))
    .find(({ metadata }) => metadata.name === name)
    ?.status?.conditions?.find((one) => one.type === type)

const own = async (pool: string) => (await machinesOf(bench)).filter(({ spec }) => spec.nodePoolName === pool)

async function stands(pool: string, replicas: number): Promise<void> {
  await createCluster(bench, pool, replicas)
  await eventually('the pool stands', 60_000, () => requireConverged(bench, new Map([[pool, replicas]])))
}

async function tenantOf(name: string): Promise<Tenant> {
  return connectTenant(kubernetes, await kubernetes.get(TenantControlPlane, { name, namespace: 'default' }))
}
const nodesOf = async (tenant: Tenant): Promise<string[]> =>
  (await tenant.kubernetes.list(Node)).items.map(({ metadata }) => metadata.name)

test(`whatever is deleted, at any moment and under faults, leaves nothing behind: ${rounds} times (seed ${seed})`, async (t) => {
  for (let round = 0; round < rounds; round += 1) {
    const chosen: Scenario[] = [random.pick(weather), random.pick(weather)]
    const parts = random.pick([
      ['pool', 'control plane'],
      ['control plane', 'pool'],
    ] as const)
    const age = random.whole(0, 5000)
    await t.test(
      `${parts.join(', then ')}, after ${age} ms; ${chosen.map(({ name }) => name).join('; ')}`,
      async () => {
        const name = `gone${round}`
        try {
          await createCluster(bench, name, random.whole(1, 3))
          await sleep(age)
          for (const one of chosen.flatMap(({ faults: given = [] }) => given)) await faults.add(one)
          for (const part of parts) {
            await eventually(`the ${part} is asked to go`, 30_000, () => deletePart(bench, name, part))
            await sleep(random.whole(0, 3000))
          }
        } catch (error) {
          console.error(`repeat with: ${repeat('deletion')}`)
          throw error
        } finally {
          await faults.clear()
        }
        await eventually('nothing is left in either back end, but disks that are named', 90_000, async () => {
          await removeLeftDisks()
          await requireNothing()
        })
      },
    )
  }
})

test('while its host is cut off a leaving machine keeps VM and Node, and says every way on; the host comes back, and all goes in order', async () => {
  await stands('cut', 2)
  const tenant = await tenantOf('cut')
  try {
    const [machine] = await own('cut')
    assert.ok(machine)
    const vm = await findVm(bench, machine)
    const { node, vmid } = vm
    await faults.add({ on: { backEnd: 'proxmox', node }, what: { kind: 'host-lost', vms: 'run' } })
    await deletePart(bench, 'cut', 'pool')
    await eventually('it says what holds it up, and every way on', 60_000, async () => {
      const said = await conditionOf(machine.metadata.name, 'Ready')
      assert.equal(said?.reason, 'HostUnreachable')
      for (const way of ['--host-is-dead', 'machine release']) assert.ok(said.message.includes(way))
    })
    await eventually('the pool names the machine that it waits for', 30_000, async () => {
      const { status } = (await ask(bench, 'GET', `${ours}/namespaces/default/nodepools/cut`)) as {
        status: { conditions: { reason: string; message: string }[] }
      }
      const said = status.conditions.find(({ reason }) => reason === 'Deleting')
      assert.match(said?.message ?? '', new RegExp(`${machine.metadata.name}.*machine release`))
    })
    // A pod of it may write to its volume still: nobody else may be given that before the VM was seen stopped.
    assert.ok((await nodesOf(tenant)).includes(machine.metadata.name), 'its Node is kept')
    assert.equal((await vmsOf(bench)).find((vm) => vm.vmid === vmid)?.vmid, vmid)
    await faults.clear()
    await eventually('it goes', 60_000, async () => assert.deepEqual(await own('cut'), []))
    assert.ok(!(await nodesOf(tenant)).includes(machine.metadata.name), 'its Node is gone')
  } finally {
    await tenant.close()
    await faults.clear()
  }
  await deletePart(bench, 'cut', 'control plane')
  await eventually('nothing is left', 60_000, requireNothing)
})

test('a budget holds the drain of a leaving machine, up to its limit and no longer', async () => {
  await stands('held', 2)
  const patch = (spec: object) => ask(bench, 'PATCH', `${ours}/namespaces/default/nodepools/held`, { spec })
  const tenant = await tenantOf('held')
  try {
    const [first] = await own('held')
    const name = first?.metadata.name ?? ''
    const labels = { app: 'db' }
    const rest = tenant.kubernetes
    for (const node of await nodesOf(tenant))
      await rest.create(Pod, {
        apiVersion: Pod.apiVersion,
        kind: Pod.kind,
        metadata: { name: `db-${node}`, namespace: 'default', labels },
        spec: { nodeName: node, hostNetwork: true, containers: [{ name: 'db', image: 'db' }] },
      })
    await eventually('the pods run', 30_000, async () => {
      for (const pod of (await rest.list(Pod, { namespace: 'default' })).items)
        assert.equal(pod.status?.phase, 'Running')
    })
    await rest.create(Budget, {
      apiVersion: Budget.apiVersion,
      kind: Budget.kind,
      metadata: { name: 'db', namespace: 'default' },
      spec: { maxUnavailable: 0, selector: { matchLabels: labels } },
    })
    await patch({ drain: { timeout: '10m' } })
    await ask(bench, 'DELETE', `${ours}/namespaces/default/machines/${name}`)
    await eventually('it says which pod it waits for', 60_000, async () => {
      const said = await conditionOf(name, 'Ready')
      assert.equal(said?.reason, 'Draining')
      assert.match(said.message, /db-.*disruption budget/)
    })
    assert.equal((await findVm(bench, first ?? assert.fail())).status, 'running')
    await patch({ drain: { timeout: '1s' } })
    await eventually('its time is over, and it goes', 60_000, async () =>
      assert.ok(!(await own('held')).some(({ metadata }) => metadata.name === name)),
    )
    await eventually('an Event says so', 60_000, async () => {
      const events = JSON.stringify(await ask(bench, 'GET', '/api/v1/namespaces/default/events'))
      assert.match(events, /DrainTimedOut/)
    })
  } finally {
    await tenant.close()
  }
  await scalePool(bench, 'held', 0)
  await deletePart(bench, 'held', 'pool')
  await deletePart(bench, 'held', 'control plane')
  await eventually('nothing is left', 60_000, requireNothing)
})

/** A namespace's conditions while it goes, each as `type status message`; undefined once it is gone. */
async function endOf(namespace: string): Promise<string[] | undefined> {
  const home = (await ask(bench, 'GET', `/api/v1/namespaces/${namespace}`, undefined, true)) as
    | { status: { phase: string; conditions?: { type: string; status: string; message: string }[] } }
    | undefined
  if (!home) return undefined
  assert.equal(home.status.phase, 'Terminating')
  return (home.status.conditions ?? []).map(({ type, status, message }) => `${type} ${status} ${message}`)
}

test('a namespace that is deleted takes all with it; what a silent host holds is named, with the command that lets go', async () => {
  const namespaces = ['in-the-making', 'cut-off']
  for (const name of namespaces) await ask(bench, 'POST', '/api/v1/namespaces', { metadata: { name } })
  await bench.grant(...namespaces)
  await createCluster(bench, 'held-fast', 1, 'cut-off')
  const machine = await eventually('a machine runs', 60_000, async () => {
    const [one] = await machinesOf(bench, 'cut-off')
    const joined = one?.status?.conditions?.find(({ type }) => type === 'Joined')
    return joined?.status === 'True' && one ? one : assert.fail('not yet')
  })
  const { name } = machine.metadata
  await createCluster(bench, 'begun', 3, 'in-the-making')
  await sleep(random.whole(0, 3000))
  const { body } = await call(bench, 'proxmox', 'GET', '/api2/json/cluster/resources?type=vm')
  const vm = (body as { data: ListedVm[] }).data.find(({ vmid }) => vmid === machine.spec.vmid)
  assert.ok(vm)
  await faults.add({ on: { backEnd: 'proxmox', node: vm.node }, what: { kind: 'host-lost', vms: 'run' } })
  for (const one of namespaces) await ask(bench, 'DELETE', `/api/v1/namespaces/${one}`)
  await eventually('namespace and machine say what is left', 60_000, async () => {
    const said = await endOf('cut-off')
    assert.ok(said)
    assert.match(said.join('\n'), /ContentRemaining True .*machines.fochista.dev has 1 resource instances/)
    assert.match(
      said.join('\n'),
      /FinalizersRemaining True .*fochista.dev\/finalizer in 2 resource instances/,
    )
    const [left] = await machinesOf(bench, 'cut-off')
    const ready = left?.status?.conditions?.find(({ type }) => type === 'Ready')
    assert.equal(ready?.reason, 'HostUnreachable')
    assert.match(ready.message, /`fochista machine release held-fast-\S+ --namespace cut-off`/)
  })
  await bench.ok('machine', 'release', name, '--namespace', 'cut-off')
  await faults.clear()
  for (const one of namespaces)
    await eventually(`namespace ${one} is gone`, 90_000, async () =>
      assert.equal(await endOf(one), undefined),
    )
  const refused = victim.log().match(/"err":[^\n]*because it is being terminated/g)?.length ?? 0
  assert.ok(refused < 20, `${refused} writes were refused: nothing slows them down`)
  await person(bench, 'POST', `/nodes/${vm.node}/qemu/${vm.vmid}/status/stop`, '')
  await eventually('the VM that was let go is there, and a person destroys it', 30_000, () =>
    person(bench, 'DELETE', `/nodes/${vm.node}/qemu/${vm.vmid}`),
  )
  await eventually('nothing is left', 60_000, requireNothing)
})

test('a disk that could not be removed with its VM is named though the controllers die right then, with the command that removes it', async () => {
  await stands('messy', 1)
  const [machine] = await own('messy')
  assert.ok(machine)
  const { node, vmid } = await findVm(bench, machine)
  await faults.add({ on: { backEnd: 'proxmox', node, storage: 'local-lvm' }, what: { kind: 'lock-held' } })
  await scalePool(bench, 'messy', 0)
  const destroying = async (): Promise<{ endtime?: number } | undefined> => {
    const query = `source=all&typefilter=qmdestroy&vmid=${vmid}`
    return ((await person(bench, 'GET', `/nodes/${node}/tasks?${query}`)) as { endtime?: number }[])[0]
  }
  await eventually('its destruction has begun', 30_000, async () => assert.ok(await destroying()))
  await victim.kill()
  await eventually('it has ended', 30_000, async () => assert.ok((await destroying())?.endtime))
  await faults.clear()
  await victim.start('--no-leader-election')
  await eventually('the machine is gone', 30_000, async () => assert.deepEqual(await own('messy'), []))
  await eventually('Events name the disk, on the machine and on the Proxmox cluster', 60_000, async () => {
    const told = (await ask(bench, 'GET', '/api/v1/namespaces/default/events')) as {
      items: { reason: string; involvedObject: { kind: string; name: string } }[]
    }
    assert.ok(
      told.items.some(
        ({ reason, involvedObject }) =>
          reason === 'DiskLeft' && involvedObject.name === machine.metadata.name,
      ),
    )
    const left = await leftDisks()
    assert.ok(left.some((disk) => disk.node === node && disk.volid.includes(`vm-${vmid}-`)))
  })
  await removeLeftDisks()
  await deletePart(bench, 'messy', 'pool')
  await deletePart(bench, 'messy', 'control plane')
  await eventually('nothing is left', 60_000, requireNothing)
})

test('a Proxmox cluster that is deleted while machines are made is kept as long as they need it, names them, and goes after the last', async () => {
  await createCluster(bench, 'last', 2)
  const machine = await eventually('a machine is begun', 30_000, async () => {
    const [one] = await own('last')
    return one ?? assert.fail('none yet')
  })
  await sleep(random.whole(0, 2000))
  await ask(bench, 'DELETE', `${ours}/proxmoxclusters/lab`)
  await eventually('it says whose it is', 30_000, async () => {
    const { status } = (await ask(bench, 'GET', `${ours}/proxmoxclusters/lab`)) as {
      status: { conditions: { type: string; reason: string; message: string }[] }
    }
    const said = status.conditions.find(({ type }) => type === 'Ready')
    assert.equal(said?.reason, 'InUse')
    assert.match(said.message, new RegExp(`${machine.metadata.name}.*Delete their pools first`))
  })
  await deletePart(bench, 'last', 'control plane')
  await deletePart(bench, 'last', 'pool')
  await eventually('it is gone', 60_000, async () =>
    assert.equal(await ask(bench, 'GET', `${ours}/proxmoxclusters/lab`, undefined, true), undefined),
  )
  await eventually('nothing is left', 60_000, requireNothing)
})
