import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxmoxRights, proxmoxRoles } from '@fochista/api'
import { testIo } from '../../test-io.ts'
import { clockFinding } from './clock.ts'
import { ok, warning, wrong } from './finding.ts'
import { printFindings } from './print.ts'
import { grantCommands, tokenCommands } from './pveum.ts'
import { vmidFindings } from './vmids.ts'
import type { Target } from './target.ts'

const use = {
  pools: ['fochista-a'],
  fence: 'fence',
  templates: [9000],
  disks: ['nfs'],
  images: ['nfs'],
  networks: [{ bridge: 'vmbr0', vlan: 7 }],
}
const rights = proxmoxRights(use)
const on = (path: string) => rights.filter((right) => right.path === path)

test('a right is granted with all that is needed on its path, to whom it lacks', () => {
  const lines = grantCommands(
    { tokenId: 'a@pve!b', user: [], token: on('/vms/9000') },
    new Map(),
    proxmoxRoles,
  )
  assert.deepEqual(lines, [
    "pveum role add FochistaTemplate --privs 'VM.Audit VM.Clone'",
    "pveum acl modify /vms/9000 --tokens 'a@pve!b' --roles FochistaTemplate",
  ])
})

test('a storage for disks and images gets both roles; a role that holds too little gets the rest; one that holds enough is left', () => {
  const has = new Map([
    ['FochistaDisks', ['Datastore.Audit']],
    ['FochistaImages', [...proxmoxRoles.FochistaImages, 'Sys.Audit']],
  ])
  const both = on('/storage/nfs')
  assert.deepEqual(grantCommands({ tokenId: 'a@pve!b', user: both, token: both }, has, proxmoxRoles), [
    'pveum role modify FochistaDisks --privs Datastore.AllocateSpace --append 1',
    "pveum acl modify /storage/nfs --users a@pve --tokens 'a@pve!b' --roles FochistaDisks,FochistaImages",
  ])
})

test('what names hold is no part of the command line', () => {
  assert.deepEqual(tokenCommands("o'neil x@pve!t"), [
    String.raw`pveum user add 'o'\''neil x@pve' --comment 'Fochista controllers'`,
    String.raw`pveum user token add 'o'\''neil x@pve' t --privsep 1`,
  ])
})

test('a clock is judged by what no way there and back explains', () => {
  const between = { asked: 1_000_000, answered: 1_003_000 }
  const state = (theirs: number): [string, unknown] => {
    const finding = clockFinding('c', 's', theirs, between)
    return [finding.state, finding.facts?.['differenceSeconds']]
  }
  assert.deepEqual(state(1_002_000), ['ok', 0])
  assert.deepEqual(state(1_007_999), ['ok', 5])
  assert.deepEqual(state(1_013_000), ['warning', 10])
  assert.deepEqual(state(900_000), ['wrong', -100])
})

test('a used-up range is wrong, one that another ProxmoxCluster draws from too', () => {
  const spec = (start: number, end: number) => ({ vmidRange: { start, end } })
  const target = {
    name: 'dc1',
    cluster: { metadata: { name: 'dc1' }, spec: spec(100, 101) },
    resources: [{ vmid: 100 }, { vmid: 101 }, { vmid: 102 }],
  } as unknown as Target
  const other = { metadata: { name: 'dc2' }, spec: spec(101, 200) } as unknown as Target['cluster']
  assert.deepEqual(
    vmidFindings(target, [other]).map(({ check, state, facts }) => [
      check,
      state,
      facts?.['free'] ?? facts?.['other'],
    ]),
    [
      ['proxmox.vmids', 'wrong', 0],
      ['proxmox.vmids.overlap', 'wrong', 'dc2'],
    ],
  )
})

test('findings are printed for people, for programs, and as commands to run', () => {
  const findings = [
    ok('a.b', 'x', 'Well.', { n: 1 }),
    warning('c', 'y\u001b[31m', 'So so.', 'Look.'),
    wrong('d', 'z', 'Bad.', 'Do this:', { commands: ['pveum one', 'qm two'] }),
  ]
  const printed = (format: 'table' | 'json' | 'pveum'): string => {
    const io = testIo()
    printFindings(io, format, findings)
    return io.stdout
  }
  assert.equal(
    printed('table'),
    'ok     a.b  x: Well.\nnote   c    y [31m: So so.\n       → Look.\nWRONG  d    z: Bad.\n       → Do this:\n         pveum one\n         qm two\n',
  )
  assert.deepEqual(JSON.parse(printed('json')), { ok: false, findings })
  assert.equal(printed('pveum'), 'pveum one\n')
})
