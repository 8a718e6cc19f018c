import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { answer, connect, deadAddress, failureOf, refuse, serve, testSecret } from './test-server.ts'

const ticket = 'PVE:root@pam:6900AAAA::c2lnbmF0dXJl'
const csrf = '6900AAAA:Y3NyZg'
const password = 'geheim-geheim'
const secrets = [testSecret, ticket, encodeURIComponent(ticket), csrf, password]

/** Everything that a logger might print of a value. */
function printed(value: unknown): string {
  const all = inspect(value, { depth: 20, showHidden: true, maxStringLength: null })
  const error = value instanceof Error ? `${value.message}\n${value.stack}\n${String(value.cause)}` : ''
  return `${all}\n${error}\n${JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each))}`
}

const path = { node: 'pve1', vmid: 100 }

test('no error holds a token, ticket, password or CSRF token, whatever went wrong', async (t) => {
  const { url } = await serve(t, ({ path: asked, raw }, response) => {
    if (asked.endsWith('/ticket')) return answer(response, { ticket, CSRFPreventionToken: csrf })
    if (asked.endsWith('/version')) return void raw.socket.destroy()
    if (asked.endsWith('/nodes')) return undefined
    if (asked.endsWith('/status')) return void response.end('no json')
    if (asked.endsWith('/pools')) return refuse(response, 403, 'Permission check failed (/, Sys.Audit)')
    return refuse(response, 401, 'Authentication failed!')
  })
  const dead = deadAddress()
  const logins = [
    { tokenId: 'root@pam!ci', secret: testSecret },
    { username: 'root@pam', password },
  ]
  let checked = 0
  for (const credentials of logins) {
    const proxmox = connect(t, url, { credentials, retries: 0 })
    const insecure = connect(t, url, { credentials, tls: { fingerprints: ['AB'.repeat(32)] } })
    const nowhere = connect(t, dead, { credentials, retries: 0 })
    const data = new Uint8Array(10)
    const failures = await Promise.all(
      [
        proxmox.get('/version'),
        proxmox.get('/nodes', { timeoutMs: 50 }),
        proxmox.get('/cluster/status'),
        proxmox.get('/pools'),
        proxmox.get('/access/users'),
        proxmox.post('/nodes/{node}/qemu/{vmid}/status/start', { path }),
        proxmox.upload({ node: 'a', storage: 'b', content: 'iso', filename: 'c.iso', data }),
        insecure.get('/pools'),
        nowhere.get('/pools'),
      ].map(failureOf),
    )
    for (const value of [...failures, proxmox]) {
      const text = printed(value)
      for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} in ${text}`)
      checked += 1
    }
  }
  assert.equal(checked, 20)
})
