import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { configPath, readSettings, type Environment } from './settings.ts'

const file = `
current: dc1
contexts:
  dc1:
    namespace: team-a
    KUBECONFIG: /kube/dc1
    kubeContext: admin@dc1
    PROXMOX_URL: https://dc1:8006
    PROXMOX_TOKEN_ID: f@pve!one
    PROXMOX_SECRET: one
  dc2:
    KAMAJI_URL: https://dc2:6443
    KAMAJI_TOKEN: two
`

async function home(t: TestContext, text: string | undefined, mode = 0o600): Promise<Environment> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-settings-'))
  t.after(() => rm(folder, { recursive: true }))
  const environment = { HOME: folder }
  if (text === undefined) return environment
  const path = configPath(environment)
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, text)
  await chmod(path, mode)
  return environment
}

test('the file stands where XDG says, by default below ~/.config', () => {
  assert.equal(configPath({ HOME: '/home/anna' }), '/home/anna/.config/fochista/config.yaml')
  assert.equal(configPath({ HOME: '/home/anna', XDG_CONFIG_HOME: '/etc/x' }), '/etc/x/fochista/config.yaml')
})

test('without a file the environment is all there is, and --context is the kubeconfig’s', async (t) => {
  const environment = await home(t, undefined)
  assert.deepEqual(await readSettings(environment, { context: 'x' }), { environment, kubeContext: 'x' })
})

test('the current context fills what the environment leaves open', async (t) => {
  const settings = await readSettings(await home(t, file), {})
  assert.equal(settings.environment['KUBECONFIG'], '/kube/dc1')
  assert.equal(settings.environment['PROXMOX_SECRET'], 'one')
  assert.equal(settings.namespace, 'team-a')
  assert.equal(settings.kubeContext, 'admin@dc1')
})

test('the environment wins over the current context, a back end at a time: no URL meets another’s secret', async (t) => {
  const environment = {
    ...(await home(t, file)),
    PROXMOX_URL: 'https://other:8006',
    KAMAJI_URL: 'http://proxy',
  }
  const settings = await readSettings(environment, {})
  assert.equal(settings.environment['PROXMOX_URL'], 'https://other:8006')
  assert.equal(settings.environment['PROXMOX_SECRET'], undefined)
  assert.equal(settings.environment['KUBECONFIG'], undefined)
  assert.equal(settings.namespace, undefined)
})

test('--context is a flag: a context of ours wins over the environment, what it does not speak of stays', async (t) => {
  const environment = { ...(await home(t, file)), KUBECONFIG: '/kube/env', PROXMOX_URL: 'https://env:8006' }
  const { environment: effective } = await readSettings(environment, { context: 'dc2' })
  assert.equal(effective['KUBECONFIG'], undefined)
  assert.equal(effective['KAMAJI_URL'], 'https://dc2:6443')
  assert.equal(effective['PROXMOX_URL'], 'https://env:8006')
})

test('--kubeconfig leaves the context’s namespace alone', async (t) => {
  const settings = await readSettings(await home(t, file), { kubeconfig: '/k' })
  assert.equal(settings.namespace, undefined)
  assert.equal(settings.kubeContext, undefined)
})

const refused: readonly (readonly [what: string, text: string, said: RegExp])[] = [
  ['a key that is not there', 'contexts: {a: {KUBECONFG: x}}', /unknown key "KUBECONFG"/],
  ['a value that is no text', 'contexts: {a: {KAMAJI_URL: 1}}', /KAMAJI_URL is not a text/],
  ['a current context that is not there', 'current: dc3\ncontexts: {dc1: {}}', /names no context: "dc3"/],
  ['a list', '- a', /is not a mapping/],
  ['what is no YAML', 'a: [', /config\.yaml: /],
]
for (const [what, text, said] of refused) {
  test(`${what} is refused with the file’s name`, async (t) => {
    await assert.rejects(readSettings(await home(t, text), {}), (error: Error) => {
      assert.match(error.message, said)
      assert.match(error.message, /config\.yaml/)
      return true
    })
  })
}

test('a file with secrets that others may read is refused', async (t) => {
  await assert.rejects(readSettings(await home(t, file, 0o640), {}), /others may read it/)
  await readSettings(await home(t, 'contexts: {a: {KUBECONFIG: x}}', 0o644), {})
})
