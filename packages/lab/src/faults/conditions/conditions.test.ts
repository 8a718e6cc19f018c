import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { connect } from 'node:tls'
import { gvr } from '../../kamaji/vocabulary.ts'
import { eventually } from '../../test-eventually.ts'
import { data, startFaultBed, whileItLasts, type Answer } from '../test-bed.ts'

const { lab, add, call, clone, ending, exists, problems } = await startFaultBed()
afterEach(() => lab.faults.clear())
after(() => lab.stop())

test('a lost host answers as one that is off, and comes back', async () => {
  await add({ on: { backEnd: 'proxmox', node: 'pve2' }, what: { kind: 'host-lost' } })
  assert.equal((await call('proxmox', 'GET', '/nodes/pve2/qemu')).status, 595)
  assert.equal(lab.proxmox.world.vms.get(101)?.running, false)
  await lab.faults.clear()
  assert.equal((await call('proxmox', 'GET', '/nodes/pve2/qemu')).status, 200)
  await eventually('a guest with onboot is back', () => lab.proxmox.world.vms.get(101)?.running === true)
  await add({ on: { backEnd: 'proxmox', node: 'pve2' }, what: { kind: 'host-lost', vms: 'run' } })
  assert.equal(lab.proxmox.world.vms.get(101)?.running, true)
})

test('a host that was taken out of the cluster is in no list, its VMs are, and nobody answers for them', async () => {
  const on = { backEnd: 'proxmox', node: 'pve2' } as const
  const list = async (path: string): Promise<Record<string, unknown>[]> =>
    data(await call('proxmox', 'GET', path))
  const guest = lab.proxmox.world.vms.get(101)
  assert.equal(guest?.running, true)
  for (const vms of ['stop', 'run'] as const) {
    await add({ on, what: { kind: 'host-removed', vms } })
    assert.equal(guest.running, vms === 'run')
    assert.deepEqual(
      (await list('/nodes')).map(({ node }) => node),
      ['pve1', 'pve3'],
    )
    const [cluster, ...members] = await list('/cluster/status')
    assert.deepEqual([cluster?.['nodes'], cluster?.['quorate']], [2, 1])
    assert.deepEqual(
      members.map(({ name }) => name),
      ['pve1', 'pve3'],
    )
    const resources = await list('/cluster/resources')
    assert.deepEqual(
      resources
        .filter(({ node }) => node === 'pve2')
        .map(({ type, status }) => `${String(type)} ${String(status)}`),
      resources.filter(({ node, type }) => node === 'pve2' && type === 'qemu').map(() => 'qemu unknown'),
    )
    const seen = resources.find(({ vmid }) => vmid === 101)
    assert.deepEqual([seen?.['node'], seen?.['status'], seen?.['template']], ['pve2', 'unknown', undefined])
    const asked = await call('proxmox', 'GET', '/nodes/pve2/qemu/101/config')
    assert.equal(asked.status, 500)
    assert.match(
      asked.body,
      /hostname lookup 'pve2' failed - failed to get address info for: pve2: Name or service not known/,
    )
    assert.match((await call('proxmox', 'GET', '/nodes/pve1/qemu/101/config')).body, /does not exist/)
    await assert.rejects(
      lab.faults.add({ on: { ...on, node: 'pve3' }, what: { kind: 'host-removed' } }),
      /^FaultError: on.node: "pve3"; the other hosts must have the quorum without it$/,
    )
    await lab.faults.clear()
    assert.deepEqual(
      (await list('/nodes')).map(({ node }) => node),
      ['pve1', 'pve2', 'pve3'],
    )
    await eventually('its guest runs', () => guest.running)
  }
})

test('a full storage takes no clone and says so, and has room again', async () => {
  await add({ on: { backEnd: 'proxmox', storage: 'local-lvm' }, what: { kind: 'storage-full' } })
  const { avail } = data<{ avail: number }>(
    await call('proxmox', 'GET', '/nodes/pve1/storage/local-lvm/status'),
  )
  assert.equal(avail, 0)
  assert.match(await ending(data(await clone(521))), /clone failed: .*free space in thin pool/)
  assert.equal(exists(521), false)
  await lab.faults.clear()
  assert.equal(await ending(data(await clone(521))), 'OK')
})

test('a lock that somebody holds is waited for and given up, or named', async () => {
  const config = (): Promise<Answer> =>
    call('proxmox', 'PUT', '/nodes/pve3/qemu/102/config', { body: 'cores=2' })
  await add({ on: { backEnd: 'proxmox', vmid: 102 }, what: { kind: 'lock-held' } })
  assert.match(
    (await config()).body,
    /can't lock file '\/var\/lock\/qemu-server\/lock-102.conf' - got timeout/,
  )
  await lab.faults.clear()
  assert.equal((await config()).status, 200)
  await add({ on: { backEnd: 'proxmox', vmid: 102 }, what: { kind: 'lock-held', lock: 'backup' } })
  assert.match(
    await call('proxmox', 'POST', '/nodes/pve3/qemu/102/status/start', { body: '' }).then((answer) =>
      ending(data(answer)),
    ),
    /VM is locked \(backup\)/,
  )
  await lab.faults.clear()
  assert.equal(lab.proxmox.world.vms.get(102)?.config['lock'], undefined)
})

test('a token expires, is revoked, or loses one privilege, and is good again', async () => {
  const env = lab.environment
  const user = env['PROXMOX_LEAST_TOKEN_ID'] ?? ''
  const authorization = `PVEAPIToken=${user}=${env['PROXMOX_LEAST_SECRET']}`
  const list = (): Promise<Answer> => call('proxmox', 'GET', '/cluster/resources?type=vm', { authorization })
  const count = data<unknown[]>(await list()).length
  assert.ok(count > 5)
  for (const kind of ['token-expired', 'token-revoked'] as const) {
    await add({ on: { backEnd: 'proxmox', user }, what: { kind } })
    assert.equal((await list()).status, 401)
    await lab.faults.clear()
    assert.equal((await list()).status, 200)
  }
  await add({ on: { backEnd: 'proxmox', user }, what: { kind: 'token-loses', privilege: 'VM.Audit' } })
  assert.deepEqual(data(await list()), [])
  await lab.faults.clear()
  assert.equal(data<unknown[]>(await list()).length, count)
  await add({
    on: { backEnd: 'kubernetes', user: 'kubernetes-admin' },
    when: { for: 10_000 },
    what: { kind: 'token-expired' },
  })
  assert.equal((await call('kubernetes', 'GET', '/api/v1/namespaces')).status, 401)
})

test('a server goes away for a time and listens again at its address', async () => {
  for (const backEnd of ['kubernetes', 'proxmox'] as const) {
    const path = '/version'
    await whileItLasts(async (ms) => {
      await add({ on: { backEnd }, when: { for: ms }, what: { kind: 'api-away' } })
      return call(backEnd, 'GET', path).then(
        () => false,
        (error: Error) => /ECONNREFUSED/.test(error.message),
      )
    })
    await eventually('its time is over', () => lab.faults.list().every(({ state }) => state === 'over'))
    // It listens a moment after its time is over.
    let status = 0
    for (const end = Date.now() + 60_000; status === 0 && Date.now() < end;)
      status = await call(backEnd, 'GET', path).then(
        (answer) => answer.status,
        () => 0,
      )
    assert.equal(status, 200)
  }
})

test('a certificate expires under the same name and key, and is good again', async () => {
  for (const backEnd of ['kubernetes', 'proxmox'] as const) {
    await add({ on: { backEnd }, what: { kind: 'certificate-expired' } })
    await assert.rejects(call(backEnd, 'GET', '/version'), /expired/)
    await lab.faults.clear()
    assert.equal((await call(backEnd, 'GET', '/version')).status, 200)
  }
})

test('a clock is wrong by what was asked for', async () => {
  await add({ on: { backEnd: 'proxmox' }, what: { kind: 'clock-offset', ms: -300_000 } })
  const asked = Date.now()
  const { headers } = await call('proxmox', 'GET', '/version')
  const told = Date.parse(String(headers['date'])) + 300_000
  // It is told in whole seconds.
  assert.ok(told > asked - 1000 && told <= Date.now(), `${asked} ${told}`)
  const created = await call('kubernetes', 'POST', '/api/v1/namespaces', {
    body: '{"metadata":{"name":"in-time"}}',
  })
  const { metadata } = JSON.parse(created.body) as { metadata: { creationTimestamp: string } }
  const made = Date.parse(metadata.creationTimestamp)
  assert.ok(made > asked - 1000 && made <= Date.now(), `${asked} ${made}`)
})

test('a guest turns itself off', async () => {
  const vm = lab.proxmox.world.vms.get(100)
  assert.equal(vm?.running, true)
  await add({ on: { backEnd: 'proxmox', vmid: 100 }, what: { kind: 'guest-stops' } })
  assert.equal(vm?.running, false)
  await ending(data(await call('proxmox', 'POST', '/nodes/pve1/qemu/100/status/start', { body: '' })))
  await eventually('it is off again', () => !vm?.running)
})

test('a tenant’s API server goes away, and only it', async () => {
  const { store } = lab.management.api
  store.create(gvr.tenantControlPlanes, {
    metadata: { name: 'shop', namespace: 'default' },
    spec: {
      controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.30.4', kubelet: { cgroupfs: 'systemd' } },
      networkProfile: { port: 6443 },
      addons: { coreDNS: {}, kubeProxy: {} },
    },
  })
  const tenant = await eventually(
    'its server',
    () => lab.management.tenants.find('default', 'shop'),
    () => problems.join(),
  )
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const { hostname, port } = new URL(tenant.api.url)
      const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
  assert.equal(await answers(), true)
  await assert.rejects(
    add({ on: { backEnd: 'tenant', tenant: 'default/none' }, what: { kind: 'api-away' } }),
    /^FaultError: on.tenant: "default\/none"; there must be a control plane that runs$/,
  )
  await add({ on: { backEnd: 'tenant', tenant: 'default/shop' }, what: { kind: 'api-away' } })
  assert.equal(await answers(), false)
  assert.equal((await call('kubernetes', 'GET', '/version')).status, 200)
  await lab.faults.clear()
  assert.equal(await answers(), true)
})
