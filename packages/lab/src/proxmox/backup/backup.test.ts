import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createGuests } from '../../guest/guests.ts'
import { testWorld, type TestWorld } from '../qemu/test-world.ts'
import type { Volume } from '../world.ts'
import { markBackups, readRetention } from './prune.ts'

const VMS = '/nodes/pve1/qemu'

async function backedUp(params: Record<string, string> = {}): Promise<{ lab: TestWorld; volid: string }> {
  const lab = testWorld()
  await lab.task(`POST ${VMS}`, {
    vmid: '100',
    name: 'web',
    scsi0: 'local-lvm:8',
    scsi1: 'local-lvm:1,backup=0',
    net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
    description: 'of mine',
  })
  await lab.task('POST /nodes/pve1/vzdump', { vmid: '100', storage: 'local', compress: 'zstd', ...params })
  const [backup] = (await lab.call('GET /nodes/pve1/storage/local/content', {
    content: 'backup',
  })) as Volume[]
  return { lab, volid: backup?.volid ?? assert.fail('no backup') }
}

test('a VM is backed up while its configuration is locked, and the archive tells what it was', async () => {
  const { lab, volid } = await backedUp({ 'notes-template': '{{guestname}} on {{node}}', protected: '1' })
  assert.match(volid, /^local:backup\/vzdump-qemu-100-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\.vma\.zst$/)
  const [entry] = (await lab.call('GET /nodes/pve1/storage/local/content')) as Record<string, unknown>[]
  const { vmid, notes, subtype, format } = entry ?? {}
  assert.deepEqual(
    [vmid, notes, subtype, format, entry?.['protected']],
    [100, 'web on pve1', 'qemu', 'vma.zst', 1],
  )
  const text = String(await lab.call('GET /nodes/pve1/vzdump/extractconfig', { volume: volid }))
  assert.match(text, /^name: web$/m)
  assert.match(text, /^#qmdump#map:scsi0:drive-scsi0:local-lvm:raw:$/m)
  assert.doesNotMatch(text, /map:scsi1/)
  assert.equal(lab.world.vms.get(100)?.config['lock'], undefined)
  const removed = await lab.task(`DELETE /nodes/pve1/storage/local/content/${volid}`)
  assert.match(removed.exitstatus ?? '', /^cannot remove protected archive '\/var\/lib\/vz\/dump\//)
})

test('one VM that cannot be backed up fails the job, not the others', async () => {
  const { lab } = await backedUp()
  await lab.task(`POST ${VMS}`, { vmid: '101', lock: 'migrate' })
  const task = await lab.task('POST /nodes/pve1/vzdump', { vmid: '101,999,100', storage: 'shared' })
  assert.equal(
    task.exitstatus,
    "could not get storage information for 'shared': can't use storage 'shared' for backups - wrong content type",
  )
  const job = await lab.task('POST /nodes/pve1/vzdump', { vmid: '101,999,100' })
  assert.equal(job.exitstatus, 'job errors')
  const log = job.log.join('\n')
  assert.match(log, /ERROR: Backup of VM 101 failed - VM is locked \(migrate\)/)
  assert.match(log, /ERROR: Backup of VM 999 failed - unable to find VM '999'/)
  assert.match(log, /INFO: 100% \(8\.0 GiB of 8\.0 GiB\) in \d+s/)
  assert.match(log, /INFO: Finished Backup of VM 100/)
  await assert.rejects(lab.call('POST /nodes/pve1/vzdump', {}), /Parameter verification failed/)
})

test('a backup makes a new VM, and puts an old one back only by force', async () => {
  const { lab, volid } = await backedUp()
  const restored = await lab.task(`POST ${VMS}`, {
    vmid: '200',
    archive: volid,
    unique: '1',
    storage: 'local',
    cores: '4',
  })
  assert.equal(restored.exitstatus, 'OK', restored.log.join('\n'))
  const { config } = lab.world.vms.get(200) ?? {}
  assert.deepEqual(
    [config?.['name'], config?.['cores'], config?.['description'], config?.['scsi1']],
    ['web', '4', 'of mine', undefined],
  )
  assert.match(config?.['scsi0'] ?? '', /^local:200\/vm-200-disk-0\.raw,size=8G$/)
  assert.doesNotMatch(config?.['net0'] ?? '', /00:00:01/)
  await assert.rejects(
    lab.call(`POST ${VMS}`, { vmid: '100', archive: volid }),
    /unable to restore VM 100 - VM 100 already exists on node 'pve1'/,
  )
  await lab.call(`PUT ${VMS}/100/config`, { name: 'changed' })
  await lab.task(`POST ${VMS}/100/status/start`)
  await assert.rejects(lab.call(`POST ${VMS}`, { vmid: '100', archive: volid, force: '1' }), /vm is running/)
  await lab.task(`POST ${VMS}/100/status/stop`)
  const back = await lab.task(`POST ${VMS}`, { vmid: '100', archive: volid, force: '1' })
  assert.equal(back.exitstatus, 'OK', back.log.join('\n'))
  const { name, lock, scsi0, net0 } = lab.world.vms.get(100)?.config ?? {}
  assert.deepEqual([name, lock, scsi0], ['web', undefined, 'local-lvm:vm-100-disk-0,size=8G'])
  assert.match(net0 ?? '', /00:00:01/)
  const missing = await lab.task(`POST ${VMS}`, { vmid: '300', archive: 'local:backup/vzdump-qemu-1-x.vma' })
  assert.match(missing.exitstatus ?? '', /^unable to restore VM 300 - volume '.*' does not exist$/)
  assert.equal(lab.world.vms.has(300), false)
})

test('a guest that is stopped for its backup runs again, and a restored one has its files', async (t) => {
  const lab = testWorld()
  const guests = createGuests(lab.world)
  t.after(() => guests.close())
  await lab.task(`POST ${VMS}`, { vmid: '100', scsi0: 'local-lvm:1' })
  await lab.task(`POST ${VMS}/100/status/start`)
  const vm = lab.world.vms.get(100)
  while (vm?.onShutdownRequest === undefined) await lab.world.clock.sleep(500)
  guests.disk(100)?.write('/etc/motd', 'kept')
  const task = await lab.task('POST /nodes/pve1/vzdump', { vmid: '100', storage: 'local', mode: 'stop' })
  assert.equal(task.exitstatus, 'OK', task.log.join('\n'))
  assert.ok(vm.running)
  const [backup] = (await lab.call('GET /nodes/pve1/storage/local/content', {
    content: 'backup',
  })) as Volume[]
  await lab.task(`POST ${VMS}`, { vmid: '200', archive: backup?.volid ?? '' })
  assert.equal(guests.disk(200)?.read('/etc/motd'), 'kept')
})

test('a retention keeps the newest of each period', () => {
  const days = ['2026-01-05', '2026-01-04', '2026-01-03', '2025-12-31', '2025-11-30']
  const volumes = days.flatMap((day) =>
    ['18', '06'].map((hour): Volume => {
      const stamp = `${day.replaceAll('-', '_')}-${hour}_00_00`
      const ctime = Date.parse(`${day}T${hour}:00:00Z`) / 1000
      return {
        volid: `s:backup/vzdump-qemu-100-${stamp}.vma`,
        storage: 's',
        node: '',
        size: 1,
        format: 'vma',
        content: 'backup',
        vmid: 100,
        ctime,
      }
    }),
  )
  const kept = (text: string): string[] =>
    [...markBackups(volumes, readRetention(text) ?? {})]
      .filter(([, mark]) => mark === 'keep')
      .map(([{ ctime }]) => new Date(ctime * 1000).toISOString().slice(0, 13))
  assert.deepEqual(kept('keep-last=2'), ['2026-01-05T18', '2026-01-05T06'])
  assert.deepEqual(kept('keep-daily=2'), ['2026-01-05T18', '2026-01-04T18'])
  assert.deepEqual(kept('keep-last=1,keep-monthly=3').toSorted(), [
    '2025-11-30T18',
    '2025-12-31T18',
    '2026-01-05T18',
  ])
  assert.equal(kept('keep-all=1').length, 10)
  assert.throws(() => readRetention('keep-all=1,keep-last=1'), /Parameter verification failed/)
})
