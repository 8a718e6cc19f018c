import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startLab } from '@fochista/lab'
import { createProxmox, ProxmoxApiError } from '@fochista/proxmox'
import { apiSchema, type Param } from '@fochista/proxmox/schema'
import { proxmoxHandlers } from '../../packages/lab/src/proxmox/handlers.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
const { PROXMOX_URL = '', PROXMOX_PASSWORD = '', PROXMOX_FINGERPRINT = '' } = lab.environment
const proxmox = createProxmox({
  endpoints: [PROXMOX_URL],
  // Not a token: some calls are for people only.
  credentials: { username: 'root@pam', password: PROXMOX_PASSWORD },
  tls: { fingerprints: [PROXMOX_FINGERPRINT] },
  timeoutMs: 20_000,
})
after(async () => {
  await proxmox.close()
  await lab.stop()
})

/** Names that are in the lab from the start, by the parameter that they stand for. */
const there: Readonly<Record<string, string>> = {
  node: 'pve1',
  vmid: '100',
  storage: 'local',
  userid: 'root@pam',
  realm: 'pam',
  roleid: 'PVEAdmin',
  tokenid: 'lab',
  service: 'pveproxy',
  iface: 'vmbr0',
  timeframe: 'hour',
  ds: 'cpu',
  upid: 'UPID:pve1:00000001:00000001:6B000000:qmstart:100:root@pam:',
}

function valueOf(name: string, param: Param | undefined): string {
  const { type, min, enum: [first] = [] } = param ?? {}
  return (
    there[name] ??
    first ??
    (type === 'integer' || type === 'number' ? String(min ?? 1) : type === 'boolean' ? '1' : 'nosuch')
  )
}

/** The calls that only read, as they are made with the names above. */
const reads = Object.keys(proxmoxHandlers).flatMap((call) => {
  const [method, template = ''] = call.split(' ')
  const known = apiSchema.paths[template]?.GET
  if (method !== 'GET' || !known) return []
  const path = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => valueOf(name, known.params[name]))
  const needed = Object.entries(known.params).filter(
    ([name, param]) => param.opt !== 1 && param.idx === undefined && !template.includes(`{${name}}`),
  )
  return [
    { call, path, params: Object.fromEntries(needed.map(([name, param]) => [name, valueOf(name, param)])) },
  ]
})

test('the lab answers each call that reads, or refuses it as Proxmox would: it never fails by itself', async () => {
  assert.ok(reads.length > 150)
  const failures: string[] = []
  const answer = async ({ call, path, params }: (typeof reads)[number]): Promise<void> => {
    try {
      await proxmox.call('GET', path, params)
    } catch (error) {
      if (!(error instanceof ProxmoxApiError)) failures.push(`${call}: ${String(error)}`)
      else if (error.status === 501 || /the lab failed|undefined|\[object/.test(error.message))
        failures.push(`${call}: ${error.message}`)
    }
  }
  const waiting = [...reads]
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let next = waiting.pop(); next; next = waiting.pop()) await answer(next)
    }),
  )
  assert.deepEqual(failures, [])
})
