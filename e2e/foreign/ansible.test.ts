import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { call, proxmoxInventory } from '../back-ends.ts'
import { has, startBench } from '../harness.ts'

/** Debian's Python, for which its packages of Ansible and of what Ansible's modules need are installed. */
const PYTHON = '/usr/bin/python3'

const bench = await startBench({ bare: true })
const image = join(bench.folder, 'by-ansible.iso')
await writeFile(image, Buffer.alloc(100_000))

/** False, skipped, where Ansible or what its modules import is not installed; in CI that fails. */
function hasAnsible(t: TestContext): boolean {
  if (!has(t, 'ansible-playbook')) return false
  if (spawnSync(PYTHON, ['-c', 'import proxmoxer, requests, kubernetes']).status === 0) return true
  const needs = 'python3-proxmoxer, python3-requests and python3-kubernetes'
  if (process.env['FOCHISTA_NO_SKIP']) throw new Error(`${needs} are not all installed`)
  t.skip(`NEEDS ${needs}, which are not all installed`)
  return false
}

/** Runs a playbook of `ansible/`; resolves to how many tasks changed something. Requires that none failed. */
async function play(book: string, wanted: 'present' | 'absent'): Promise<number> {
  const extra = [`wanted=${wanted}`, `image=${image}`, `ansible_python_interpreter=${PYTHON}`]
  const outcome = await bench.run(
    'ansible-playbook',
    [...extra.flatMap((each) => ['-e', each]), join(import.meta.dirname, 'ansible', book)],
    {
      env: {
        ANSIBLE_NOCOLOR: '1',
        ANSIBLE_PIPELINING: '1',
        ANSIBLE_LOCALHOST_WARNING: 'false',
        ANSIBLE_INVENTORY_UNPARSED_WARNING: 'false',
        REQUESTS_CA_BUNDLE: bench.environment['PROXMOX_CA'] ?? '',
        K8S_AUTH_KUBECONFIG: bench.environment['KUBECONFIG'] ?? '',
      },
    },
  )
  assert.equal(outcome.code, 0, `${outcome.stdout}\n${outcome.stderr}`)
  const recap = /^localhost +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0/m.exec(outcome.stdout)
  assert.ok(recap, outcome.stdout)
  return Number(recap[1])
}

async function configOf(vmid: number): Promise<Record<string, unknown>> {
  const { status, body } = await call(bench, 'proxmox', 'GET', `/api2/json/nodes/pve1/qemu/${vmid}/config`)
  assert.equal(status, 200)
  return (body as { data: Record<string, unknown> }).data
}

describe('Ansible', { concurrency: 2 }, () => {
  test('a playbook makes, configures, clones, starts, snapshots, stops and removes machines', async (t) => {
    if (!hasAnsible(t)) return
    const before = await proxmoxInventory(bench)
    assert.equal(await play('machines.yaml', 'present'), 8)
    const made = await configOf(7400)
    assert.equal(made['memory'], '1024')
    assert.equal(made['cores'], 2)
    assert.equal(made['tags'], 'by-ansible,web', 'tags stay as a create sends them')
    assert.equal(made['description'], 'Made by a playbook; kept by it.')
    assert.match(String(made['net1']), /^virtio=BC:24:11:[\dA-F:]+,bridge=vmbr0,firewall=1,.*tag=40/)
    assert.match(String(made['ide2']), /^local:iso\/by-ansible\.iso,media=cdrom/)
    assert.match(String((await configOf(7401))['scsi0']), /size=10G/)
    assert.equal(await play('machines.yaml', 'present'), 0, 'a second run changes nothing')
    assert.equal(await play('machines.yaml', 'absent'), 4)
    assert.equal(await play('machines.yaml', 'absent'), 0, 'what is gone is gone')
    assert.deepEqual(await proxmoxInventory(bench), before)
  })

  test('a playbook makes and removes a TenantControlPlane', async (t) => {
    if (!hasAnsible(t)) return
    assert.equal(await play('control-plane.yaml', 'present'), 2)
    const path = '/apis/kamaji.clastix.io/v1alpha1/namespaces/default/tenantcontrolplanes/by-ansible'
    const { body } = await call(bench, 'kubernetes', 'GET', path)
    assert.equal((body as { metadata: { labels: Record<string, string> } }).metadata.labels['team'], 'fire')
    assert.equal(await play('control-plane.yaml', 'present'), 0, 'a second run changes nothing')
    assert.equal(await play('control-plane.yaml', 'absent'), 1)
    assert.equal(await play('control-plane.yaml', 'absent'), 0, 'what is gone is gone')
    assert.equal((await call(bench, 'kubernetes', 'GET', path)).status, 404)
  })
})
