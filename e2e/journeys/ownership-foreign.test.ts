import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { createLabFaults } from '../chaos/faults/lab.ts'
import { TOKEN } from '../chaos/faults/scenario.ts'
import { ask } from '../chaos/world.ts'
import { eventually } from '../harness.ts'
import type { Meddle, Passing } from '../middleman.ts'
import { ours, saysOf, setStage, type Worker } from '../ownership/stage.ts'

// Whatever Fochista does to its own VMs, somebody else's stay as they are, also when that somebody acts in the worst moment.
const stage = await setStage()
const { bench, foreigner, middleman } = stage
const faults = createLabFaults(bench)
const stopServing = await bench.serve()

/** What each test has put between the controllers and Proxmox; the first that answers counts. */
const meddlers: ((...given: Parameters<Meddle>) => ReturnType<Meddle> | undefined)[] = []
/** VMIDs that somebody is about to have: what ours ask of them is asked then. */
const takenJustNow = new Map<number, Promise<void>>()
middleman.meddle = async (passing, forward) => {
  await takenJustNow.get(Number(passing.form.get('newid') ?? vmidIn(passing)))
  for (const meddler of meddlers) {
    const answer = meddler(passing, forward)
    if (answer) return answer
  }
  return forward()
}

/** A VM that was just made is listed as unknown until the next broadcast; nobody has started it. */
const statusOf = async (vmid: number): Promise<string | undefined> => {
  const status = (await foreigner.find(vmid))?.status
  return status === 'unknown' ? 'stopped' : status
}
/** VMs of others, as they were when their owner had made them. */
const foreign = new Map<number, { config: unknown; status: string | undefined }>()
async function remember(vmid: number): Promise<void> {
  foreign.set(vmid, { config: await foreigner.config(vmid), status: await statusOf(vmid) })
}

const isClone = ({ method, path }: Passing): boolean => method === 'POST' && path.endsWith('/clone')
const isOfPool = (passing: Passing, pool: string): boolean =>
  passing.form.get('name')?.startsWith(`${pool}-`) ?? false
/** The VMID in the path of a VM. */
const vmidIn = ({ path }: Passing): number => Number(/\/qemu\/(\d+)/.exec(path)?.[1])
const mark = ({ metadata, spec }: Worker, more: { installation?: string; id?: string } = {}): string =>
  `fochista installation=${more.installation ?? stage.installation} namespace=default pool=${spec.nodePoolName} machine=${metadata.name} id=${more.id ?? spec.id} time=2026-01-01T00:00:00Z`
const destroyed = (vmid: number) =>
  eventually(`VM ${vmid} is gone`, 60_000, async () => assert.equal(await foreigner.find(vmid), undefined))
const remove = (name: string) => ask(bench, 'DELETE', `${ours}/machines/${name}`)

test('VMs of others stay as they are', { concurrency: true }, async (t) => {
  await Promise.all([
    t.test('those that look like ours survive scaling, replacement and deletion', async () => {
      await stage.pool('alike', 2)
      const [one, two] = await stage.joined('alike', 2)
      assert.ok(one?.spec.vmid && two?.spec.vmid)
      const own = (await foreigner.config(one.spec.vmid)) ?? {}
      // Same name, tags, pool and address, and no mark.
      const sameName = await foreigner.create({
        name: one.metadata.name,
        pool: 'fochista-default',
        ...(own['tags'] ? { tags: own['tags'] } : {}),
        ide2: 'local-lvm:cloudinit',
        ipconfig0: `ip=${one.status?.addresses?.[0] ?? '10.0.0.9'}/24`,
      })
      // The same, with the mark that another installation would put on it.
      const sameMark = await foreigner.create({
        name: two.metadata.name,
        pool: 'fochista-default',
        description: mark(two, { installation: randomUUID() }),
      })
      // A sentence that speaks of our mark.
      const sentence = `see: ${mark(one)}, says Ada`
      const notes = await foreigner.create({ name: 'alike-notes', description: sentence })
      for (const vmid of [sameName, sameMark, notes]) await remember(vmid)
      await remove(one.metadata.name)
      await destroyed(one.spec.vmid)
      await stage.joined('alike', 2)
      await stage.scale('alike', 1)
      await stage.joined('alike', 1)
      await bench.ok('pool', 'delete', 'alike')
    }),

    t.test('a VMID that somebody took before our clone, or while it was asked for, is given up', async () => {
      const taken = new Map<string, number>()
      meddlers.push((passing, forward) => {
        // The first look at a VMID that was drawn: somebody has it a moment before.
        const vmid = vmidIn(passing)
        if (passing.path.endsWith('/config') && passing.method === 'GET' && !taken.has('early'))
          return (async () => {
            const drawn = (await stage.workers('taken')).find(({ spec }) => spec.vmid === vmid && !spec.made)
            if (drawn && !taken.has('early') && !taken.has('late') && drawn.spec.vmid !== undefined) {
              taken.set('early', vmid)
              await foreigner.create({ vmid, name: drawn.metadata.name })
              await remember(vmid)
            }
            return forward()
          })()
        // A clone that was sent: somebody is faster.
        if (isClone(passing) && isOfPool(passing, 'taken') && !taken.has('late'))
          return (async () => {
            const newid = Number(passing.form.get('newid'))
            taken.set('late', newid)
            await foreigner.create({ vmid: newid })
            await remember(newid)
            return forward()
          })()
        return undefined
      })
      await stage.pool('taken', 1)
      const [worker] = await stage.joined('taken', 1)
      assert.deepEqual([...taken.keys()].sort(), ['early', 'late'])
      assert.ok(![...taken.values()].includes(worker?.spec.vmid ?? 0))
      await stage.scale('taken', 0)
      await destroyed(worker?.spec.vmid ?? 0)
    }),

    t.test('a VMID that somebody took when our clone had failed is given up', async () => {
      let vmid: number | undefined
      let taken: Promise<void> | undefined
      meddlers.push((passing, forward) => {
        if (!isClone(passing) || !isOfPool(passing, 'broken') || vmid !== undefined) return undefined
        const newid = (vmid = Number(passing.form.get('newid')))
        return (async () => {
          // The clone is under way when it is stopped, however fast this machine is; meanwhile others of ours wait.
          await faults.add({
            on: { backEnd: 'proxmox', task: 'qmclone', user: TOKEN },
            what: { kind: 'task-hangs' },
          })
          try {
            const answer = await forward()
            const upid = (JSON.parse(answer.body.toString('utf8')) as { data: string }).data
            const path = `/nodes/${upid.split(':')[1]}/tasks/${encodeURIComponent(upid)}`
            await foreigner.ask('DELETE', path)
            const { exitstatus } = (await foreigner.ask('GET', `${path}/status`)) as { exitstatus?: string }
            assert.equal(exitstatus, 'received interrupt')
            taken = foreigner.create({ vmid: newid }).then(() => remember(newid))
            takenJustNow.set(
              newid,
              taken.catch(() => undefined),
            )
            return answer
          } finally {
            await faults.clear()
          }
        })()
      })
      await stage.pool('broken', 1)
      const [worker] = await stage.joined('broken', 1)
      assert.ok(taken)
      await taken
      assert.notEqual(worker?.spec.vmid, vmid)
      await stage.scale('broken', 0)
    }),

    t.test('a person’s clone and restored backup of one of our VMs are reported, never touched', async () => {
      await stage.pool('copied', 1)
      const [worker] = await stage.joined('copied', 1)
      const { vmid = 0 } = worker?.spec ?? {}
      const at = (await foreigner.find(vmid))?.node
      const cloned = await foreigner.free()
      await foreigner.run('POST', `/nodes/${at}/qemu/${vmid}/clone`, {
        newid: cloned,
        name: worker?.metadata.name ?? '',
        full: 1,
        pool: 'fochista-default',
      })
      // A restored backup has everything that the VM had, its SMBIOS UUID too.
      const { description = '', smbios1 = '' } = (await foreigner.config(vmid)) ?? {}
      const restored = await foreigner.create({ name: worker?.metadata.name ?? '', description, smbios1 })
      await remember(cloned)
      await remember(restored)
      const listed = await bench.ok('orphan', 'list', '--proxmox', 'lab')
      assert.match(listed, new RegExp(`^ *${cloned} .*copied`, 'm'))
      assert.match(listed, new RegExp(`^ *${restored} .*copied`, 'm'))
      const clone = await bench.fochista('orphan', 'adopt', String(cloned), '--proxmox', 'lab')
      assert.match(clone.stderr, /is a copy: its SMBIOS UUID/)
      const backup = await bench.fochista('orphan', 'adopt', String(restored), '--proxmox', 'lab')
      assert.match(backup.stderr, /has that id already/)
      assert.deepEqual([clone.code, backup.code], [1, 1])
      await remove(worker?.metadata.name ?? '')
      await destroyed(vmid)
      await stage.joined('copied', 1)
      await stage.scale('copied', 0)
    }),

    t.test('a disk attached by hand holds its VM up until a person says what becomes of it', async () => {
      await stage.pool('disks', 3)
      const workers = await stage.joined('disks', 3)
      const node = new Map<number, string>()
      for (const { spec } of workers) {
        node.set(spec.vmid ?? 0, (await foreigner.find(spec.vmid ?? 0))?.node ?? '')
        await foreigner.ask('PUT', `/nodes/${node.get(spec.vmid ?? 0)}/qemu/${spec.vmid}/config`, {
          scsi3: 'local-lvm:2',
        })
      }
      const [moved, released, gone] = workers
      assert.ok(moved?.spec.vmid && released?.spec.vmid && gone?.spec.vmid)
      await stage.scale('disks', 0)
      await eventually('each says which disk it is', 60_000, async () => {
        for (const worker of await stage.workers('disks')) {
          const said = saysOf(worker, 'Ready')
          assert.equal(said?.reason, 'ForeignDisk')
          assert.match(said.message, /scsi3 \(local-lvm:vm-\d+-disk-\d\)/)
          for (const way of ['qm disk move', 'machine release', '--with-disks'])
            assert.ok(said.message.includes(way))
          assert.equal((await foreigner.find(worker.spec.vmid ?? 0))?.status, 'stopped')
        }
      })
      // Detached it would still go with the VM.
      const path = `/nodes/${node.get(moved.spec.vmid)}/qemu/${moved.spec.vmid}`
      await foreigner.ask('PUT', `${path}/config`, { delete: 'scsi3' })
      assert.match((await foreigner.config(moved.spec.vmid))?.['unused0'] ?? '', /local-lvm:vm-/)
      const keeper = await foreigner.free()
      await foreigner
        .run('POST', '/nodes/pve1/qemu', { vmid: keeper, name: 'keeper', memory: 512 })
        .then(() =>
          node.get(moved.spec.vmid ?? 0) === 'pve1'
            ? undefined
            : foreigner.run('POST', `/nodes/pve1/qemu/${keeper}/migrate`, {
                target: node.get(moved.spec.vmid ?? 0) ?? '',
              }),
        )
      await foreigner.run('POST', `${path}/move_disk`, {
        disk: 'unused0',
        'target-vmid': keeper,
        'target-disk': 'scsi1',
      })
      await bench.ok('machine', 'release', released.metadata.name)
      await bench.ok('machine', 'delete', gone.metadata.name, '--with-disks')
      await destroyed(moved.spec.vmid)
      assert.equal(await foreigner.find(gone.spec.vmid), undefined)
      assert.ok((await foreigner.config(keeper))?.['scsi1']?.startsWith(`local-lvm:vm-${keeper}-disk-`))
      const let_go = (await foreigner.config(released.spec.vmid)) ?? {}
      assert.match(let_go['description'] ?? '', / released$/m)
      assert.match(let_go['scsi3'] ?? '', /local-lvm:vm-/)
      assert.ok(!(await bench.ok('orphan', 'list', '--proxmox', 'lab')).includes(String(released.spec.vmid)))
    }),

    t.test('a VM whose description was edited stays ours once it has its UUID, and not before', async () => {
      let early: number | undefined
      meddlers.push((passing) => {
        if (passing.method !== 'PUT' || !passing.form.get('smbios1') || early !== undefined) return undefined
        if (!passing.form.get('description')?.includes('pool=edited ')) return undefined
        early = vmidIn(passing)
        return (async () => {
          const { node = '' } = (await foreigner.find(early ?? 0)) ?? {}
          await foreigner.ask('PUT', `/nodes/${node}/qemu/${early}/config`, { description: 'Mine now. Ada' })
          await remember(early ?? 0)
          return undefined
        })()
      })
      await stage.pool('edited', 2)
      const waiting = await eventually('the first says that its VM is not ours', 60_000, async () => {
        const found = (await stage.workers('edited')).find(
          (one) => saysOf(one, 'Cloned')?.reason === 'NotOurs',
        )
        assert.ok(found)
        return found
      })
      assert.equal(waiting.spec.vmid, early)
      const other = (await stage.workers('edited')).find(
        ({ metadata }) => metadata.name !== waiting.metadata.name,
      )
      await eventually('the other has joined', 60_000, async () => {
        const now = (await stage.workers('edited')).find(
          ({ metadata }) => metadata.name === other?.metadata.name,
        )
        assert.equal(now && saysOf(now, 'Joined')?.status, 'True')
      })
      const { vmid = 0, host } = (await stage.workers('edited')).find(
        ({ metadata }) => metadata.name === other?.metadata.name,
      )?.spec ?? { id: '', nodePoolName: '' }
      await foreigner.ask('PUT', `/nodes/${host}/qemu/${vmid}/config`, { description: 'wiped' })
      await stage.scale('edited', 0)
      await destroyed(vmid)
      await eventually('both machines are gone', 60_000, async () =>
        assert.deepEqual(await stage.workers('edited'), []),
      )
    }),
  ])

  // Alone: nothing else can be asked of a host that is lost.
  await t.test('on a lost host VM and Machine stay, until a person says that it is dead', async () => {
    await stage.pool('lost', 1)
    const [worker] = await stage.joined('lost', 1)
    const { vmid = 0 } = worker?.spec ?? {}
    const { node = '' } = (await foreigner.find(vmid)) ?? {}
    await bench.ok('lab', 'fault', 'add', 'host-lost', 'vms=run', '--node', node)
    await stage.scale('lost', 0)
    await eventually('the machine says what to do', 60_000, async () => {
      const [leaving] = await stage.workers('lost')
      const said = leaving && saysOf(leaving, 'Ready')
      assert.equal(said?.reason, 'HostUnreachable')
      for (const way of ['--host-is-dead', 'machine release']) assert.ok(said.message.includes(way))
    })
    await bench.ok('machine', 'delete', worker?.metadata.name ?? '', '--host-is-dead')
    assert.deepEqual(await stage.workers('lost'), [])
    await bench.ok('lab', 'fault', 'clear')
    await eventually('the host tells of its VM again, and it is reported', 60_000, async () => {
      assert.equal((await foreigner.find(vmid))?.status, 'running')
      assert.match(await bench.ok('orphan', 'list', '--proxmox', 'lab'), new RegExp(`^ *${vmid} .*lost`, 'm'))
    })
  })
  for (const [vmid, before] of foreign)
    assert.deepEqual(
      { config: await foreigner.config(vmid), status: await statusOf(vmid) },
      before,
      `VM ${vmid} is as its owner left it`,
    )
  await stopServing()
})
