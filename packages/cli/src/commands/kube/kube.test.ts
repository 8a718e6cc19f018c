import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { startLab } from '@fochista/lab'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo } from '../../test-io.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
after(() => lab.stop())

async function run(line: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = testIo()
  const code = await runLine(
    line.split(' ').filter(Boolean),
    io,
    new AbortController().signal,
    (given, stop, flags) => createContext(given, stop, flags, { ...lab.environment, HOME: '/nonexistent' }),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

async function eventually(line: string, wanted: RegExp): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const { stdout, stderr } = await run(line)
    if (wanted.test(stdout)) return stdout
    assert.ok(tries < 600, `${line}: ${stdout}${stderr}`)
    await sleep(100)
  }
}

test('deployments, pods, services, nodes and data stores are shown as the API server’s own tables', async () => {
  await run('cluster create shown --version v1.30.0 --replicas 1 --no-wait')
  await eventually('kube deployments', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nshown +1\/1/)
  assert.match((await run('kube services')).stdout, /^shown +LoadBalancer/m)
  assert.match((await run('kube nodes')).stdout, /^NAME +STATUS +ROLES +AGE +VERSION\n/)
  assert.match((await run('kube datastores')).stdout, /^default +etcd/m)
  assert.match((await run('kube pods -A')).stdout, /^NAMESPACE +NAME/)
  assert.match((await run('kube deployments shown -o name')).stdout, /^deployment\/shown$/m)
  const { stdout } = await run('kube deployments shown -o json')
  assert.equal((JSON.parse(stdout) as { kind: string }).kind, 'Deployment')
})

test('the same of a tenant cluster, through its own kubeconfig', async () => {
  await eventually('kube namespaces --cluster shown', /^kube-system +Active/m)
  assert.match((await run('kube services --cluster shown')).stdout, /^kubernetes +ClusterIP/m)
})

test('the log of a control plane’s pod; one that is not there is said with where to look', async () => {
  const pod = /^(shown-\S+)/m.exec((await run('kube pods')).stdout)?.[1] ?? ''
  const log = await run(`kube logs ${pod} -c kube-apiserver --tail 5`)
  assert.equal(log.code, 0, log.stderr)
  const missing = await run('kube logs nope')
  assert.equal(missing.code, 1)
  assert.match(missing.stderr, /pod "nope" not found[\s\S]*fochista kube pods/)
})
