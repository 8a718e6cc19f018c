import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { apiSchema, type Method, PVE_VERSION } from '../schema/index.ts'
import type { Proxmox } from './client.ts'
import {
  type DeleteCalls,
  generatedFrom,
  type GetCalls,
  type PostCalls,
  type PutCalls,
} from './generated/calls.ts'
import { parsePropertyString, printPropertyString } from './property-string.ts'

// The compiler judges what stands here; nothing of it runs.
const path = { node: 'pve1', vmid: 9000 }
export const mustCompile = (proxmox: Proxmox) => [
  () =>
    proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { path, body: { newid: 412, name: 'a', full: true } }),
  () =>
    proxmox.put('/nodes/{node}/qemu/{vmid}/config', {
      path,
      body: { net0: 'virtio', scsi30: 'x', memory: '2048' },
    }),
  () => proxmox.get('/nodes'),
  () => proxmox.get('/cluster/resources', { query: { type: 'vm' }, timeoutMs: 5 }),
  // @ts-expect-error a clone without newid
  () => proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { path, body: {} }),
  // @ts-expect-error a clone without any parameter
  () => proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { path }),
  // @ts-expect-error a clone of which machine?
  () => proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { body: { newid: 412 } }),
  // @ts-expect-error a path without its node
  () => proxmox.get('/nodes/{node}/qemu/{vmid}/config', { path: { vmid: 9000 } }),
  // @ts-expect-error nothing at all
  () => proxmox.get('/nodes/{node}/qemu/{vmid}/config'),
  // @ts-expect-error a number that is a text
  () => proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { path, body: { newid: '412' } }),
  // @ts-expect-error an unknown parameter
  () => proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { path, body: { newid: 412, nonsense: 1 } }),
  // @ts-expect-error a word that is not in the enumeration
  () => proxmox.get('/cluster/resources', { query: { type: 'qemu' } }),
  // @ts-expect-error a path that does not exist
  () => proxmox.get('/nodes/{node}/nonsense', { path: { node: 'a' } }),
  // @ts-expect-error a method that this path does not have
  () => proxmox.delete('/nodes', {}),
  // @ts-expect-error GET has a query and no body
  () => proxmox.get('/cluster/resources', { body: { type: 'vm' } }),
]
export const resultsAreTyped = async (proxmox: Proxmox): Promise<unknown[]> => {
  const upid: string = await proxmox.post('/nodes/{node}/qemu/{vmid}/clone', { path, body: { newid: 412 } })
  const config = await proxmox.get('/nodes/{node}/qemu/{vmid}/config', { path })
  const cores: number | undefined = config.cores
  const net: string | undefined = config.net3
  // @ts-expect-error a config has no such key
  const none: unknown = config.nonsense
  return [upid, cores, net, none]
}
export const propertyStringsAreTyped = (): unknown[] => {
  const net = parsePropertyString('net', 'virtio')
  const tag: number | undefined = net.tag
  const full = parsePropertyString('qm.net', 'virtio')
  const bridge: string | undefined = full.bridge
  // @ts-expect-error a network card has no such field
  const none: unknown = net.nonsense
  // @ts-expect-error a model that does not exist
  const wrong = (): string => printPropertyString('net', { model: 'modem' })
  return [tag, bridge, none, wrong]
}

type Has<Calls, Path extends keyof Calls> = Path
/** A call of each method, and the compiler's word that the four maps hold it. */
export type Samples = [
  Has<GetCalls, '/access/tfa/{userid}/{id}'>,
  Has<PostCalls, '/nodes/{node}/storage/{storage}/download-url'>,
  Has<PutCalls, '/cluster/sdn/vnets/{vnet}/subnets/{subnet}'>,
  Has<DeleteCalls, '/nodes/{node}/qemu/{vmid}/firewall/ipset/{name}/{cidr}'>,
]

test('every one of the 649 calls is typed, under its path template', () => {
  const text = readFileSync(new URL('./generated/calls.ts', import.meta.url), 'utf8')
  let count = 0
  for (const [name, body] of text
    .matchAll(/export interface (\w+)Calls \{\n(.*?)\n\}/gs)
    .map(([, name = '', body = '']) => [name, body])) {
    const method = String(name).toUpperCase() as Method
    const typed = [...String(body).matchAll(/^ {2}'([^']+)': \{ path: /gm)].map(([, template]) => template)
    const known = Object.keys(apiSchema.paths).filter((template) => apiSchema.paths[template]?.[method])
    assert.deepEqual(typed, known.toSorted(), method)
    count += typed.length
  }
  assert.equal(count, 649)
  assert.equal(apiSchema.counts['methods'], 649)
})

test('the types come from the pinned schema', () => {
  const pinned = readFileSync(new URL('../schema/VERSION', import.meta.url), 'utf8').trim()
  assert.deepEqual([generatedFrom, PVE_VERSION], [pinned, pinned])
})
