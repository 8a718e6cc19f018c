import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test, type TestContext } from 'node:test'
import { startBench } from '../harness.ts'

/** The Python that has the Kubernetes client: Debian's package installs it for /usr/bin/python3 only. */
function pythonWithKubernetes(t: TestContext): string | undefined {
  const candidates = [process.env['PYTHON_KUBERNETES'], '/usr/bin/python3', 'python3']
  const found = candidates.find(
    (python) => python !== undefined && spawnSync(python, ['-c', 'import kubernetes']).status === 0,
  )
  if (found !== undefined) return found
  if (process.env['FOCHISTA_NO_SKIP']) throw new Error('python3-kubernetes is not installed')
  t.skip('NEEDS python3-kubernetes, which is not installed')
  return undefined
}

const script = `
import base64, os, threading, uuid
from kubernetes import client, config, dynamic, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.configmaplock import ConfigMapLock

config.load_kube_config()
core, custom, api = client.CoreV1Api(), client.CustomObjectsApi(), client.ApiClient()

def refused(code, text, call):
    try:
        call()
    except ApiException as error:
        body = error.body.decode() if isinstance(error.body, bytes) else error.body
        assert error.status == code and text in body, (error.status, body)
        return
    raise AssertionError('not refused: ' + text)

# Create, list with selectors and pages, read, replace, delete.
core.create_namespace({'metadata': {'name': 'py'}})
for number in range(5):
    core.create_namespaced_config_map('py', {'metadata': {'name': 'c%d' % number, 'labels': {'even': str(number % 2 == 0)}}, 'data': {'n': str(number)}})
assert [m.metadata.name for m in core.list_namespaced_config_map('py', label_selector='even=True').items] == ['c0', 'c2', 'c4']
page = core.list_namespaced_config_map('py', limit=2)
names = [m.metadata.name for m in page.items]
while page.metadata._continue:
    page = core.list_namespaced_config_map('py', limit=2, _continue=page.metadata._continue)
    names += [m.metadata.name for m in page.items]
assert [n for n in names if n.startswith('c')] == ['c0', 'c1', 'c2', 'c3', 'c4'], names
found = core.read_namespaced_config_map('c1', 'py')
found.data['n'] = 'one'
core.replace_namespaced_config_map('c1', 'py', found)
refused(409, 'the object has been modified', lambda: core.replace_namespaced_config_map('c1', 'py', found))
core.patch_namespaced_config_map('c1', 'py', {'data': {'n': None, 'm': '2'}})
assert core.read_namespaced_config_map('c1', 'py').data == {'m': '2'}
refused(404, 'not found', lambda: core.read_namespaced_config_map('nosuch', 'py'))

# A watch, as informers do it: a list, then what comes after it.
seen = []
listed = core.list_namespaced_config_map('py')
def change():
    core.patch_namespaced_config_map('c2', 'py', {'data': {'x': 'y'}})
    core.delete_namespaced_config_map('c3', 'py')
threading.Timer(0.3, change).start()
watcher = watch.Watch()
for event in watcher.stream(core.list_namespaced_config_map, 'py', resource_version=listed.metadata.resource_version, timeout_seconds=180):
    # The cluster's own ConfigMap may come in between.
    if event['object'].metadata.name.startswith('c'):
        seen.append((event['type'], event['object'].metadata.name))
    if len(seen) == 2:
        watcher.stop()
assert seen == [('MODIFIED', 'c2'), ('DELETED', 'c3')], seen

# Custom objects, by the custom and by the dynamic client.
group = ('kamaji.clastix.io', 'v1alpha1')
body = {'apiVersion': '/'.join(group), 'kind': 'TenantControlPlane', 'metadata': {'name': 'by-python'},
        'spec': {'controlPlane': {'deployment': {'replicas': 1}, 'service': {'serviceType': 'ClusterIP'}},
                 'kubernetes': {'version': 'v1.34.0', 'kubelet': {}}, 'networkProfile': {}, 'addons': {}}}
custom.create_namespaced_custom_object(*group, 'py', 'tenantcontrolplanes', body)
planes = dynamic.DynamicClient(api).resources.get(api_version='/'.join(group), kind='TenantControlPlane')
assert planes.get(name='by-python', namespace='py').spec.kubernetes.version == 'v1.34.0'
planes.patch(name='by-python', namespace='py', body={'spec': {'kubernetes': {'version': 'v1.34.2'}}}, content_type='application/merge-patch+json')
custom.patch_namespaced_custom_object_scale(*group, 'py', 'tenantcontrolplanes', 'by-python', {'spec': {'replicas': 2}})
assert custom.get_namespaced_custom_object(*group, 'py', 'tenantcontrolplanes', 'by-python')['spec']['controlPlane']['deployment']['replicas'] == 2
refused(403, 'denied the request', lambda: planes.patch(name='by-python', namespace='py', body={'spec': {'kubernetes': {'version': 'v1.30.0'}}}, content_type='application/merge-patch+json'))

# A quota that counts custom objects; text of a Secret that the server encodes.
kind = 'count/tenantcontrolplanes.kamaji.clastix.io'
core.create_namespaced_resource_quota('py', {'metadata': {'name': 'few'}, 'spec': {'hard': {kind: '1'}}})
refused(403, 'exceeded quota: few, requested: %s=1, used: %s=1, limited: %s=1' % (kind, kind, kind),
        lambda: custom.create_namespaced_custom_object(*group, 'py', 'tenantcontrolplanes', {**body, 'metadata': {'name': 'second'}}))
core.create_namespaced_secret('py', {'metadata': {'name': 's1'}, 'stringData': {'a': 'b'}})
assert base64.b64decode(core.read_namespaced_secret('s1', 'py').data['a']) == b'b'

# Leader election.
led = threading.Event()
lock = ConfigMapLock('election', 'py', uuid.uuid4().hex)
elected = electionconfig.Config(lock, lease_duration=4, renew_deadline=3, retry_period=1, onstarted_leading=led.set, onstopped_leading=lambda: None)
threading.Thread(target=leaderelection.LeaderElection(elected).run, daemon=True).start()
assert led.wait(180), 'nobody leads'

custom.delete_namespaced_custom_object(*group, 'py', 'tenantcontrolplanes', 'by-python')
print('done', flush=True)
# The elected leader goes on for ever.
os._exit(0)
`

test('the Python client lists, watches, writes, is refused and elects a leader', async (t) => {
  const python = pythonWithKubernetes(t)
  if (python === undefined) return
  const bench = await startBench({ bare: true })
  const outcome = await bench.run(python, ['-c', script])
  assert.equal(outcome.code, 0, outcome.stderr)
  assert.match(outcome.stdout, /^done/m)
})
