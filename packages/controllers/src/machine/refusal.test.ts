import assert from 'node:assert/strict'
import { test } from 'node:test'
import { proxmoxRoles } from '@fochista/api'
import { ProxmoxApiError } from '@fochista/proxmox'
import { aWorld } from '../test/a-world.ts'
import { aMachine, placed } from '../test/factories.ts'

const call = { method: 'POST', path: '/nodes/pve1/qemu/9000/clone' }
const everything = Object.values(proxmoxRoles).flat() as string[]

function aRefused(reason: string, lacks: (path: string) => readonly string[]) {
  const world = aWorld()
  const machine = world.has(aMachine({ spec: placed }))
  const { hypervisor } = world.proxmox
  hypervisor.clone = () => Promise.reject(new ProxmoxApiError(call, 403, reason))
  hypervisor.privileges = (path) =>
    Promise.resolve(everything.filter((privilege) => !lacks(path).includes(privilege)))
  return {
    world,
    said: async () => {
      await assert.rejects(world.look(machine))
      return [world.condition('Cloned')?.reason, world.condition('Cloned')?.message]
    },
  }
}

test('a refusal that names its right is said with the command that prints how to grant it', async () => {
  const { said } = aRefused('Permission check failed (/vms/9000, VM.Clone)', () => [])
  assert.deepEqual(await said(), [
    'PermissionDenied',
    'The token lacks VM.Clone on /vms/9000. The commands that grant it: `fochista doctor -o pveum`.',
  ])
})

test('a refusal without a word is looked into: which of the rights that the machine needs is missing', async () => {
  const { said } = aRefused('Permission check failed', (path) =>
    path.startsWith('/pool/fochista-acme') ? ['VM.Allocate'] : [],
  )
  assert.deepEqual(await said(), [
    'PermissionDenied',
    'The token lacks VM.Allocate on /pool/fochista-acme. The commands that grant it: `fochista doctor -o pveum`.',
  ])
})

test('a call that a lock refuses names the VM that is locked, a template too, and what ends a lock that nobody holds', async () => {
  const { world, said } = aRefused('', () => [])
  world.proxmox.hypervisor.clone = () =>
    Promise.reject(new ProxmoxApiError(call, 500, 'VM is locked (backup)'))
  assert.deepEqual(await said(), [
    'Failed',
    'VM 9000 is locked (backup); waiting for whoever holds it. If nobody does any more, on pve1: `qm unlock 9000`.',
  ])
})

test('where nothing is found to be missing the refusal speaks for itself', async () => {
  const { said } = aRefused('Permission check failed', () => [])
  assert.deepEqual(await said(), [
    'PermissionDenied',
    'POST /nodes/pve1/qemu/9000/clone failed with 403: Permission check failed',
  ])
})

test('a token that is refused, or may not see the templates, is said of the machine with what to do about it', async () => {
  const { world, said } = aRefused('', () => [])
  world.proxmox.hypervisor.clone = () =>
    Promise.reject(new ProxmoxApiError(call, 401, 'Authentication failed!'))
  assert.match(String(await said()), /Authentication failed! .*`fochista proxmox add dc1 --token-id …/)
  const blind = aWorld()
  const machine = blind.has(aMachine())
  blind.proxmox.vms.clear()
  blind.proxmox.hypervisor.privileges = () => Promise.resolve(everything)
  await blind.look(machine)
  assert.equal(blind.condition('Placed')?.reason, 'TemplateNotFound')
  blind.proxmox.hypervisor.privileges = () =>
    Promise.resolve(everything.filter((privilege) => privilege !== 'VM.Audit'))
  blind.dies()
  await blind.look(machine)
  assert.match(
    `${blind.condition('Placed')?.reason} ${blind.condition('Placed')?.message}`,
    /^PermissionDenied The token lacks VM\.Audit on \/vms\b.*doctor -o pveum/,
  )
})
