import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createVictim } from '../chaos/controllers.ts'
import { ask } from '../chaos/world.ts'
import { startFastControllers } from '../fast-controllers.ts'
import { eventually } from '../harness.ts'
import type { Answer, Passing } from '../middleman.ts'
import { ours, setStage, type Worker } from '../ownership/stage.ts'

// Machines whose controllers died at each step of making them, and whose Machines were then forced away.
const stage = await setStage()
const { bench, foreigner, middleman } = stage

/** Where a machine's controllers die: at a request, before or after Proxmox has done what it asks. */
interface Death {
  readonly at: string
  readonly after: boolean
  readonly is: (passing: Passing) => boolean
  /** What is left: no VM, one that is half made, one that is made, or a worker that runs. */
  readonly leaves: 'nothing' | 'half' | 'made' | 'worker'
}

const ends = (method: string, end: string) => (passing: Passing) =>
  passing.method === method && passing.path.endsWith(end)
const sets = (key: RegExp) => (passing: Passing) =>
  ends('PUT', '/config')(passing) && [...passing.form].some(([name, value]) => key.test(`${name}=${value}`))
const deaths: readonly Death[] = [
  { at: 'its clone is asked for', after: false, is: ends('POST', '/clone'), leaves: 'nothing' },
  { at: 'its clone is answered', after: true, is: ends('POST', '/clone'), leaves: 'half' },
  { at: 'it is cloned', after: false, is: sets(/^smbios1=/), leaves: 'half' },
  { at: 'it is configured', after: true, is: sets(/^smbios1=/), leaves: 'made' },
  { at: 'its disk has grown', after: true, is: ends('PUT', '/resize'), leaves: 'made' },
  { at: 'its seed is uploaded', after: false, is: sets(/^ide\d=.*:iso\/fochista-/), leaves: 'made' },
  { at: 'its seed is in its drive', after: true, is: sets(/^ide\d=.*:iso\/fochista-/), leaves: 'made' },
  { at: 'its start is answered', after: true, is: ends('POST', '/status/start'), leaves: 'worker' },
  { at: 'its seed is taken out', after: true, is: sets(/^ide\d=none/), leaves: 'worker' },
]

/** The death that each VMID is to die, and which have come to it. */
const fates = new Map<number, Death>()
const dead = new Set<number>()

test('what controllers that died have left half made is removed, the rest is reported, and adopted or deleted by a person', async (t) => {
  const victim = createVictim(bench)
  const never = new Promise<Answer>(() => undefined)
  middleman.meddle = async (passing, forward) => {
    if (ends('POST', '/clone')(passing) && fates.size < deaths.length) {
      const next = deaths[fates.size]
      if (next) fates.set(Number(passing.form.get('newid')), next)
    }
    const vmid = Number(passing.form.get('newid') ?? /\/qemu\/(\d+)/.exec(passing.path)?.[1])
    const fate = fates.get(vmid)
    // Who is dead asks for nothing more, also not anew because it got no answer.
    if (dead.has(vmid)) return never
    if (!fate?.is(passing)) return forward()
    dead.add(vmid)
    if (fate.after) await forward()
    return never
  }
  await victim.start('--no-leader-election')
  await stage.pool('dying', deaths.length)
  const workers = await eventually('each machine has come to the moment of its death', 90_000, async () => {
    assert.deepEqual(
      [...fates].flatMap(([vmid, { at }]) => (dead.has(vmid) ? [] : [at])),
      [],
    )
    assert.equal(dead.size, deaths.length)
    return stage.workers('dying')
  })
  await victim.kill()
  middleman.meddle = undefined
  const vmidOf = (death: string): number => [...fates].find(([, { at }]) => at === death)?.[0] ?? 0
  const left = (leaves: Death['leaves']): number[] =>
    [...fates].filter(([, fate]) => fate.leaves === leaves).map(([vmid]) => vmid)
  const workerOf = (vmid: number): Worker | undefined => workers.find(({ spec }) => spec.vmid === vmid)
  await eventually('the clones that were begun have ended', 60_000, async () => {
    for (const vmid of left('half')) assert.equal((await foreigner.config(vmid))?.['lock'], undefined)
  })
  await eventually('the workers that were started run', 60_000, async () => {
    for (const vmid of left('worker')) assert.equal((await foreigner.find(vmid))?.status, 'running')
  })

  await stage.scale('dying', 0)
  for (const { metadata } of workers) {
    await ask(bench, 'PATCH', `${ours}/machines/${metadata.name}`, { metadata: { finalizers: null } })
    await ask(bench, 'DELETE', `${ours}/machines/${metadata.name}`)
  }
  assert.deepEqual(await stage.workers('dying'), [])

  // Others' VMs that look as much as they can like what the sweep removes.
  const old = '2026-01-01T00:00:00Z'
  const sample = workerOf(vmidOf('it is cloned'))
  const text = (installation: string): string =>
    `fochista installation=${installation} namespace=default pool=dying machine=${sample?.metadata.name} id=${sample?.spec.id} time=${old} building`
  const name = sample?.metadata.name ?? ''
  const another = await foreigner.create({ name, description: text(randomUUID()) })
  const copy = await foreigner.create({ name: 'my-copy', description: text(stage.installation) })
  const grown = { name, description: text(stage.installation), scsi1: 'local-lvm:1' }
  const withDisk = await foreigner.create(grown)
  const annotated = await foreigner.create({
    name,
    description: `${text(stage.installation)} and my own words`,
  })
  const others = [another, copy, withDisk, annotated]
  const before = await Promise.all(others.map((vmid) => foreigner.config(vmid)))

  // An hour later.
  const stop = await startFastControllers(bench, { speed: 40, aheadMs: 3_700_000 })

  await t.test('the sweep removes what says that it is being made, and reports the rest', async () => {
    await eventually('the half-made VMs are gone', 60_000, async () => {
      for (const vmid of left('half')) assert.equal(await foreigner.find(vmid), undefined, String(vmid))
    })
    const reported = [...left('made'), ...left('worker'), copy, withDisk]
    await eventually('the rest is reported', 60_000, async () => {
      const { items } = (await ask(bench, 'GET', '/api/v1/events')) as {
        items: { reason: string; message: string; involvedObject?: { kind?: string } }[]
      }
      const said = items.filter(({ reason }) => reason === 'Orphan').map(({ message }) => message)
      for (const vmid of reported)
        assert.ok(
          said.some((message) => message.startsWith(`VM ${vmid} on `)),
          `${vmid}: ${said.join('\n')}`,
        )
    })
    for (const vmid of reported) assert.ok(await foreigner.find(vmid), String(vmid))
    assert.equal(await foreigner.find(vmidOf('its clone is asked for')), undefined)
    await eventually('it is noted when it looked', 60_000, async () => {
      const { status } = (await ask(bench, 'GET', '/apis/fochista.dev/v1alpha1/proxmoxclusters/lab')) as {
        status: { lastLookAtMarks?: string }
      }
      assert.ok(status.lastLookAtMarks)
    })
    const listed = (await bench.ok('orphan', 'list', '--proxmox', 'lab', '-o', 'name')).trim().split('\n')
    assert.deepEqual(
      listed.map((line) => Number(line.replace(/^.*\//, ''))).sort((a, b) => a - b),
      reported.sort((a, b) => a - b),
    )
  })

  await t.test('a running worker is taken back into its pool, and nothing of it is touched', async () => {
    const [first = 0, second = 0] = left('worker')
    const pidOf = async (vmid: number): Promise<unknown> =>
      (
        (await foreigner.ask(
          'GET',
          `/nodes/${(await foreigner.find(vmid))?.node}/qemu/${vmid}/status/current`,
        )) as {
          pid: number
        }
      ).pid
    const pids = [await pidOf(first), await pidOf(second)]
    const full = await bench.fochista('orphan', 'adopt', String(first), '--proxmox', 'lab')
    assert.equal(full.code, 1)
    assert.match(full.stderr, /pool "dying" has its 0 machines.*\n.*--grow/)
    await bench.ok('orphan', 'adopt', String(first), '--proxmox', 'lab', '--grow')
    await bench.ok('orphan', 'adopt', String(second), '--proxmox', 'lab', '--grow')
    const back = await stage.joined('dying', 2)
    assert.deepEqual(new Set(back.map(({ spec }) => spec.vmid)), new Set([first, second]))
    for (const worker of back) {
      const was = workerOf(worker.spec.vmid ?? 0)
      assert.deepEqual([worker.metadata.name, worker.spec.id], [was?.metadata.name, was?.spec.id])
      assert.notEqual(worker.metadata.uid, was?.metadata.uid)
    }
    assert.deepEqual([await pidOf(first), await pidOf(second)], pids, 'neither was started anew')
    const again = await bench.fochista('orphan', 'adopt', String(first), '--proxmox', 'lab', '--grow')
    assert.match(again.stderr, /is no orphan of this installation/)
  })

  await t.test('a description that somebody has edited gets its mark again', async () => {
    const [vmid = 0] = left('worker')
    const { node } = (await foreigner.find(vmid)) ?? {}
    await foreigner.ask('PUT', `/nodes/${node}/qemu/${vmid}/config`, { description: 'Ada was here' })
    await eventually('the mark is back', 60_000, async () => {
      const { description = '' } = (await foreigner.config(vmid)) ?? {}
      assert.match(
        description,
        new RegExp(`^Ada was here\nfochista installation=${stage.installation} .*id=`),
      )
    })
  })

  await t.test('a person deletes the rest, a running VM only when told so', async () => {
    for (const vmid of left('made')) await bench.ok('orphan', 'delete', String(vmid), '--proxmox', 'lab')
    const [vmid = 0] = left('worker')
    const refused = await bench.fochista('orphan', 'delete', String(vmid), '--proxmox', 'lab')
    assert.match(refused.stderr, /is no orphan/)
    await stage.scale('dying', 0)
    await eventually('the adopted are gone too', 60_000, async () => {
      assert.deepEqual(await stage.workers('dying'), [])
      for (const one of [...left('made'), ...left('worker')])
        assert.equal(await foreigner.find(one), undefined)
    })
    await eventually('no seed image is left', 60_000, async () => {
      for (const node of ['pve1', 'pve2', 'pve3']) {
        const images = await foreigner.ask('GET', `/nodes/${node}/storage/local/content`)
        assert.ok(!JSON.stringify(images).includes('iso/fochista-'), `no seed image is left on ${node}`)
      }
    })
  })

  await stop()
  assert.deepEqual(await Promise.all(others.map((vmid) => foreigner.config(vmid))), before)
})
