import assert from 'node:assert/strict'
import { Agent, request } from 'node:https'
import { after, before, test } from 'node:test'
import { crds } from '@fochista/api'
import { startLab, type Lab } from '@fochista/lab'
import { badBodies } from './kubernetes/bodies.ts'
import { missing } from './kubernetes/missing.ts'
import type { Mistake } from './kubernetes/mistake.ts'
import { badOptions } from './kubernetes/options.ts'
import { withoutRights } from './kubernetes/rights.ts'
import { badWrites } from './kubernetes/writes.ts'
import { collectionOf, groupVersionOf, NAMESPACE, RESOURCES, type Resource } from './kubernetes/resources.ts'
import { tooLarge } from './kubernetes/status.ts'

let lab: Lab
const agent = new Agent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false })

before(async () => {
  lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, hosts: 1, seed: 'empty', speed: 100 })
})
after(async () => {
  agent.destroy()
  await lab.stop()
})

interface Got {
  readonly code: number
  readonly body: unknown
}

function ask(sent: Omit<Mistake, 'kind' | 'wanted'>): Promise<Got> {
  const { method, path, type, body, headers } = sent
  const { KAMAJI_URL = '', KAMAJI_TOKEN = '' } = lab.environment
  return new Promise((resolve, reject) => {
    const outgoing = request(`${KAMAJI_URL}${path}`, { method, agent }, (message) => {
      const chunks: Buffer[] = []
      message.on('data', (chunk: Buffer) => chunks.push(chunk))
      message.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const isJson = message.headers['content-type']?.startsWith('application/json') === true
        resolve({ code: message.statusCode ?? 0, body: isJson ? (JSON.parse(text) as unknown) : text })
      })
    })
    outgoing.on('error', reject)
    const all = {
      Authorization: `Bearer ${KAMAJI_TOKEN}`,
      ...(type !== undefined && { 'Content-Type': type }),
      ...headers,
    }
    for (const [name, value] of Object.entries(all)) if (value !== '') outgoing.setHeader(name, value)
    if (body !== undefined) outgoing.setHeader('Content-Length', Buffer.byteLength(body))
    outgoing.end(body)
  })
}

async function make(
  of: Resource | string,
  object: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const path = typeof of === 'string' ? of : collectionOf(of)
  const got = await ask({ method: 'POST', path, type: 'application/json', body: JSON.stringify(object) })
  assert.equal(got.code, 201, JSON.stringify(got.body))
  return got.body as Record<string, unknown>
}

test('every call of a resource that users have refuses each mistake with the Status of a real server', async (t) => {
  for (const crd of crds) await make('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { ...crd })
  await make('/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  const problems: string[] = []
  const counts = new Map<string, number>()
  const check = async (mistakes: readonly Mistake[]): Promise<void> => {
    for (const { kind, wanted, ...sent } of mistakes) {
      const got = await ask(sent)
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
      try {
        assert.deepEqual(got, wanted)
      } catch {
        const asked = `${kind}: ${sent.method} ${sent.path} ${sent.type ?? ''} ${sent.body ?? ''}`
        problems.push(
          [asked, JSON.stringify(got), JSON.stringify(wanted)].map((line) => line.slice(0, 600)).join('\n  '),
        )
      }
    }
  }
  for (const of of RESOURCES) {
    await check([...withoutRights(of), ...badBodies(of), ...missing(of), ...badOptions(of)])
    if (of.whole === undefined) continue
    const made = await make(of, {
      apiVersion: groupVersionOf(of),
      kind: of.kind,
      metadata: { name: 'base' },
      ...of.whole,
    })
    await check(badWrites(of, (made['metadata'] as { uid: string }).uid))
  }
  t.diagnostic(`${[...counts].map(([kind, times]) => `${kind} ${times}`).join('; ')}`)
  assert.equal(problems.length, 0, `${problems.length} disagree, as:\n${problems.slice(0, 20).join('\n')}`)
  assert.ok([...counts.values()].reduce((sum, one) => sum + one, 0) > 1000)
})

test('a body that is too long is refused, of a built-in kind and of a custom one', async () => {
  const body = `{"data":"${'x'.repeat(3 * 1024 * 1024)}"}`
  for (const of of RESOURCES.filter(({ resource }) => /^(?:configmaps|nodepools)$/.test(resource)))
    assert.deepEqual(
      await ask({ method: 'POST', path: collectionOf(of), type: 'application/json', body }),
      tooLarge,
    )
})
