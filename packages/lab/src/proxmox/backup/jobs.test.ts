import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../test-answers.ts'

const JOBS = '/cluster/backup'
const JOB = { id: 'nightly', schedule: '21:00', storage: 'local', vmid: '100', mode: 'snapshot' }
const NOBODY = { user: 'nobody@pve' }

type Facts = Record<string, unknown>

test('a backup job is made, read, changed and removed, and tells when it would run', async () => {
  const { ask, world } = checkedWorld()
  await ask(`POST ${JOBS}`, { ...JOB, 'prune-backups': 'keep-last=3,keep-daily=7', fleecing: '1' })
  const { 'next-run': next, ...job } = (await ask(`GET ${JOBS}/nightly`)) as Facts
  assert.deepEqual(job, {
    ...JOB,
    type: 'vzdump',
    enabled: 1,
    'prune-backups': { 'keep-last': 3, 'keep-daily': 7 },
    fleecing: { enabled: 1 },
  })
  assert.equal(new Date(Number(next) * 1000).toISOString().slice(11, 19), '21:00:00')
  assert.ok(Number(next) * 1000 > world.clock.now())
  await ask(`PUT ${JOBS}/nightly`, {
    starttime: '3:30',
    dow: 'sat',
    comment: 'weekly',
    delete: 'prune-backups',
  })
  const changed = (await ask(`GET ${JOBS}/nightly`)) as Facts
  assert.deepEqual(
    [changed['schedule'], changed['comment'], changed['prune-backups']],
    ['sat 3:30', 'weekly', undefined],
  )
  await ask(`PUT ${JOBS}/nightly`, { enabled: '0' })
  assert.equal(((await ask(`GET ${JOBS}/nightly`)) as Facts)['next-run'], undefined)
  await ask(`POST ${JOBS}`, { schedule: 'daily', all: '1' })
  assert.equal(((await ask(`GET ${JOBS}`)) as unknown[]).length, 2)
  await ask(`DELETE ${JOBS}/nightly`)
})

test('what is no backup job is refused with the texts of the original', async () => {
  const { ask } = checkedWorld()
  await ask(`POST ${JOBS}`, JOB)
  for (const request of [`GET ${JOBS}/other`, `GET ${JOBS}/other/included_volumes`])
    await assert.rejects(ask(request), { status: 400, errors: { id: "No such job 'other'" } })
  for (const request of [`DELETE ${JOBS}/other`, `PUT ${JOBS}/other`])
    await assert.rejects(ask(request), { status: 500, message: '400 Parameter verification failed.\n' })
  await assert.rejects(ask(`POST ${JOBS}`, JOB), { status: 500, message: "Job 'nightly' already exists\n" })
  const { id: _, vmid: __, ...nobody } = JOB
  await assert.rejects(ask(`POST ${JOBS}`, nobody), {
    status: 400,
    errors: { vmid: 'property is missing and it is not optional' },
  })
  await assert.rejects(ask(`POST ${JOBS}`, { ...nobody, all: '1', vmid: '100' }), {
    status: 400,
    errors: { all: "option conflicts with option 'vmid'" },
  })
  await assert.rejects(ask(`POST ${JOBS}`, { ...nobody, vmid: '100', schedule: 'never' }), {
    status: 400,
    errors: {
      schedule: "invalid format - invalid calendar event 'never' - unable to parse calendar event\n",
    },
  })
  await assert.rejects(ask(`PUT ${JOBS}/nightly`, { enabled: '0' }, NOBODY), { status: 403 })
})

test('a job tells which volumes it would keep', async () => {
  const { ask, task } = checkedWorld()
  await task('POST /nodes/pve1/qemu', {
    vmid: '100',
    name: 'web',
    scsi0: 'local:1',
    scsi1: 'local:1,backup=0',
  })
  await ask(`POST ${JOBS}`, JOB)
  const { children } = (await ask(`GET ${JOBS}/nightly/included_volumes`)) as {
    children: { id: number; name: string; children: Facts[] }[]
  }
  assert.deepEqual([children[0]?.id, children[0]?.name], [100, 'web'])
  assert.deepEqual(
    children[0]?.children.map(({ id, included, reason }) => [id, included, reason]),
    [
      ['scsi0', 1, 'enabled'],
      ['scsi1', 0, 'disabled'],
    ],
  )
})

test('old backups are told, and removed', async () => {
  const { ask, task, world } = checkedWorld()
  for (const day of ['24', '25']) {
    const volid = `local:backup/vzdump-qemu-100-2026_11_${day}-21_00_00.vma.zst`
    const ctime = Date.parse(`2026-11-${day}T21:00Z`) / 1000
    const facts = {
      storage: 'local',
      node: 'pve1',
      size: 1024,
      format: 'vma.zst',
      content: 'backup',
      vmid: 100,
    }
    world.volumes.set(`pve1/${volid}`, { volid, ctime, ...facts })
  }
  const prune = '/nodes/pve1/storage/local/prunebackups'
  const marks = (await ask(`GET ${prune}`, { 'prune-backups': 'keep-last=1' })) as Facts[]
  assert.deepEqual(
    marks.map(({ volid, mark, vmid }) => [/_(\d\d)-21/.exec(String(volid as string))?.[1], mark, vmid]),
    [
      ['25', 'keep', 100],
      ['24', 'remove', 100],
    ],
  )
  await assert.rejects(ask(`GET ${prune}`), /no prune-backups options configured for storage 'local'/)
  await assert.rejects(ask(`DELETE ${prune}`, { 'prune-backups': 'keep-last=1' }, NOBODY), { status: 403 })
  const done = await task(`DELETE ${prune}`, { 'prune-backups': 'keep-last=1' })
  assert.equal(done.exitstatus, 'OK', done.log.join('\n'))
  assert.equal(((await ask(`GET ${prune}`, { 'prune-backups': 'keep-last=1' })) as Facts[]).length, 1)
})
