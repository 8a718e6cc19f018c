import assert from 'node:assert/strict'
import { test } from 'node:test'
import { callOf } from './proxmox/checks.ts'
import { addVm, startHost } from './proxmox/host.ts'
import { asAnswer, noPermission, normal, wrongParameters, type Refusal } from './proxmox/oracle.ts'
import { ofConfig } from './proxmox/states/config.ts'
import { ofDisks } from './proxmox/states/disks.ts'
import { ofGuests } from './proxmox/states/guests.ts'
import { ofHeld } from './proxmox/states/held.ts'
import { ofMissing } from './proxmox/states/missing.ts'
import { USUAL, type Row } from './proxmox/states/state.ts'

const ROWS: readonly Row[] = [...ofGuests, ...ofDisks, ...ofConfig, ...ofHeld, ...ofMissing]

const host = startHost()
const { world } = host
const like = world.storages.get('local')
const other = world.hosts.get('pve2')
if (!like || !other) throw new TypeError('the world has no such storage or host')
world.hosts.set('pve3', { ...other, name: 'pve3', id: 3, online: false })
world.storages.set('off1', { ...like, name: 'off1', disabled: true })
world.storages.set('othernode', { ...like, name: 'othernode', nodes: ['pve2'] })
world.storages.set('here', { ...like, name: 'here', type: 'lvmthin', nodes: ['pve1'] })
world.storages.set('isos', { ...like, name: 'isos', content: ['iso'] })
addVm(world, 101, { scsi0: 'local-lvm:vm-101-disk-0,size=2G' })
addVm(world, 200, {}, { node: 'pve2' })

/** Puts VM 100 as a row wants it, whatever became of it before. */
function prepare([, , { config = {}, facts = {} }]: Row): void {
  for (const vmid of [100, 555]) {
    world.vms.delete(vmid)
    for (const [key, volume] of world.volumes) if (volume.vmid === vmid) world.volumes.delete(key)
  }
  const whole: Record<string, string> = {}
  for (const [key, value] of Object.entries({ ...USUAL, ...config }))
    if (value !== undefined) whole[key] = value
  const snapshots =
    facts.snapshots && new Map([...facts.snapshots].map(([name, section]) => [name, { ...section }]))
  addVm(world, 100, whole, { ...facts, ...(snapshots && { snapshots }) })
}

function refusalOf(wanted: string): Refusal | undefined {
  const [, status = '', text = ''] = /^(\d+)(?: ([^]*))?$/.exec(wanted) ?? []
  if (status === '400') {
    const [, names = '', problem = ''] = /^([^:]+): ([^]*)$/.exec(text) ?? []
    return wrongParameters(Object.fromEntries(names.split(', ').map((name) => [name, problem])))
  }
  if (status === '403') return noPermission(text.slice(1, -1))
  return status === '' || status === '200' ? undefined : { status: Number(status), text }
}

/** What came of a row, in its words; undefined where it is what it has to be. */
async function differing(row: Row, format: string): Promise<string | undefined> {
  const [call, params, , words] = row
  const wanted = words.replace(/^\?/, '')
  prepare(row)
  const answer = await host.ask(callOf(host.root, call, params, format))
  const refusal = refusalOf(wanted)
  if (refusal) {
    const right = asAnswer(refusal, format === 'extjs' ? 'extjs' : 'json')
    const got = normal(answer)
    return got.line === right.line && got.body === right.body ? undefined : `${got.line} ${got.body}`
  }
  if (answer.line !== '200 OK') return `${answer.line} ${answer.body}`
  if (wanted === '200') return undefined
  const ended = `task ${await host.ended(answer)}`
  // The words of more lines stand in one.
  return ended === wanted.replaceAll('\n', ' ').trimEnd() || ended === wanted ? undefined : ended
}

test('each call in a state that it is not meant for, or about something that is not there, ends as the original’s does', async (t) => {
  const problems: string[] = []
  for (const row of ROWS)
    for (const format of ['json', 'extjs']) {
      const got = await differing(row, format)
      if (got !== undefined)
        problems.push(`${row[0]} ${JSON.stringify(row[1])} ${JSON.stringify(row[2])}\n  ${got}\n  ${row[3]}`)
    }
  const unrecorded = ROWS.filter(([, , , wanted]) => wanted.startsWith('?')).length
  t.diagnostic(
    `${ROWS.length} calls in a state, each in two formats; ${unrecorded} of them without recorded words`,
  )
  assert.equal(problems.length, 0, `${problems.length} differ, as:\n${problems.slice(0, 40).join('\n')}`)
  assert.ok(ROWS.length > 600)
})
