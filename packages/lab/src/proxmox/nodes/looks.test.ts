import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkedWorld } from '../test-answers.ts'

const NOBODY = { user: 'nobody@pve' }

test('a host finds pools of its own and exports that storages name, and no other machine', async () => {
  const { ask, task } = checkedWorld(2000)
  const scan = '/nodes/pve1/scan'
  await task('POST /nodes/pve1/disks/zfs', { name: 'tank', devices: '/dev/sdb', raidlevel: 'single' })
  assert.deepEqual(await ask(`GET ${scan}/zfs`), [{ pool: 'tank' }])
  await ask('POST /storage', { storage: 'files', type: 'nfs', server: '192.0.2.80', export: '/srv/files' })
  assert.deepEqual(await ask(`GET ${scan}/nfs`, { server: '192.0.2.80' }), [
    { path: '/srv/files', options: '*' },
  ])
  for (const [kind, params, text] of [
    ['nfs', { server: '192.0.2.81' }, /showmount --no-headers --exports 192\.0\.2\.81' failed/],
    ['cifs', { server: '192.0.2.81' }, /NT_STATUS_HOST_UNREACHABLE/],
    ['iscsi', { portal: '192.0.2.81' }, /iscsiadm .*--portal 192\.0\.2\.81' failed: exit code 4/],
    [
      'pbs',
      { server: '192.0.2.81', username: 'root@pam', password: 'x' },
      /error fetching datastores - 500 Can't connect to 192\.0\.2\.81:8007 \(No route to host\)/,
    ],
  ] as const) {
    await assert.rejects(ask(`GET ${scan}/${kind}`, params), text)
    await assert.rejects(ask(`GET ${scan}/${kind}`, params, NOBODY), { status: 403 })
  }
})

test('a report tells of a host in one text, and cards that nobody has are told as none', async () => {
  const { ask, task } = checkedWorld()
  await task('POST /nodes/pve1/qemu', { vmid: '100', name: 'web', memory: '768' })
  const report = String(await ask('GET /nodes/pve1/report'))
  assert.match(report, /^==== general system info ====\n\n# hostname\npve1\n/)
  assert.match(report, /# cat \/etc\/pve\/storage\.cfg\n[^]*lvmthin: local-lvm\n/)
  assert.match(report, /# qm list\nVMID[^]*100 +web +stopped +768\n/)
  await assert.rejects(ask('GET /nodes/pve1/report', {}, NOBODY), { status: 403 })
  const card = '/nodes/pve1/hardware/pci'
  assert.deepEqual(await ask(`GET ${card}/0000:01:00.0`), [{ method: 'mdev' }])
  assert.deepEqual(await ask(`GET ${card}/0000:01:00.0/mdev`), [])
  await assert.rejects(ask(`GET ${card}/gpu/mdev`), /mapping 'gpu' not found/)
})

test('a test notification goes to the host’s own mail, and finds no other way', async () => {
  const { ask } = checkedWorld(2000)
  const targets = '/cluster/notifications/targets'
  assert.equal(await ask(`POST ${targets}/mail-to-root/test`), null)
  await assert.rejects(ask(`POST ${targets}/nosuch/test`), {
    status: 404,
    message: "target 'nosuch' does not exist\n",
  })
  await ask('POST /cluster/notifications/endpoints/gotify', {
    name: 'push',
    server: 'http://192.0.2.1',
    token: 'x',
  })
  await assert.rejects(
    ask(`POST ${targets}/push/test`),
    /^Error: could not notify via endpoint\(s\): push: No route/,
  )
  await assert.rejects(ask(`POST ${targets}/push/test`, {}, NOBODY), { status: 403 })
})
