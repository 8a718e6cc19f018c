import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiSchema } from '@fochista/proxmox/schema'
import { findRoute } from '../routes.ts'
import { verifyParams } from './params.ts'

const create = apiSchema.paths['/nodes/{node}/qemu']?.POST
const update = apiSchema.paths['/nodes/{node}/qemu/{vmid}/config']?.PUT

/** What is said about parameters of a create. */
function errorsOf(params: Record<string, unknown>, call = create): Record<string, string> | undefined {
  assert.ok(call)
  return verifyParams(call, { node: 'pve1', ...params }).errors
}

test('several wrong parameters are reported together, the first check that fails of each', () => {
  assert.deepEqual(errorsOf({ vmid: 'abc', cores: '0', foo: '1' }), {
    vmid: "type check ('integer') failed - got 'abc'",
    cores: 'value must have a minimum value of 1',
    foo: 'property is not defined in schema and the schema does not allow additional properties',
  })
  assert.deepEqual(errorsOf({}), { vmid: 'property is missing and it is not optional' })
})

test('formats say what a text does not look like', () => {
  assert.deepEqual(errorsOf({ vmid: '50', name: 'a_b', tags: 'a b!' }), {
    vmid: 'invalid format - value does not look like a valid VM ID\n',
    name: 'invalid format - value does not look like a valid DNS name\n',
    tags: 'invalid format - invalid characters in tag\n',
  })
})

test('property strings name the field that is wrong, and the inner format twice ended', () => {
  const of = (key: string, value: string): string | undefined =>
    errorsOf({ vmid: '100', [key]: value })?.[key]
  assert.equal(
    of('net0', 'bridge=vmbr0'),
    'invalid format - format error\nnet0.model: property is missing and it is not optional\n',
  )
  assert.equal(
    of('net0', 'virtio=01:00:5e:00:00:01'),
    'invalid format - format error\nnet0.macaddr: invalid format - value does not look like a valid unicast MAC address\n\n',
  )
  assert.equal(
    of('net0', 'virtio,model=e1000'),
    'invalid format - duplicate key in comma-separated list property: model\n',
  )
  assert.equal(
    of('agent', '1,type'),
    'invalid format - duplicate key in comma-separated list property: enabled\n',
  )
  assert.equal(
    of('ipconfig0', 'gw=10.0.0.1'),
    "invalid format - format error\nipconfig0.ip: missing property required by 'ipconfig0.gw'\n",
  )
  assert.equal(
    of('cpu', 'nope'),
    "invalid format - Built-in cputype 'nope' is not defined (missing 'custom-' prefix?)\n",
  )
  assert.equal(of('agent', 'on'), undefined)
})

test('an index outside its range is no parameter', () => {
  assert.equal(errorsOf({ vmid: '100', ide3: 'none,media=cdrom' }), undefined)
  assert.deepEqual(Object.keys(errorsOf({ vmid: '100', ide4: 'none,media=cdrom', net01: 'virtio' }) ?? {}), [
    'ide4',
    'net01',
  ])
})

test('what needs another parameter puts its error there', () => {
  assert.deepEqual(errorsOf({ vmid: '100', force: '1' }, update), {
    delete: "missing property required by 'force'",
  })
})

test('JSON values keep their type: booleans only where booleans are, null is absent', () => {
  assert.deepEqual(errorsOf({ vmid: 100, name: true, description: null, onboot: true }), {
    name: "type check ('string') failed - got JSON::PP::Boolean",
  })
  assert.deepEqual(errorsOf({ vmid: [100], name: { a: 1 } }), {
    vmid: "type check ('integer') failed - got ARRAY",
    name: "type check ('string') failed - got HASH",
  })
})

test('handlers get text: numbers and booleans printed, lists joined where the format is a list', () => {
  assert.ok(update)
  const { params } = verifyParams(update, {
    node: 'pve1',
    vmid: 100,
    cores: 2,
    onboot: true,
    delete: ['name', 'tags'],
  })
  assert.deepEqual(params, { node: 'pve1', vmid: '100', cores: '2', onboot: '1', delete: 'name,tags' })
})

test('a volume takes the rest of its path, slashes included', () => {
  const route = findRoute('GET', '/nodes/pve1/storage/local/content/local:iso/a.iso')
  assert.equal(route?.uriParams['volume'], 'local:iso/a.iso')
  assert.equal(findRoute('GET', '/nodes/pve1/foo'), undefined)
  assert.equal(findRoute('PUT', '/cluster/nextid'), undefined)
})
