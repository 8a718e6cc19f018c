import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError } from '../../api-error.ts'
import { testWorld, type TestWorld } from '../test-world.ts'

const CONFIG = '/nodes/pve1/qemu/100/config'

async function runningVm(): Promise<TestWorld> {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', {
    vmid: '100',
    memory: '512',
    cores: '1',
    scsi0: 'local:1,format=qcow2',
    net0: 'virtio,bridge=vmbr0',
    ide2: 'none,media=cdrom',
  })
  const start = await lab.task('POST /nodes/pve1/qemu/100/status/start')
  assert.equal(start.exitstatus, 'OK')
  return lab
}

async function read(
  lab: TestWorld,
  request = `GET ${CONFIG}`,
  params: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  return (await lab.call(request, params)) as Record<string, unknown>
}

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  try {
    await work
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new assert.AssertionError({ message: 'the call was not refused' })
}

test('processors and memory of a running VM wait, its name and tags do not', async () => {
  const lab = await runningVm()
  await lab.call(`PUT ${CONFIG}`, { cores: '2', memory: '1024', name: 'web', tags: 'B;a' })
  const now = await read(lab, `GET ${CONFIG}`, { current: '1' })
  assert.deepEqual([now['cores'], now['memory'], now['name'], now['tags']], [1, '512', 'web', 'a;b'])
  const later = await read(lab)
  assert.deepEqual([later['cores'], later['memory']], [2, '1024'])
  const pending = (await lab.call('GET /nodes/pve1/qemu/100/pending')) as {
    key: string
    value?: unknown
    pending?: unknown
  }[]
  assert.deepEqual(
    pending.find(({ key }) => key === 'cores'),
    { key: 'cores', value: 1, pending: 2 },
  )
})

test('what waits is real after a stop, and gone after a revert', async () => {
  const lab = await runningVm()
  await lab.call(`PUT ${CONFIG}`, { cores: '4', sockets: '2' })
  await lab.call(`PUT ${CONFIG}`, { revert: 'sockets' })
  await lab.task('POST /nodes/pve1/qemu/100/status/stop')
  const now = await read(lab, `GET ${CONFIG}`, { current: '1' })
  assert.deepEqual([now['cores'], now['sockets']], [4, undefined])
})

test('a new disk is plugged into scsi and waits on ide', async () => {
  const lab = await runningVm()
  await lab.call(`PUT ${CONFIG}`, { scsi1: 'local:1', ide0: 'local:1' })
  const now = await read(lab, `GET ${CONFIG}`, { current: '1' })
  assert.equal(now['scsi1'], 'local:100/vm-100-disk-1.raw,size=1G')
  assert.equal(now['ide0'], undefined)
  assert.equal((await read(lab))['ide0'], 'local:100/vm-100-disk-2.raw,size=1G')
})

test('media are changed in a running VM', async () => {
  const lab = await runningVm()
  lab.world.volumes.set('pve1/local:iso/seed.iso', {
    volid: 'local:iso/seed.iso',
    storage: 'local',
    node: 'pve1',
    size: 364_544,
    format: 'iso',
    content: 'iso',
    ctime: 0,
  })
  await lab.call(`PUT ${CONFIG}`, { ide2: 'local:iso/seed.iso,media=cdrom' })
  assert.equal(
    (await read(lab, `GET ${CONFIG}`, { current: '1' }))['ide2'],
    'local:iso/seed.iso,media=cdrom,size=356K',
  )
})

test('a card on a bridge that the host lacks is refused, and stays pending', async () => {
  const lab = await runningVm()
  const error = await refusal(
    lab.call(`PUT ${CONFIG}`, { net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr99', name: 'done' }),
  )
  assert.deepEqual(
    [error.status, error.errors],
    [400, { net0: 'hotplug problem - interface vmbr99 does not exist\n' }],
  )
  const now = await read(lab)
  assert.deepEqual([now['net0'], now['name']], ['virtio=BC:24:11:00:00:01,bridge=vmbr99', 'done'])
})

test('a detached disk becomes unused and leaves the boot order; deleting it there destroys it', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local-lvm:1', net0: 'virtio,bridge=vmbr0' })
  await lab.call(`PUT ${CONFIG}`, { delete: 'scsi0' })
  const detached = await read(lab)
  assert.deepEqual(
    [detached['scsi0'], detached['unused0'], detached['boot']],
    [undefined, 'local-lvm:vm-100-disk-0', 'order=net0'],
  )
  await lab.call(`PUT ${CONFIG}`, { delete: 'unused0' })
  assert.equal(lab.world.volumes.size, 0)
})

test('a protected VM keeps its disks', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100', scsi0: 'local:1', protection: '1' })
  const error = await refusal(lab.call(`PUT ${CONFIG}`, { delete: 'scsi0' }))
  assert.equal(error.message, "can't remove drive 'scsi0' - protection mode enabled\n")
  assert.equal((await read(lab))['scsi0'], 'local:100/vm-100-disk-0.raw,size=1G')
})

test('the digest changes with every write, and an old one is refused', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100' })
  const { digest } = await read(lab)
  await lab.call(`PUT ${CONFIG}`, { cores: '2', digest: String(digest) })
  const error = await refusal(lab.call(`PUT ${CONFIG}`, { cores: '3', digest: String(digest) }))
  assert.equal(error.message, 'checksum mismatch (file change by other user?)\n')
})

test('an option needs its right, and some are only for root', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', { vmid: '100' })
  lab.world.access.users.set('op@pve', { enable: true, groups: new Set() })
  lab.world.access.roles.set('Options', { privs: new Set(['VM.Config.Options']), special: false })
  lab.world.access.acl.push({
    path: '/vms/100',
    type: 'user',
    ugid: 'op@pve',
    roleid: 'Options',
    propagate: true,
  })
  const op = { user: 'op@pve' }
  await lab.call(`PUT ${CONFIG}`, { name: 'x' }, op)
  assert.equal(
    (await refusal(lab.call(`PUT ${CONFIG}`, { cores: '2' }, op))).message,
    'Permission check failed (/vms/100, VM.Config.CPU)\n',
  )
  assert.equal(
    (await refusal(lab.call(`PUT ${CONFIG}`, { args: '-x' }, op))).message,
    "only root can set 'args' config\n",
  )
})
