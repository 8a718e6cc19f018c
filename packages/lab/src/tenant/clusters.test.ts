import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect } from 'node:net'
import { after, test } from 'node:test'
import { eventually } from '../test-eventually.ts'
import type { Pass } from '../kamaji/pass.ts'
import { gvr } from '../kamaji/vocabulary.ts'
import { startLab } from '../lab.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 100 })
after(() => lab.stop())
const path = '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes'

function ask(method: string, url: string, body: object): Promise<number> {
  const { KAMAJI_URL: base = '', KAMAJI_CA: ca = '', KAMAJI_TOKEN: token = '' } = lab.environment
  const text = JSON.stringify(body)
  const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': type,
      'content-length': Buffer.byteLength(text),
    }
    request(base + url, { method, agent: false, ca: readFileSync(ca), headers }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
    })
      .on('error', reject)
      .end(text)
  })
}

const isListening = ({ host, port }: { host: string; port: number }): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, host, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

async function listens(address: { host: string; port: number }): Promise<void> {
  for (let turn = 0; !(await isListening(address)); turn += 1) {
    assert.ok(turn < 1000, `nobody listens on ${address.host}:${address.port}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('a control plane whose port changes answers at the new one and tells it to its kubeconfigs, and at the old one nobody answers any more', async (t) => {
  assert.equal(
    await ask('POST', path, {
      apiVersion: 'kamaji.clastix.io/v1alpha1',
      kind: 'TenantControlPlane',
      metadata: { name: 'moving' },
      spec: {
        controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
        kubernetes: { version: 'v1.30.0', kubelet: { cgroupfs: 'systemd' } },
        networkProfile: { port: 6443 },
        addons: {},
      },
    }),
    201,
  )
  const cluster = () => lab.management.tenants.find('default', 'moving')
  const before = await eventually('it has an address', () => cluster()?.address)
  await listens(before)
  if (before.host === '127.0.0.1') return t.skip('NEEDS loopback addresses beyond 127.0.0.1')
  assert.equal(await ask('PATCH', `${path}/moving`, { spec: { networkProfile: { port: 7443 } } }), 200)
  const moved = { ...before, port: 7443 }
  await listens(moved)
  assert.equal(await isListening(before), false)
  assert.deepEqual(cluster()?.address, moved)
  await eventually('its kubeconfig says so', () => {
    const secret = lab.management.api.store.get(gvr.secrets, 'default', 'moving-admin-kubeconfig')
    const text = Object.values((secret?.['data'] ?? {}) as Record<string, string>)
      .map((value) => Buffer.from(value, 'base64').toString())
      .join('\n')
    return text.includes(`https://${moved.host}:7443`)
  })
})

test('a pass of Kamaji’s that is late for the end of the lab starts nothing', async () => {
  const { tenants } = lab.management
  await tenants.close()
  // Whatever it would look at beyond its name fails.
  await tenants.keep({ namespace: 'default', name: 'late' } as Pass)
  assert.equal(tenants.find('default', 'late'), undefined)
})
