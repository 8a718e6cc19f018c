import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { has, startBench } from '../harness.ts'

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

const prelude = `
import os, subprocess, sys, tempfile, time
from proxmoxer import ProxmoxAPI, ResourceException
from proxmoxer.backends.https import AuthenticationError
host, port = os.environ['PROXMOX_URL'].removeprefix('https://').split(':')
user, name = os.environ['PROXMOX_TOKEN_ID'].split('!')
common = dict(port=int(port), verify_ssl=os.environ['PROXMOX_CA'])
`

const script = `${prelude}
def wait(api, upid, exit='OK'):
    while True:
        status = api.nodes(upid.split(':')[1]).tasks(upid).status.get()
        if status['status'] == 'stopped':
            assert status['exitstatus'] == exit, status
            return
        time.sleep(0.1)

def refused(call, code, text):
    try:
        call()
    except ResourceException as error:
        assert error.status_code == code and text in str(error), error
        return
    raise AssertionError('not refused: ' + text)

def life(api):
    """A VM from its making to its end."""
    assert api.version.get()['release'] == '9.1'
    assert sorted(n['node'] for n in api.nodes.get()) == ['pve1', 'pve2', 'pve3']
    vmid = int(api.cluster.nextid.get())
    node = api.nodes('pve2')
    wait(api, node.qemu.post(vmid=vmid, name='by-proxmoxer', memory=512, scsi0='local-lvm:1', net0='virtio,bridge=vmbr0'))
    vm = node.qemu(vmid)
    vm.config.put(cores=2, tags='a;b', description='a; b = c + d & é')
    config = vm.config.get()
    assert config['cores'] == 2 and config['tags'] == 'a;b' and config['description'] == 'a; b = c + d & é', config
    refused(lambda: vm.config.put(memory=1024, digest='0' * 40), 500, 'checksum mismatch (file change by other user?)')
    wait(api, vm.config.post(memory=1024))
    wait(api, vm.resize.put(disk='scsi0', size='+1G'))
    wait(api, vm.resize.put(disk='scsi0', size='1G'), 'shrinking disks is not supported')
    wait(api, vm.snapshot.post(snapname='first', description='as it was'))
    assert {s['name'] for s in vm.snapshot.get()} == {'first', 'current'}
    wait(api, vm.status.start.post())
    assert vm.status.current.get()['status'] == 'running'
    wait(api, vm.status.start.post(), 'VM %d already running' % vmid)
    refused(vm.delete, 500, 'VM %d is running - destroy failed' % vmid)
    wait(api, vm.status.stop.post())
    wait(api, vm.snapshot('first').rollback.post())
    wait(api, vm.snapshot.delete('first'))
    wait(api, vm.delete(purge=1))
    refused(vm.config.get, 500, 'does not exist')
    refused(lambda: node.qemu.post(vmid='x'), 400, 'Parameter verification failed.')
    return vmid

token = ProxmoxAPI(host, user=user, token_name=name, token_value=os.environ['PROXMOX_SECRET'], **common)
vmid = life(token)
life(ProxmoxAPI(host, user='root@pam', password=os.environ['PROXMOX_PASSWORD'], **common))
try:
    ProxmoxAPI(host, user='root@pam', password='wrong', **common)
    sys.exit('a wrong password is let in')
except AuthenticationError:
    pass

# A token of somebody who may little.
token.access.users.post(userid='eve@pve')
made = token.access.users('eve@pve').token('small').post(privsep=0)
eve = ProxmoxAPI(host, user='eve@pve', token_name='small', token_value=made['value'], **common)
assert eve.nodes('pve1').qemu.get() == []
refused(eve.nodes('pve1').qemu(100).status.stop.post, 403, 'Permission check failed (/vms/100, VM.PowerMgmt)')
token.access.users('eve@pve').delete()

# An image, from a file to the storage and away again.
with tempfile.NamedTemporaryFile(suffix='.iso') as image:
    image.write(os.urandom(200_000))
    image.flush()
    with open(image.name, 'rb') as content:
        wait(token, token.nodes('pve1').storage('local').upload.post(content='iso', filename=content))
    volume = 'local:iso/' + os.path.basename(image.name)
assert volume in [v['volid'] for v in token.nodes('pve1').storage('local').content.get(content='iso')]
wait(token, token.nodes('pve1').storage('local').content(volume).delete())

# A clone, and its guest by its agent.
source, copy = token.nodes('pve1').qemu(9000), token.nodes('pve1').qemu(int(token.cluster.nextid.get()))
wait(token, source.clone.post(newid=copy._store['base_url'].split('/')[-1], name='guest'))
wait(token, copy.status.start.post())
for _ in range(600):
    try:
        copy.agent.ping.post()
        break
    except ResourceException as error:
        assert 'QEMU guest agent is not running' in str(error), error
        time.sleep(0.1)
pid = copy.agent.exec.post(command=['echo', 'good day'])['pid']
for _ in range(300):
    left = copy.agent('exec-status').get(pid=pid)
    if left['exited']:
        break
    time.sleep(0.1)
assert left['exitcode'] == 0 and left['out-data'].strip() == 'good day', left
assert copy.agent('network-get-interfaces').get()['result']
wait(token, copy.status.stop.post())
wait(token, copy.delete())
print('done', vmid)
`

const withCodes = `${prelude}
def code(seconds=0):
    at = time.strftime('%Y-%m-%d %H:%M:%S UTC', time.gmtime(time.time() + seconds))
    return subprocess.run(['oathtool', '--totp', '-b', '-N', at, secret], check=True, capture_output=True, text=True).stdout.strip()

root = ProxmoxAPI(host, user='root@pam', password=os.environ['PROXMOX_PASSWORD'], **common)
root.access.users.post(userid='ida@pve', password='lovelace1')
secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
uri = 'otpauth://totp/lab:ida?secret=%s&algorithm=SHA1&digits=6&period=30' % secret
root.access.tfa('ida@pve').post(type='totp', description='phone', totp=uri, value=code())
otp = 'totp:' + code(30)
ida = ProxmoxAPI(host, user='ida@pve', password='lovelace1', otp=otp, **common)
assert [entry['type'] for entry in ida.access.tfa('ida@pve').get()] == ['totp']
for wrong in [otp, otp[5:], 'totp:', 'totp:abcdef']:
    try:
        ProxmoxAPI(host, user='ida@pve', password='lovelace1', otp=wrong, **common)
        sys.exit('let in by ' + wrong)
    except AuthenticationError:
        pass
# Without a code there is a ticket that opens nothing.
try:
    ProxmoxAPI(host, user='ida@pve', password='lovelace1', **common).access.users.get()
    sys.exit('let in without a second factor')
except ResourceException as error:
    assert error.status_code == 401, error
root.access.users('ida@pve').delete()
print('done')
`

const bench = await startBench({ bare: true })

test('proxmoxer signs in, drives VMs through their whole life, uploads, asks guests and is refused', async (t) => {
  const python = pythonWithProxmoxer(t)
  if (!python) return
  const outcome = await bench.run(python, ['-c', script])
  assert.equal(outcome.code, 0, outcome.stderr)
  assert.match(outcome.stdout, /^done \d+/)
})

test('proxmoxer signs in with a code that oathtool makes, and with each code once', async (t) => {
  const python = pythonWithProxmoxer(t)
  if (!python || !has(t, 'oathtool')) return
  const outcome = await bench.run(python, ['-c', withCodes])
  assert.equal(outcome.code, 0, outcome.stderr)
  assert.equal(outcome.stdout, 'done\n')
})
