import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readSeed } from '../../../guest/cloud-init/seed.ts'
import { testWorld } from '../test-world.ts'
import { hashPassword } from './password.ts'

const KEY =
  'ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIJLZzKsKsjeCorDkcj4YDlkydLD3y2JjUgxIMqQKWhOm%20me%40host%0A'

test('a VM with a drive for a seed starts with one that a guest can read', async () => {
  const lab = testWorld()
  await lab.task('POST /nodes/pve1/qemu', {
    vmid: '100',
    name: 'ci1',
    ide2: 'local-lvm:cloudinit',
    net0: 'virtio,bridge=vmbr0',
    ciuser: 'debian',
    sshkeys: KEY,
    ipconfig0: 'ip=192.0.2.50/24,gw=192.0.2.1',
    nameserver: '192.0.2.1',
  })
  const vm = lab.world.vms.get(100)
  assert.ok(vm)
  assert.deepEqual(lab.world.readCdroms(vm), [])
  const start = await lab.task('POST /nodes/pve1/qemu/100/status/start')
  assert.deepEqual(start.log, ['generating cloud-init ISO', 'TASK OK'])
  const seed = readSeed(lab.world.readCdroms(vm))
  assert.deepEqual(seed?.problems, [])
  assert.deepEqual([seed?.config?.['hostname'], seed?.config?.['user']], ['ci1', 'debian'])
  assert.match(JSON.stringify(seed?.networkConfig), /"address":"192.0.2.50"/)
  const dump = await lab.call('GET /nodes/pve1/qemu/100/cloudinit/dump', { type: 'meta' })
  assert.equal(dump, `instance-id: ${seed?.instanceId}\n`)
})

test('keys that ssh-keygen could not read are refused', async () => {
  const lab = testWorld()
  for (const sshkeys of [
    'not%20a%20key',
    'ssh-ed25519%20AAAA',
    'ssh-rsa%20AAAAC3NzaC1lZDI1NTE5AAAAIJLZzKsKsjeCorDkcj4YDlkydLD3y2JjUgxIMqQKWhOm',
  ])
    await assert.rejects(
      lab.call('POST /nodes/pve1/qemu', { vmid: '100', sshkeys }),
      /SSH public key validation error/,
    )
})

test('a password is hashed when it is changed, once, and never for Windows', () => {
  const hash = hashPassword('hunter22', 'l26')
  assert.match(hash, /^\$5\$[./0-9A-Za-z]{8}\$[./0-9A-Za-z]{43}$/)
  assert.equal(hashPassword(hash, 'l26'), hash)
  assert.equal(hashPassword('hunter22', 'win11'), 'hunter22')
})
