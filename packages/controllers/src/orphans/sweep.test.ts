import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aWorld } from '../test/a-world.ts'
import { aMachine, markOf, placed } from '../test/factories.ts'
import { sweep } from './sweep.ts'

const lost = aMachine({ metadata: { name: 'workers-lost1' } })
const OLD = '2025-12-31T22:00:00Z'

/** One full round of the sweep. */
async function aRound(world: ReturnType<typeof aWorld>) {
  const orphans: number[] = []
  const drifted: string[] = []
  let rounds = 0
  const abort = new AbortController()
  const running = sweep(
    world.world,
    'dc1',
    {
      drifted: (key) => drifted.push(key),
      roundEnded: (_cluster, _at, found) => {
        rounds += 1
        orphans.push(...found.map(({ vmid }) => vmid))
        abort.abort(new Error('enough'))
      },
    },
    abort.signal,
  )
  for (let turn = 0; turn < 30 && rounds === 0; turn += 1) await world.clock.advance(10_000)
  abort.abort(new Error('enough'))
  await running
  return { orphans, drifted, rounds }
}

test('a VM of ours that no Machine has is told, one of others or out of our range is not read', async () => {
  const world = aWorld()
  world.proxmox.has({ vmid: 450, status: 'running', config: { description: markOf(lost) } })
  world.proxmox.has({ vmid: 451, config: { description: 'my database' } })
  world.proxmox.has({
    vmid: 452,
    config: { description: markOf(lost, { installation: '99999999-2222-4333-8444-555555555555' }) },
  })
  world.proxmox.has({ vmid: 453, config: { description: markOf(lost, { released: true }) } })
  world.proxmox.has({ vmid: 800, config: { description: markOf(lost) } })
  const { orphans } = await aRound(world)
  assert.deepEqual(orphans, [450])
  assert.deepEqual(world.proxmox.writes, [])
})

test('only what is stopped, half made, an hour old and not at work is removed', async () => {
  const half = markOf(lost, { building: true, time: OLD })
  const disk = { scsi0: 'local-lvm:vm-450-disk-0,size=10G' }
  const cases: [Parameters<ReturnType<typeof aWorld>['proxmox']['has']>[0], boolean][] = [
    [{ vmid: 450, config: { description: half, name: 'workers-lost1', ...disk } }, true],
    [{ vmid: 450, status: 'running', config: { description: half } }, false],
    [{ vmid: 450, config: { description: half, lock: 'clone' } }, false],
    [{ vmid: 450, config: { description: markOf(lost, { time: OLD }) } }, false],
    [
      { vmid: 450, config: { description: markOf(lost, { building: true, time: '2025-12-31T23:30:00Z' }) } },
      false,
    ],
    // What a person has had a hand in.
    [{ vmid: 450, config: { description: half, name: 'Copy-of-VM-workers-lost1' } }, false],
    [{ vmid: 450, config: { description: half, ...disk, scsi1: 'local-lvm:vm-450-disk-1,size=1G' } }, false],
    [{ vmid: 450, config: { description: half, ...disk, unused0: 'local-lvm:vm-450-disk-1' } }, false],
    [{ vmid: 450, config: { description: half, ...disk, protection: 1 } }, false],
  ]
  for (const [vm, isRemoved] of cases) {
    const world = aWorld()
    world.proxmox.has(vm)
    const { orphans } = await aRound(world)
    assert.deepEqual(world.proxmox.writes, isRemoved ? ['destroy 450'] : [], JSON.stringify(vm))
    assert.deepEqual(orphans, isRemoved ? [] : [450])
  }
})

test('what bears the mark of a machine that is there is a copy, unless the machine gave it up', async () => {
  for (const vmidsGivenUp of [[], [450]]) {
    const world = aWorld()
    const machine = world.has(aMachine({ spec: { ...placed, made: true }, status: { vmidsGivenUp } }))
    world.proxmox.has({
      vmid: 450,
      config: { description: markOf(machine, { building: true, time: OLD }), name: machine.metadata.name },
    })
    const { orphans } = await aRound(world)
    assert.deepEqual(
      world.proxmox.writes,
      vmidsGivenUp.map((vmid) => `destroy ${vmid}`),
    )
    assert.deepEqual(orphans, vmidsGivenUp.length > 0 ? [] : [450])
  }
})

test('a removal that fails leaves an orphan', async () => {
  const world = aWorld()
  world.proxmox.has({ vmid: 450, config: { description: markOf(lost, { building: true, time: OLD }) } })
  world.proxmox.slow = true
  const round = aRound(world)
  for (let turn = 0; turn < 400 && world.proxmox.tasks.length === 0; turn += 1)
    await new Promise((resolve) => setImmediate(resolve))
  world.proxmox.end('storage is full')
  assert.deepEqual((await round).orphans, [450])
})

test('a VM that a Machine has is never an orphan; one whose mark is gone has drifted', async () => {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: { ...placed, made: true } }))
  const vm = world.proxmox.has({
    vmid: 412,
    config: { description: markOf(machine, { building: true, time: OLD }) },
  })
  assert.deepEqual(await aRound(world), { orphans: [], drifted: [], rounds: 1 })
  vm.config['description'] = 'edited'
  assert.deepEqual((await aRound(world)).drifted, ['acme/workers-x7k2b'])
  assert.deepEqual(world.proxmox.writes, [])
})

test('a VM that we may not read, or whose host is silent, says nothing and stops no round', async () => {
  const world = aWorld()
  world.proxmox.has({ vmid: 450, config: { description: markOf(lost) } })
  world.proxmox.has({ vmid: 451, node: 'pve2', config: { description: markOf(lost) } })
  world.proxmox.has({ vmid: 452, config: { description: markOf(lost) } })
  world.proxmox.secret.add(450)
  world.proxmox.silent.add('pve2')
  assert.deepEqual((await aRound(world)).orphans, [452])
})
