import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { startBench } from '../harness.ts'

/** The Python that has proxmoxer: Debian's package installs it for /usr/bin/python3 only. */
function pythonWithProxmoxer(t: TestContext): string | undefined {
  const found = ['/usr/bin/python3', 'python3'].find(
    (python) => spawnSync(python, ['-c', 'import proxmoxer, requests']).status === 0,
  )
  if (found) return found
  if (process.env['FOCHISTA_NO_SKIP'])
    throw new Error('python3-proxmoxer or python3-requests is not installed')
  t.skip('NEEDS python3-proxmoxer and python3-requests, which are not installed')
  return undefined
}

const script = `
import os, sys, time
from proxmoxer import ProxmoxAPI
host, port = os.environ['PROXMOX_URL'].removeprefix('https://').split(':')
user, name = os.environ['PROXMOX_TOKEN_ID'].split('!')
api = ProxmoxAPI(host, port=int(port), user=user, token_name=name, token_value=os.environ['PROXMOX_SECRET'], verify_ssl=os.environ['PROXMOX_CA'])

def wait(node, upid):
    while True:
        status = api.nodes(node).tasks(upid).status.get()
        if status['status'] == 'stopped':
            assert status['exitstatus'] == 'OK', status
            return
        time.sleep(0.1)

assert api.version.get()['release'] == '9.1'
assert sorted(n['node'] for n in api.nodes.get()) == ['pve1', 'pve2', 'pve3']
vmid = int(api.cluster.nextid.get())
node = api.nodes('pve2')
wait('pve2', node.qemu.post(vmid=vmid, name='by-proxmoxer', memory=512, scsi0='local-lvm:1', net0='virtio,bridge=vmbr0'))
node.qemu(vmid).config.put(cores=2, tags='a;b')
config = node.qemu(vmid).config.get()
assert config['cores'] == 2 and config['tags'] == 'a;b', config
wait('pve2', node.qemu(vmid).status.start.post())
assert node.qemu(vmid).status.current.get()['status'] == 'running'
wait('pve2', node.qemu(vmid).status.stop.post())
wait('pve2', node.qemu(vmid).delete())
try:
    node.qemu(vmid).config.get()
    sys.exit('the VM is still there')
except Exception as error:
    assert 'does not exist' in str(error), error
print('done', vmid)
`

test('proxmoxer drives a VM through its whole life', async (t) => {
  const python = pythonWithProxmoxer(t)
  if (!python) return
  const bench = await startBench({ bare: true })
  const outcome = await bench.run(python, ['-c', script])
  assert.equal(outcome.code, 0, outcome.stderr)
  assert.match(outcome.stdout, /^done \d+/)
})
