import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import type { FaultSpec } from './spec.ts'
import { startFaultBed } from './test-bed.ts'

const { lab, call } = await startFaultBed()
afterEach(() => lab.faults.clear())
after(() => lab.stop())

test('what cannot be is refused with field, value and rule', async () => {
  const refusals: [object, RegExp][] = [
    [{}, /^what: is not given; it must be an object$/],
    [
      { on: { backEnd: 'proxmox' }, what: { kind: 'explode' } },
      /^what.kind: "explode"; it must be one of answer, delay, /,
    ],
    [
      { on: { backEnd: 'proxmox' }, what: { kind: 'answer', status: 1000 } },
      /^what.status: 1000; it must be a whole number from 200 to 599$/,
    ],
    [
      { on: { backEnd: 'moon' }, what: { kind: 'hang' } },
      /^on.backEnd: "moon"; it must be one of proxmox, kubernetes, tenant$/,
    ],
    [
      { on: { backEnd: 'proxmox', path: 'version' }, what: { kind: 'hang' } },
      /^on.path: "version"; it must be a path that begins with \//,
    ],
    [
      { on: { backEnd: 'proxmox' }, when: { share: 2 }, what: { kind: 'hang' } },
      /^when.share: 2; it must be a number greater than 0/,
    ],
    [
      { on: { backEnd: 'proxmox' }, when: { for: 'long' }, what: { kind: 'hang' } },
      /^when.for: "long"; it must be a time like 250ms/,
    ],
    [
      { on: { backEnd: 'proxmox' }, what: { kind: 'host-lost' } },
      /^on.node: is not given; host-lost must name one$/,
    ],
    [
      { on: { backEnd: 'proxmox', node: 'pve9' }, what: { kind: 'host-lost' } },
      /^on.node: "pve9"; there is none; there are: pve1, pve2, pve3$/,
    ],
    [
      { on: { backEnd: 'proxmox', user: 'a@pve' }, what: { kind: 'token-loses', privilege: 'VM.Fly' } },
      /^what.privilege: "VM.Fly"; it must be one of Datastore/,
    ],
    [
      { on: { backEnd: 'proxmox', vmid: 100 }, what: { kind: 'lock-held', lok: 1 } },
      /^what.lok: 1; there is no such field; there are: kind, lock$/,
    ],
  ]
  for (const [spec, message] of refusals)
    await assert.rejects(lab.faults.add(spec as FaultSpec), (error: Error) => {
      assert.equal(error.name, 'FaultError')
      assert.match(error.message, message)
      return true
    })
  assert.deepEqual(lab.faults.list(), [])
})

test('the same is asked for over HTTP, by who has the token', async () => {
  const { LAB_URL: url = '', LAB_TOKEN: token = '' } = lab.environment
  const ask = async (
    method: string,
    path: string,
    body?: string,
    bearer = token,
  ): Promise<[number, unknown]> => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${bearer}` },
      ...(body === undefined ? {} : { body }),
    })
    return [response.status, await response.json()]
  }
  assert.equal((await ask('GET', '/faults', undefined, 'wrong'))[0], 401)
  const spec = {
    on: { backEnd: 'proxmox', path: '/version' },
    what: { kind: 'answer', status: 503 },
    when: { for: '1h' },
  }
  const [status, fault] = await ask('POST', '/faults', JSON.stringify(spec))
  assert.equal(status, 201)
  const { id, when } = fault as { id: string; when: object }
  assert.deepEqual(when, { for: 3_600_000 })
  assert.equal((await call('proxmox', 'GET', '/version')).status, 503)
  assert.deepEqual(await ask('GET', '/faults'), [200, { faults: lab.faults.list() }])
  assert.deepEqual(await ask('DELETE', `/faults/${id}`), [200, { cleared: 1 }])
  assert.equal((await ask('DELETE', `/faults/${id}`))[0], 404)
  assert.deepEqual(await ask('POST', '/faults', '{'), [
    422,
    { error: 'fault: "{"; it must be JSON', field: 'fault', value: '{', rule: 'it must be JSON' },
  ])
})
