import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { eventually, example, startBench } from '../harness.ts'

const bench = await startBench()

test('a class of a stock image makes workers: packages at first boot, Nodes of the control plane’s version', async () => {
  await bench.serve()
  const template = ['--proxmox', 'lab', '--template-tags', 'stock', '--install', 'packages']
  const places = ['--storage', 'local-lvm', '--iso-storage', 'local', '--bridge', 'vmbr0']
  await bench.ok('class', 'create', 'stock', ...template, ...places)
  await bench.grant('default')
  const pool = ['--pool', 'workers=2', '--class', 'stock', '--version', 'v1.30.4']
  const options = ['--apply', example('network.yaml'), '--timeout', '10m']
  await bench.ok('cluster', 'create', 'stoked', ...pool, ...options)
  const kubeconfig = join(bench.folder, 'stoked.kubeconfig')
  await writeFile(kubeconfig, await bench.ok('cluster', 'kubeconfig', 'stoked'))
  const version = JSON.parse(await bench.kubectl('get', 'tenantcontrolplane', 'stoked', '-o', 'json')) as {
    spec: { kubernetes: { version: string } }
  }
  await eventually('both Nodes are Ready, of that version', 30_000, async () => {
    const text = await bench.kubectl('--kubeconfig', kubeconfig, 'get', 'nodes', '-o', 'json')
    const nodes = (JSON.parse(text) as { items: Node[] }).items
    assert.equal(nodes.length, 2)
    for (const { status } of nodes) {
      assert.equal(status.nodeInfo.kubeletVersion, version.spec.kubernetes.version)
      assert.equal(status.conditions.find(({ type }) => type === 'Ready')?.status, 'True')
    }
  })
})

interface Node {
  readonly status: {
    readonly nodeInfo: { readonly kubeletVersion: string }
    readonly conditions: readonly { readonly type: string; readonly status: string }[]
  }
}
