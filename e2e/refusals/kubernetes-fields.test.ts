import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { crds, validate } from '@fochista/api'
import { kamajiCrds } from '@fochista/kamaji/crds'
import { createLabClock } from '../../packages/lab/src/clock.ts'
import type { ApiServer } from '../../packages/lab/src/kubernetes/api.ts'
import { createApiServer } from '../../packages/lab/src/kubernetes/server.ts'
import { selfSigned } from '../../packages/lab/src/kubernetes/test-certificate.ts'
import { callerOf, type Caller } from './kubernetes/call.ts'
import { fieldMistakes, type Schema } from './kubernetes/fields.ts'
import { collectionOf, groupVersionOf, NAMESPACE, RESOURCES } from './kubernetes/resources.ts'
import { invalid, type Cause } from './kubernetes/status.ts'

interface Crd {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] }
}

// Without Kamaji's webhooks, which look at some of it before the schema is.
const CRDS = [...crds, ...kamajiCrds] as unknown as readonly Crd[]
let api: ApiServer
let caller: Caller

before(async () => {
  const tls = await selfSigned()
  api = createApiServer({
    tls,
    caPem: tls.certPem,
    clock: createLabClock(),
    staticTokens: [{ token: 'admin', user: { username: 'admin', groups: ['system:masters'] } }],
    crds: structuredClone(CRDS) as never,
  })
  await api.listen()
  caller = callerOf(api.url, 'admin')
  await caller.ask({
    method: 'POST',
    path: '/api/v1/namespaces',
    type: 'application/json',
    body: JSON.stringify({ metadata: { name: NAMESPACE } }),
  })
})
after(async () => {
  caller.close()
  await api.close()
})

const NOT_CHECKED: Cause = {
  field: '<nil>',
  reason: 'FieldValueInvalid',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
}

/** The causes that an answer tells. */
function causesOf(body: unknown): Cause[] {
  const { details } = body as { details?: { causes?: Cause[] } }
  return details?.causes ?? []
}

for (const of of RESOURCES.filter(({ custom }) => custom))
  test(`each field of a ${of.kind} that is wrong is refused in the words of a real server, and by our own check`, async (t) => {
    const crd = CRDS.find(({ metadata }) => metadata.name === `${of.resource}.${of.group}`)
    const schema = crd?.spec.versions[0]?.schema.openAPIV3Schema
    const spec = schema?.properties?.['spec']
    assert.ok(schema && spec)
    const hasRules = JSON.stringify(schema).includes('"x-kubernetes-validations"')
    const isOurs = of.group === 'fochista.dev'
    const problems: string[] = []
    let count = 0
    for (const { kind, field, spec: wrong, cause, blocks } of fieldMistakes(spec, 'spec', (value) => value)) {
      count++
      const body = JSON.stringify({
        apiVersion: groupVersionOf(of),
        kind: of.kind,
        metadata: { name: 'x' },
        spec: wrong,
      })
      const got = await caller.ask({
        method: 'POST',
        path: `${collectionOf(of)}?dryRun=All`,
        type: 'application/json',
        body,
      })
      const told = causesOf(got.body)
      // The path of the replicas may be in the way of what is wrong, and rules between fields may have something to say of a value that can be used.
      const causes = told.filter((each, index) => index === 0 || (blocks && !each.field.startsWith('.')))
      const wanted = [cause, ...(blocks && hasRules ? [NOT_CHECKED] : [])]
      const whole = invalid(of, 'x', ...told)
      const where = `${kind}: ${body.slice(0, 300)}`
      if (!isDeepStrictEqual(causes, wanted) || !isDeepStrictEqual(got, whole))
        problems.push(`${where}\n  ${got.code} ${JSON.stringify(told)}\n  ${JSON.stringify(wanted)}`)
      if (!isOurs) continue
      const said = validate(of as never, { spec: wrong })
      if (!said.some((one) => one.field === field || field.startsWith(one.field)))
        problems.push(`our own check: ${where}\n  ${JSON.stringify(said)}\n  ${field}`)
    }
    t.diagnostic(`${count} mistakes`)
    assert.equal(
      problems.length,
      0,
      `${problems.length} differ, as:\n${problems
        .slice(0, 15)
        .map((each) => each.slice(0, 1500))
        .join('\n')}`,
    )
    assert.ok(count > 3)
  })
