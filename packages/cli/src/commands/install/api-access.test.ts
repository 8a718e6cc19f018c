import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { connectionFromEnvironment, createKubernetes, isForbidden } from '@fochista/kubernetes'
import { startLab } from '@fochista/lab'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo } from '../../test-io.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 100 })
const environment = { ...lab.environment, HOME: '/nonexistent' }
const admin = createKubernetes(await connectionFromEnvironment(environment))
after(async () => {
  await admin.close()
  await lab.stop()
})

async function run(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = testIo()
  const code = await runLine(line.split(' '), io, new AbortController().signal, (given, signal, flags) =>
    createContext(given, signal, flags, environment),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

async function ok(line: string): Promise<{ stdout: string; stderr: string }> {
  const ran = await run(line)
  assert.equal(ran.code, 0, ran.stderr)
  return ran
}

const at = '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes'
const account = '/api/v1/namespaces/kube-system/serviceaccounts/api-access'

test('install --api-access makes the account whose token does what the documentation does with it, and no more', async (t) => {
  const missing = await run('token create api-access -n kube-system --existing')
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /no ServiceAccount "api-access"[\s\S]*fochista install --api-access/)
  const { stderr } = await ok('install --api-access')
  assert.match(stderr, /fochista token create api-access -n kube-system --existing\n$/)
  const { stdout: token } = await ok('token create api-access -n kube-system --existing')
  const bearer = createKubernetes(
    await connectionFromEnvironment({ ...environment, KUBECONFIG: '', KAMAJI_TOKEN: token.trim() }),
  )
  t.after(() => bearer.close())
  const body = await readFile(join(import.meta.dirname, '../../../../../examples/tenant-test.yaml'), 'utf8')
  const { parse } = await import('yaml')
  await bearer.request('POST', at, { body: parse(body) as object })
  await bearer.request('PATCH', `${at}/tenant-test`, {
    body: { spec: { controlPlane: { deployment: { replicas: 1 } } } },
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  for (const path of [
    at,
    '/apis/apps/v1/deployments',
    '/api/v1/pods',
    '/api/v1/services',
    '/api/v1/nodes',
    '/api/v1/events',
  ])
    await bearer.request('GET', path)
  await bearer.request('DELETE', `${at}/tenant-test`)
  for (const path of ['/api/v1/secrets', '/api/v1/configmaps', '/apis/fochista.dev/v1alpha1/machines'])
    await assert.rejects(bearer.request('GET', path), isForbidden)
})

test('uninstall takes the account away with the rest, but not one that was there before', async () => {
  await ok('uninstall')
  await assert.rejects(admin.request('GET', account), /not found/)
  const body = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'api-access', namespace: 'kube-system' },
  }
  await admin.request('POST', account.replace(/\/api-access$/, ''), { body })
  await ok('install --api-access')
  await ok('uninstall')
  await admin.request('GET', account)
})
