import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Identity } from '../permissions.ts'
import { testWorld, type TestWorld } from './test-world.ts'

const TOKEN: Identity = { user: 'root@pam', token: 'machines' }

/** The rights of a service that makes machines in one pool from one template. */
const GRANTS: Readonly<Record<string, readonly string[]>> = {
  '/vms': ['VM.Audit'],
  '/': ['Sys.Audit'],
  '/vms/9000': ['VM.Clone'],
  '/pool/machines': [
    'VM.Allocate',
    'VM.PowerMgmt',
    ...['CDROM', 'CPU', 'Cloudinit', 'Disk', 'HWType', 'Memory', 'Network', 'Options'].map(
      (each) => `VM.Config.${each}`,
    ),
    'VM.GuestAgent.Audit',
    'Pool.Allocate',
    'Pool.Audit',
  ],
  '/storage/local-lvm': ['Datastore.AllocateSpace', 'Datastore.Audit'],
  '/storage/local': ['Datastore.AllocateTemplate', 'Datastore.Allocate', 'Datastore.Audit'],
  '/sdn/zones/localnetwork/vmbr0': ['SDN.Use'],
}

async function lab(without?: { path: string; privilege: string }): Promise<TestWorld> {
  const made = testWorld()
  const { world } = made
  await made.task('POST /nodes/pve1/qemu', {
    vmid: '9000',
    scsi0: 'local-lvm:1',
    net0: 'virtio,bridge=vmbr0',
  })
  await made.task('POST /nodes/pve1/qemu/9000/template')
  world.pools.set('machines', { vms: new Set(), storages: new Set() })
  world.volumes.set('pve1/local:iso/seed.iso', {
    volid: 'local:iso/seed.iso',
    storage: 'local',
    node: 'pve1',
    size: 2048,
    format: 'iso',
    content: 'iso',
    ctime: 0,
  })
  world.access.tokens.set('root@pam!machines', { secret: 's', privsep: true, expire: 0 })
  for (const [path, privileges] of Object.entries(GRANTS)) {
    const left = privileges.filter((each) => !(path === without?.path && each === without.privilege))
    world.access.roles.set(`On${path}`, { privs: new Set(left), special: false })
    world.access.acl.push({
      path,
      type: 'token',
      ugid: 'root@pam!machines',
      roleid: `On${path}`,
      propagate: true,
    })
  }
  return made
}

const CLONE = { newid: '101', name: 'm1', pool: 'machines', description: 'mine' }
const CONFIG = {
  cores: '2',
  memory: '1024',
  net0: 'virtio,bridge=vmbr0',
  ide2: 'local:iso/seed.iso,media=cdrom',
  boot: 'order=scsi0;ide2',
  agent: '1',
  serial0: 'socket',
  onboot: '1',
  tags: 'a;b',
  protection: '0',
}

test('a token with the rights of a machine maker leads a machine through its life', async () => {
  const made = await lab()
  const steps: [string, Record<string, string>?][] = [
    ['POST /nodes/pve1/qemu/9000/clone', CLONE],
    ['POST /nodes/pve1/qemu/101/config', CONFIG],
    ['PUT /nodes/pve1/qemu/101/resize', { disk: 'scsi0', size: '4G' }],
    ['POST /nodes/pve1/qemu/101/status/start'],
    ['POST /nodes/pve1/qemu/101/status/shutdown', { timeout: '1', forceStop: '1' }],
    ['DELETE /nodes/pve1/qemu/101', { purge: '1', 'destroy-unreferenced-disks': '1' }],
  ]
  for (const [request, params] of steps) {
    const task = await made.task(request, params, TOKEN)
    assert.equal(task.exitstatus, 'OK', `${request}: ${task.exitstatus}`)
  }
  assert.equal(made.world.pools.get('machines')?.vms.size, 0)
})

test('a right that is missing is named', async () => {
  const cases: {
    path: string
    privilege: string
    request: string
    params: Record<string, string>
    text: RegExp
  }[] = [
    {
      path: '/vms/9000',
      privilege: 'VM.Clone',
      request: 'POST /nodes/pve1/qemu/9000/clone',
      params: CLONE,
      text: /Permission check failed \(\/vms\/9000, VM.Clone\)/,
    },
    {
      path: '/pool/machines',
      privilege: 'VM.Allocate',
      request: 'POST /nodes/pve1/qemu/9000/clone',
      params: CLONE,
      text: /Permission check failed\n/,
    },
    {
      path: '/storage/local-lvm',
      privilege: 'Datastore.AllocateSpace',
      request: 'POST /nodes/pve1/qemu/9000/clone',
      params: CLONE,
      text: /\(\/storage\/local-lvm, Datastore.AllocateSpace\)/,
    },
    {
      path: '/sdn/zones/localnetwork/vmbr0',
      privilege: 'SDN.Use',
      request: 'POST /nodes/pve1/qemu/9000/clone',
      params: CLONE,
      text: /\(\/sdn\/zones\/localnetwork\/vmbr0, SDN.Use\)/,
    },
  ]
  for (const each of cases) {
    const made = await lab(each)
    await assert.rejects(made.call(each.request, each.params, TOKEN), each.text)
  }
  for (const [privilege, key] of [
    ['VM.Config.CPU', 'cores'],
    ['VM.Config.Memory', 'memory'],
    ['VM.Config.Network', 'net0'],
    ['VM.Config.Options', 'tags'],
  ] as const) {
    const made = await lab({ path: '/pool/machines', privilege })
    await made.task('POST /nodes/pve1/qemu/9000/clone', CLONE, TOKEN)
    await assert.rejects(
      made.call('PUT /nodes/pve1/qemu/101/config', { [key]: CONFIG[key] }, TOKEN),
      new RegExp(`\\(/vms/101, ${privilege}\\)`),
    )
  }
  const made = await lab({ path: '/pool/machines', privilege: 'VM.Config.CDROM' })
  await made.task('POST /nodes/pve1/qemu/9000/clone', CLONE, TOKEN)
  const task = await made.task('POST /nodes/pve1/qemu/101/config', { ide2: CONFIG.ide2 }, TOKEN)
  assert.equal(task.exitstatus, '403 Permission check failed (/vms/101, VM.Config.CDROM)')
})

test('what only root may set is refused to every token', async () => {
  const made = await lab()
  await made.task('POST /nodes/pve1/qemu/9000/clone', CLONE, TOKEN)
  await assert.rejects(
    made.call('PUT /nodes/pve1/qemu/101/config', { lock: 'backup' }, TOKEN),
    /only root can set 'lock' config/,
  )
  await assert.rejects(made.call('PUT /nodes/pve1/qemu/101/config', { name: 'x', skiplock: '1' }, TOKEN), {
    errors: { skiplock: 'Only root may use this option.' },
  })
  await assert.rejects(
    made.call('PUT /nodes/pve1/qemu/101/config', { usb0: 'host=1234:5678' }, TOKEN),
    /only root can set 'usb0' config for real devices/,
  )
})
