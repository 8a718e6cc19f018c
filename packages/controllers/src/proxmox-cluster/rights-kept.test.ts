import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProxmoxRight } from '@fochista/api'
import { createPacer } from '@fochista/proxmox'
import { createManualClock } from '../test/manual-clock.ts'
import { createKeptRights } from './rights-kept.ts'

function someRights(count: number) {
  const clock = createManualClock()
  const asked: string[] = []
  const revoked = new Set<string>()
  const rights = createKeptRights({
    clock,
    pacer: createPacer({ clock }),
    hypervisor: {
      privileges: (path) => {
        asked.push(path)
        return Promise.resolve(revoked.has(path) ? [] : ['VM.Allocate'])
      },
    },
  })
  const needed = Array.from({ length: count }, (_, index) => ({
    path: `/pool/${index}`,
    privileges: ['VM.Allocate'],
  })) as unknown as ProxmoxRight[]
  return { clock, asked, revoked, rights, needed }
}

test('a right is asked for once while its answer is believed; a namespace more costs one question', async () => {
  const { clock, asked, rights, needed } = someRights(100)
  await rights.missing(needed.slice(0, 99))
  assert.equal(asked.length, 99)
  await clock.advance(60_000)
  await rights.missing(needed)
  assert.deepEqual(asked.slice(99), ['/pool/99'])
})

test('old answers are asked for anew, a few with each look, the oldest first', async () => {
  const { clock, asked, revoked, rights, needed } = someRights(7)
  await rights.missing(needed)
  await clock.advance(600_000)
  revoked.add('/pool/4')
  assert.deepEqual(await rights.missing(needed), [])
  assert.equal(asked.length, 10)
  assert.deepEqual(await rights.missing(needed), [{ path: '/pool/4', privileges: ['VM.Allocate'] }])
  assert.equal(asked.length, 13)
})

test('what lacks is asked for with each look, so that a grant is seen at once', async () => {
  const { clock, revoked, rights, needed } = someRights(20)
  revoked.add('/pool/3')
  assert.equal((await rights.missing(needed)).length, 1)
  revoked.clear()
  await clock.advance(5000)
  assert.deepEqual(await rights.missing(needed), [])
})
