import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printUpid } from '@fochista/proxmox'
import { createTaskTimes } from './task-times.ts'

const START = Date.parse('2026-01-01T00:00:00Z')
let pid = 0

function aTask(type = 'qmclone', id = '9000'): string {
  pid += 1
  return printUpid({ node: 'pve1', pid, pstart: 1, starttime: START / 1000, type, id, user: 'f@pve!t' })
}

/** Follows a task that takes `ms` to its end. @returns how often it was looked at, and how late its end was noticed */
function follow(times: ReturnType<typeof createTaskTimes>, upid: string, ms: number) {
  times.began(upid, START)
  let now = START
  let looks = 0
  while (now < START + ms) {
    now += times.pause(upid, now)
    looks += 1
  }
  times.ended(upid, now)
  return { looks, late: now - START - ms }
}

test('the first task of its kind is looked at often and then less', () => {
  const { looks, late } = follow(createTaskTimes(), aTask(), 10_000)
  assert.ok(looks < 80, `${looks} looks`)
  assert.ok(late < 450, `${late} ms late`)
})

test('the next ones are looked at when their end is near', () => {
  const times = createTaskTimes()
  follow(times, aTask(), 10_000)
  for (const ms of [10_000, 10_200, 9900, 10_000]) {
    const { looks, late } = follow(times, aTask(), ms)
    assert.ok(looks <= 15, `${looks} looks`)
    assert.ok(late <= 250, `${late} ms late`)
  }
})

test('tasks that have become much longer or shorter are learned anew, without a storm of looks', () => {
  const times = createTaskTimes()
  follow(times, aTask(), 1000)
  assert.ok(follow(times, aTask(), 60_000).looks < 120)
  for (let task = 0; task < 4; task += 1) follow(times, aTask(), 500)
  assert.ok(follow(times, aTask(), 500).late <= 60)
})

test('a task that an earlier process began is timed by its UPID and teaches nothing', () => {
  const times = createTaskTimes()
  const upid = aTask()
  assert.equal(times.pause(upid, START + 6000), 250)
  times.ended(upid, START + 600_000)
  assert.equal(times.pause(aTask(), START), 50)
})
