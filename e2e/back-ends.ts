import assert from 'node:assert/strict'
import { Agent, request } from 'node:https'
import { readFile } from 'node:fs/promises'
import type { Bench } from './harness.ts'

/** A plain HTTPS call with no SDK of ours: what it sees, any client sees. */
export async function call(
  bench: Pick<Bench, 'environment'>,
  backEnd: 'proxmox' | 'kubernetes',
  method: string,
  path: string,
  options: { body?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: unknown }> {
  const { environment } = bench
  const proxmox = backEnd === 'proxmox'
  const url = new URL(path, proxmox ? environment['PROXMOX_URL'] : environment['KAMAJI_URL'])
  const authorization = proxmox
    ? `PVEAPIToken=${environment['PROXMOX_TOKEN_ID']}=${environment['PROXMOX_SECRET']}`
    : `Bearer ${environment['KAMAJI_TOKEN']}`
  const ca = await readFile(environment[proxmox ? 'PROXMOX_CA' : 'KAMAJI_CA'] ?? '', 'utf8')
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false, ca })
    const call = request(
      url,
      { method, agent, headers: { authorization, ...options.headers } },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            body: text ? (JSON.parse(text) as unknown) : undefined,
          }),
        )
      },
    )
    call.on('error', reject)
    call.end(options.body)
  })
}

/** Everything in the Proxmox cluster that a worker can leave behind: VMs, volumes, seed images, pools. */
export async function proxmoxInventory(bench: Bench): Promise<string[]> {
  const { body } = await call(bench, 'proxmox', 'GET', '/api2/json/cluster/resources')
  const resources = (
    body as { data: { type: string; id: string; node?: string; storage?: string; status?: string }[] }
  ).data
  const found = resources.filter(({ type }) => type === 'qemu').map(({ id }) => id)
  const seen = new Set<string>()
  for (const { type, node, storage } of resources) {
    if (type !== 'storage' || !node || !storage) continue
    const { status, body: content } = await call(
      bench,
      'proxmox',
      'GET',
      `/api2/json/nodes/${node}/storage/${storage}/content`,
    )
    assert.equal(status, 200, `content of ${storage} on ${node}`)
    for (const { volid } of (content as { data: { volid: string }[] }).data) seen.add(`${node}/${volid}`)
  }
  return [...found, ...seen].sort()
}

/** Objects of ours, and those of others that a worker can leave behind, in the management cluster. */
export async function managementInventory(bench: Bench): Promise<string[]> {
  const lists = [
    '/apis/fochista.dev/v1alpha1/nodepools',
    '/apis/fochista.dev/v1alpha1/machines',
    '/apis/kamaji.clastix.io/v1alpha1/tenantcontrolplanes',
    '/api/v1/namespaces/default/secrets',
    '/api/v1/namespaces/default/configmaps',
    '/api/v1/namespaces/default/services',
    '/apis/apps/v1/namespaces/default/deployments',
    '/apis/coordination.k8s.io/v1/namespaces/fochista-system/leases',
  ]
  const names: string[] = []
  for (const path of lists) {
    const { status, body } = await call(bench, 'kubernetes', 'GET', path)
    assert.equal(status, 200, path)
    for (const { metadata } of (body as { items: { metadata: { name: string } }[] }).items)
      names.push(`${path.split('/').at(-1)}/${metadata.name}`)
  }
  return names.sort()
}
