import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closest } from './closest.ts'
import { explain } from './errors.ts'

const failure = (name: string, facts: object): Error =>
  Object.assign(new Error(`${name} failed`), { name, ...facts })

test('an error of an SDK comes with the next thing to do', () => {
  const hints: readonly (readonly [error: Error, hint: RegExp | undefined])[] = [
    [failure('KubernetesApiError', { status: 401 }), /KUBECONFIG/],
    [failure('ProxmoxApiError', { status: 401 }), /PROXMOX_TOKEN_ID/],
    [failure('KubernetesApiError', { status: 403 }), /fochista-tenant-admin/],
    [failure('KubernetesApiError', { status: 403, message: 'admission webhook "x" denied it' }), undefined],
    [
      failure('KubernetesApiError', { status: 404, path: '/apis/fochista.dev/v1alpha1/nodepools' }),
      /fochista install/,
    ],
    [
      failure('KubernetesApiError', { status: 404, path: '/apis/kamaji.clastix.io/v1alpha1/x' }),
      /Kamaji installed/,
    ],
    [failure('KubernetesConnectionError', { code: 'ECONNREFUSED' }), /management cluster up/],
    [failure('ProxmoxTimeoutError', {}), /PROXMOX_URL/],
    [
      failure('ProxmoxTlsError', { fingerprint: 'AB:CD' }),
      /--ca-file[\s\S]*pvenode cert info[\s\S]*export PROXMOX_FINGERPRINT=AB:CD/,
    ],
    [failure('ProxmoxTlsError', {}), /--insecure/],
    [failure('Error', {}), undefined],
  ]
  for (const [error, hint] of hints) {
    const said = explain(error)
    if (hint) assert.match(said.hint ?? '', hint)
    else assert.equal(said.hint, undefined)
  }
})

test('what a server wrote does not steer the terminal', () => {
  const error = new Error('refused: \u001b]0;title\u0007 \u009b2J\n\tsecond line')
  assert.equal(explain(error).message, 'refused:  ]0;title   2J\n\tsecond line')
})

test('each field that was refused stands on a line, once', () => {
  const causes = [
    { field: 'spec.replicas', message: 'must be at least 0' },
    { field: 'spec.x', message: 'unknown' },
  ]
  const error = Object.assign(new Error('NodePool "w" is invalid: spec.x: unknown'), {
    name: 'KubernetesApiError',
    status: 422,
    causes,
  })
  assert.equal(
    explain(error).message,
    'NodePool "w" is invalid: spec.x: unknown\n  spec.replicas: must be at least 0',
  )
})

test('whatever is thrown is explained', () => {
  assert.equal(explain('words').message, 'words')
  assert.equal(explain(undefined).exitCode, 1)
  assert.equal(explain(new DOMException('aborted', 'AbortError')).exitCode, 2)
})

test('the nearest name is found among slips of the keys, and none among strangers', () => {
  const names = ['workers', 'workers-gpu', 'edge']
  for (const [typed, meant] of [
    ['worker', 'workers'],
    ['wrokers', 'workers'],
    ['workersgpu', 'workers-gpu'],
    ['egde', 'edge'],
    ['database', undefined],
    ['', undefined],
  ] as const)
    assert.equal(closest(typed, names), meant)
})
