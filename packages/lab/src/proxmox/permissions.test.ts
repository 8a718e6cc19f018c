import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLabClock } from '../clock.ts'
import { can, grantsOn, judge, privilegesOn, type Identity } from './permissions.ts'
import { createProxmoxWorld, type ProxmoxWorld } from './world.ts'

const OPS: Identity = { user: 'ops@pve' }
const SEPARATED: Identity = { user: 'ops@pve', token: 'sep' }
const WHOLE: Identity = { user: 'ops@pve', token: 'whole' }

function cluster(): ProxmoxWorld {
  const world = createProxmoxWorld(createLabClock())
  world.access.groups.set('staff', {})
  world.access.users.set('ops@pve', { enable: true, groups: new Set(['staff']) })
  world.access.tokens.set('ops@pve!sep', { secret: 's', privsep: true, expire: 0 })
  world.access.tokens.set('ops@pve!whole', { secret: 's', privsep: false, expire: 0 })
  return world
}

function grant(world: ProxmoxWorld, path: string, ugid: string, roleid: string, propagate = true): void {
  const type = ugid.includes('!') ? 'token' : ugid.includes('@') ? 'user' : 'group'
  world.access.acl.push({ path, type, ugid, roleid, propagate })
}

test('a separated token has what both it and its user have, another what its user has', () => {
  const world = cluster()
  grant(world, '/vms/100', 'ops@pve', 'PVEVMUser')
  assert.equal(can(world, WHOLE, '/vms/100', ['VM.PowerMgmt']), true)
  assert.equal(can(world, SEPARATED, '/vms/100', ['VM.PowerMgmt']), false)
  grant(world, '/vms', 'ops@pve!sep', 'PVEVMAdmin')
  assert.equal(can(world, SEPARATED, '/vms/100', ['VM.PowerMgmt']), true)
  assert.equal(can(world, SEPARATED, '/vms/100', ['VM.Allocate']), false)
})

test('a separated token of root has its own rights alone, and is never root', () => {
  const world = cluster()
  world.access.tokens.set('root@pam!t', { secret: 's', privsep: true, expire: 0 })
  const token: Identity = { user: 'root@pam', token: 't' }
  assert.equal(privilegesOn(world, token, '/').size, 0)
  grant(world, '/', 'root@pam!t', 'Administrator')
  assert.equal(can(world, token, '/vms/1', ['VM.Allocate']), true)
  assert.equal(judge(world, token, 'root@pam', {}), 'user != root@pam')
  assert.equal(judge(world, { user: 'root@pam' }, 'root@pam', {}), undefined)
})

test('what is set deeper replaces what was inherited, and NoAccess takes all', () => {
  const world = cluster()
  grant(world, '/vms', 'ops@pve', 'PVEVMAdmin')
  grant(world, '/vms/100', 'ops@pve', 'PVEAuditor')
  grant(world, '/vms/101', 'ops@pve', 'NoAccess')
  assert.equal(can(world, OPS, '/vms/99', ['VM.Allocate']), true)
  assert.equal(can(world, OPS, '/vms/100', ['VM.Allocate']), false)
  assert.equal(can(world, OPS, '/vms/100', ['VM.Audit']), true)
  assert.equal(can(world, OPS, '/vms/101', ['VM.Audit']), false)
})

test('a user beats its groups on the same level, and what does not propagate stays where it is', () => {
  const world = cluster()
  grant(world, '/nodes', 'staff', 'PVEAuditor', false)
  assert.deepEqual(grantsOn(world, OPS, '/nodes').get('Sys.Audit'), false)
  assert.equal(can(world, OPS, '/nodes/pve1', ['Sys.Audit']), false)
  grant(world, '/vms', 'staff', 'PVEVMAdmin')
  grant(world, '/vms', 'ops@pve', 'PVEAuditor')
  assert.equal(can(world, OPS, '/vms/1', ['VM.Allocate']), false)
})

test('a pool adds its rights to its members, and its NoAccess takes theirs', () => {
  const world = cluster()
  world.pools.set('web', { vms: new Set([100]), storages: new Set(['ssd']) })
  grant(world, '/pool/web', 'ops@pve', 'PVEVMUser')
  grant(world, '/storage/ssd', 'ops@pve', 'PVEDatastoreUser')
  assert.equal(can(world, OPS, '/vms/100', ['VM.PowerMgmt']), true)
  assert.equal(can(world, OPS, '/vms/101', ['VM.PowerMgmt']), false)
  assert.equal(can(world, OPS, '/storage/ssd', ['Datastore.Audit']), true)
  world.access.acl.length = 0
  grant(world, '/pool/web', 'ops@pve', 'NoAccess')
  grant(world, '/vms/100', 'ops@pve', 'PVEVMUser')
  assert.equal(can(world, OPS, '/vms/100', ['VM.PowerMgmt']), false)
})

test('a refusal names the first missing privilege, all of them where one would do, and nothing for an either-or', () => {
  const world = cluster()
  grant(world, '/vms/100', 'ops@pve', 'PVETemplateUser')
  const perm = (privileges: string[], ...more: unknown[]): string | undefined =>
    judge(world, OPS, ['perm', '/vms/{vmid}', privileges, ...more], { vmid: '100' })
  assert.equal(perm(['VM.Audit', 'VM.Clone']), undefined)
  assert.equal(perm(['VM.Audit', 'VM.PowerMgmt', 'VM.Console']), '/vms/100, VM.PowerMgmt')
  assert.equal(perm(['VM.Console', 'VM.Backup'], 'any', 1), '/vms/100, VM.Console|VM.Backup')
  assert.equal(
    judge(world, OPS, ['or', ['perm', '/', ['Sys.Audit']], ['perm', '/nodes/{node}', ['Sys.Audit']]], {}),
    '',
  )
})
