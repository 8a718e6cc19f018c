import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LabClock } from '../../clock.ts'
import { createProxmoxWorld } from '../world.ts'
import {
  createConsoleTicket,
  createCsrfToken,
  createTicket,
  isConsoleTicket,
  isCsrfToken,
  readTicket,
} from './tickets.ts'

/** A clock that stands until it is told to go on. */
function standingClock(): LabClock & { advance(seconds: number): void } {
  let now = 1_800_000_000_000
  return {
    speed: 1,
    now: () => now,
    advance: (seconds) => {
      now += seconds * 1000
    },
    setTimeout: () => () => {},
    sleep: () => Promise.resolve(),
  }
}

test('a ticket names its user for two hours, and no longer', () => {
  const clock = standingClock()
  const world = createProxmoxWorld(clock)
  const ticket = createTicket(world, 'ops@pve')
  assert.match(ticket, /^PVE:ops@pve:[0-9A-F]{8}::.+$/)
  assert.equal(readTicket(world, ticket), 'ops@pve')
  clock.advance(7199)
  assert.equal(readTicket(world, ticket), 'ops@pve')
  clock.advance(1)
  assert.equal(readTicket(world, ticket), undefined)
})

test('a ticket that was changed, or comes from another cluster, is none', () => {
  const clock = standingClock()
  const world = createProxmoxWorld(clock)
  const ticket = createTicket(world, 'ops@pve')
  assert.equal(readTicket(world, ticket.replace('ops', 'root')), undefined)
  assert.equal(readTicket(world, `${ticket}x`), undefined)
  assert.equal(readTicket(world, 'nonsense'), undefined)
  assert.equal(readTicket(createProxmoxWorld(clock), ticket), undefined)
})

test('a CSRF token serves its user alone', () => {
  const clock = standingClock()
  const world = createProxmoxWorld(clock)
  const token = createCsrfToken(world, 'ops@pve')
  assert.equal(isCsrfToken(world, token, 'ops@pve'), true)
  assert.equal(isCsrfToken(world, token, 'root@pam'), false)
  assert.equal(isCsrfToken(world, undefined, 'ops@pve'), false)
  clock.advance(7200)
  assert.equal(isCsrfToken(world, token, 'ops@pve'), false)
})

test('a console ticket holds for forty seconds, for one user, path and port, with its password before it or not', () => {
  const clock = standingClock()
  const world = createProxmoxWorld(clock)
  const ticket = createConsoleTicket(world, 'ops@pve!web', '/vms/100', 5901)
  assert.equal(isConsoleTicket(world, ticket, 'ops@pve!web', '/vms/100', 5901), true)
  assert.equal(isConsoleTicket(world, `H1J=&7NY:${ticket}`, 'ops@pve!web', '/vms/100', 5901), true)
  assert.equal(isConsoleTicket(world, ticket, 'ops@pve', '/vms/100', 5901), false)
  assert.equal(isConsoleTicket(world, ticket, 'ops@pve!web', '/vms/101', 5901), false)
  assert.equal(isConsoleTicket(world, ticket, 'ops@pve!web', '/vms/100', 5902), false)
  clock.advance(40)
  assert.equal(isConsoleTicket(world, ticket, 'ops@pve!web', '/vms/100', 5901), false)
})
