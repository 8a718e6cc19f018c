import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiSchema } from '@fochista/proxmox/schema'
import { checkedWorld } from '../test-answers.ts'

test('a host without Ceph says which program is not there, whatever is asked of it', async () => {
  const { ask } = checkedWorld()
  for (const [request, params, message] of [
    ['GET /nodes/pve1/ceph/status', {}, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['GET /cluster/ceph/flags', {}, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['PUT /cluster/ceph/flags/noout', { value: '1' }, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['POST /nodes/pve1/ceph/osd', { dev: '/dev/sdb' }, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['DELETE /nodes/pve1/ceph/pool/rbd', {}, 'binary not installed: /usr/bin/ceph-mon\n'],
    ['POST /nodes/pve1/ceph/mgr/pve1', {}, 'binary not installed: /usr/bin/ceph-mgr\n'],
    ['POST /nodes/pve1/ceph/init', {}, "Ceph Nautilus required - please run 'pveceph install'\n"],
  ] as const)
    await assert.rejects(ask(request, params), { status: 500, message }, request)
  await assert.rejects(ask('POST /nodes/pve1/ceph/osd', {}), { status: 400 })
  await assert.rejects(ask('GET /nodes/pve1/ceph/osd', {}, { user: 'nobody@pve' }), { status: 403 })
  // The lists name what is really below.
  for (const path of ['/nodes/{node}/ceph', '/nodes/{node}/ceph/cfg', '/cluster/ceph'])
    for (const { name } of (await ask(`GET ${path.replace('{node}', 'pve1')}`)) as { name: string }[])
      assert.ok(
        Object.keys(apiSchema.paths).some((other) => other.startsWith(`${path}/${name}`)),
        `${path}/${name}`,
      )
})
