import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubernetesApiError, KubernetesConnectionError, KubernetesTimeoutError } from '@fochista/kubernetes'
import { outageOf } from './outage.ts'

const request = { method: 'PATCH', path: '/apis/fochista.dev/v1alpha1/machines' }

test('no answer and a broken one are everybody’s, a refusal is one’s own', () => {
  const answered = (status: number) => outageOf(new KubernetesApiError(status, {}, request))
  assert.ok(outageOf(new KubernetesConnectionError('refused')))
  assert.ok(outageOf(new KubernetesTimeoutError(request, 30_000)))
  assert.ok(answered(500))
  for (const status of [403, 404, 409, 422, 429]) assert.equal(answered(status), undefined)
  assert.equal(outageOf(new Error('no')), undefined)
})
