import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { example, has, startBench } from '../harness.ts'

const bench = await startBench({ bare: true })
const TCPS = 'apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes'

/** Runs `task` beside `kubectl proxy` with these arguments. `task` gets the proxy's URL. */
async function beside(args: readonly string[], task: (url: string) => Promise<void>): Promise<void> {
  const proxy = spawn('kubectl', ['proxy', '--port=0', ...args], {
    env: { ...process.env, ...bench.environment },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    await task(
      await new Promise<string>((resolve, reject) => {
        proxy.on('exit', (code) => reject(new Error(`kubectl proxy ended with ${code}`)))
        let said = ''
        proxy.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text
          const match = /Starting to serve on (\S+)\n/.exec(said)
          if (match) resolve(`http://${match[1]}`)
        })
      }),
    )
  } finally {
    proxy.kill()
  }
}

const text = async (answer: Promise<Response>): Promise<string> => (await answer).text()

test('fochista works through kubectl proxy, without a token', async (t) => {
  if (!has(t, 'kubectl')) return
  await bench.kubectl('apply', '-f', example('tenant-test.yaml'))
  await beside([], async (url) => {
    const ours = await bench.run(process.execPath, [...bench.command, 'cluster', 'list', '-o', 'name'], {
      env: { KUBECONFIG: '', KAMAJI_URL: url, KAMAJI_TOKEN: '' },
    })
    assert.equal(ours.stdout.trim(), 'tenantcontrolplane/tenant-test', ours.stderr)
    assert.equal((await fetch(`${url}/${TCPS}/tenant-test`, { method: 'DELETE' })).status, 200)
  })
})

test('kubectl proxy passes on what it is told to and refuses the rest', async (t) => {
  if (!has(t, 'kubectl')) return
  await beside([], async (url) => {
    assert.match(await text(fetch(`${url}/version`)), /"gitVersion"/)
    const watch = await fetch(`${url}/api/v1/namespaces?watch=true&timeoutSeconds=1`)
    assert.match(await watch.text(), /^\{"type":"ADDED"/)
    // A client's own credentials win over those of the proxy.
    const bad = { headers: { authorization: 'Bearer nonsense' } }
    assert.equal((await fetch(`${url}/api/v1/namespaces`, bad)).status, 401)
    for (const call of ['exec', 'attach']) {
      const refused = await fetch(`${url}/api/v1/namespaces/default/pods/x/${call}`)
      assert.equal(refused.status, 403)
      assert.match(await refused.text(), /^Forbidden|<h3>Unauthorized<\/h3>/)
    }
  })
  const page = join(bench.folder, 'www')
  await mkdir(page)
  await writeFile(join(page, 'index.html'), 'good day')
  await beside(['--api-prefix=/k8s', `--www=${page}`, '--reject-methods=DELETE'], async (url) => {
    assert.match(await text(fetch(`${url}/k8s/api/v1/nodes`)), /"kind":"NodeList"/)
    assert.equal(await text(fetch(`${url}/static/`)), 'good day')
    assert.equal((await fetch(`${url}/k8s/api/v1/nodes/x`, { method: 'DELETE' })).status, 403)
  })
})
