import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { crds } from '@fochista/api'
import { tenantControlPlaneCrd } from '@fochista/kamaji/crds'
import { startLab, type Lab } from '@fochista/lab'
import { badBodies } from './kubernetes/bodies.ts'
import { callerOf, type Caller } from './kubernetes/call.ts'
import type { Schema } from './kubernetes/fields.ts'
import { missing } from './kubernetes/missing.ts'
import { mistyped } from './kubernetes/mistyped.ts'
import type { Mistake } from './kubernetes/mistake.ts'
import { badOptions } from './kubernetes/options.ts'
import { withoutRights } from './kubernetes/rights.ts'
import { badWrites } from './kubernetes/writes.ts'
import { collectionOf, groupVersionOf, NAMESPACE, RESOURCES, type Resource } from './kubernetes/resources.ts'
import { tooLarge } from './kubernetes/status.ts'

let lab: Lab
let caller: Caller

before(async () => {
  lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, hosts: 1, seed: 'empty', speed: 100 })
  caller = callerOf(lab.environment['KAMAJI_URL'] ?? '', lab.environment['KAMAJI_TOKEN'] ?? '')
})
after(async () => {
  caller.close()
  await lab.stop()
})

async function make(
  of: Resource | string,
  object: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const path = typeof of === 'string' ? of : collectionOf(of)
  const got = await caller.ask({
    method: 'POST',
    path,
    type: 'application/json',
    body: JSON.stringify(object),
  })
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
      const got = await caller.ask(sent)
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
      await caller.ask({ method: 'POST', path: collectionOf(of), type: 'application/json', body }),
      tooLarge,
    )
})

test('a value of a wrong type in a TenantControlPlane is told of by the webhook that cannot read it', async (t) => {
  const of = RESOURCES.find(({ kind }) => kind === 'TenantControlPlane')
  const schema = tenantControlPlaneCrd.spec.versions[0]?.schema.openAPIV3Schema as Schema | undefined
  const spec = schema?.properties?.['spec']
  assert.ok(of && spec)
  const all = mistyped(spec, 'spec', (value) => value)
  for (const { path, got, type, spec: wrong } of all) {
    const body = JSON.stringify({
      apiVersion: groupVersionOf(of),
      kind: of.kind,
      metadata: { name: 'x' },
      spec: wrong,
    })
    const answer = await caller.ask({
      method: 'POST',
      path: `${collectionOf(of)}?dryRun=All`,
      type: 'application/json',
      body,
    })
    assert.equal(answer.code, 500, path)
    const words = String.raw`^admission webhook "mtenantcontrolplane\.kb\.io" denied the request: unable to decode into \*v1alpha1\.TenantControlPlane: json: cannot unmarshal ${got} into Go struct field \w+\.${path.replaceAll('.', String.raw`\.`)} of type ${type}$`
    assert.match((answer.body as { message: string }).message, new RegExp(words))
  }
  t.diagnostic(`${all.length} fields`)
  assert.ok(all.length > 40)
})
