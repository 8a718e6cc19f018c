import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLabClock } from '../../clock.ts'
import { TokenCache } from './token-cache.ts'

const bot = { user: { username: 'bot', groups: [] }, audiences: ['a'] }

test('what a token turned out to be is believed for ten seconds, a refusal not at all', async () => {
  let looks = 0
  const look = () => (looks++, bot)
  const slow = new TokenCache(createLabClock(0.001))
  assert.equal(slow.find('t', ['a'], look), bot)
  assert.equal(slow.find('t', ['a'], look), bot)
  assert.equal(looks, 1)
  slow.find('t', ['b'], look)
  assert.equal(looks, 2)
  for (const _ of [1, 2]) slow.find('other', ['a'], () => (looks++, { error: 'no' }))
  assert.equal(looks, 4)
  // A lab so fast that ten seconds are over at once.
  const fast = new TokenCache(createLabClock(1e12))
  for (const _ of [1, 2]) {
    fast.find('t', ['a'], look)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.equal(looks, 6)
})
