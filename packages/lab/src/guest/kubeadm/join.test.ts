import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { gvr } from '../../kamaji/vocabulary.ts'
import type { Vm } from '../../proxmox/world.ts'
import { eventually } from '../../test-eventually.ts'
import { bootstrap, startTestBed } from '../test-machines.ts'
import type { TestBed } from '../test-machines.ts'

let bed: TestBed
const problems: string[] = []
before(async () => {
  bed = await startTestBed((text) => problems.push(text))
})
after(async () => {
  await bed.lab.stop()
  assert.deepEqual(problems, [])
})

const pin = (): string => {
  const key = new X509Certificate(bed.tenant.ca.certPem).publicKey.export({ type: 'spki', format: 'der' })
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}
const endpoint = (): string => bed.server.replace('https://', '')

/** Starts a guest whose template has kubeadm, with a seed as other people write them. */
function start(vmid: number, join: string, files: object[] = [], version = 'v1.30.4'): Vm {
  const name = `other-${vmid}`
  const userData = {
    hostname: name,
    write_files: files,
    runcmd: [`${join} && echo success > /run/cluster-api/bootstrap-success.complete`],
  }
  return bed.start(
    vmid,
    bootstrap.buildSeedImage({
      // Cluster API's seeds are templates.
      userData: `## template: jinja\n#cloud-config\n${JSON.stringify(userData)}`,
      metaData: JSON.stringify({ 'instance-id': `iid-${vmid}`, 'local-hostname': name }),
      networkConfig: '{"version": 2, "ethernets": {"eth0": {"dhcp4": true}}}',
    }),
    { tags: `kubeadm-${version}` },
  )
}

test('kubeadm join with token and pin makes a Node', async () => {
  const token = bed.token('aaaaaa', { signing: true })
  const vm = start(110, `kubeadm join ${endpoint()} --token ${token} --discovery-token-ca-cert-hash ${pin()}`)
  await eventually(
    'a Node and the end of kubeadm',
    () => bed.nodes().includes('other-110') && /This node has joined the cluster/.test(vm.console),
    () => vm.console,
  )
  const disk = bed.lab.proxmox.guests.disk(110)
  assert.equal(disk?.read('/etc/kubernetes/bootstrap-kubelet.conf'), undefined)
  assert.equal(disk?.read('/run/cluster-api/bootstrap-success.complete'), 'success\n')
})

test('a JoinConfiguration with name, provider id and taints is obeyed', async () => {
  const config = {
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'JoinConfiguration',
    discovery: {
      bootstrapToken: {
        token: bed.token('bbbbbb', { signing: true }),
        apiServerEndpoint: endpoint(),
        caCertHashes: [pin()],
      },
    },
    nodeRegistration: {
      name: '{{ local_hostname }}',
      taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }],
      kubeletExtraArgs: [{ name: 'provider-id', value: "proxmox://'{{ ds.meta_data.instance_id }}'" }],
    },
  }
  const path = '/run/kubeadm/kubeadm-join-config.yaml'
  const vm = start(111, `kubeadm join --config ${path}`, [{ path, content: JSON.stringify(config) }])
  const node = await eventually(
    'a Node',
    () => bed.tenant.api.store.get(gvr.nodes, undefined, 'other-111'),
    () => vm.console,
  )
  const spec = node['spec'] as { providerID: string; taints: { key: string }[] }
  assert.equal(spec.providerID, 'proxmox://iid-111')
  assert.ok(spec.taints.some(({ key }) => key === 'dedicated'))
})

const refusals: { title: string; vmid: number; command: () => string; says: RegExp; version?: string }[] = [
  {
    title: 'a pin of another authority',
    vmid: 120,
    command: () =>
      `kubeadm join ${endpoint()} --token ${bed.token('cccccc', { signing: true })} --discovery-token-ca-cert-hash sha256:${'0'.repeat(64)}`,
    says: /cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "sha256:[0-9a-f]{64}" are pinned/,
  },
  {
    title: 'a token with a wrong secret',
    vmid: 121,
    command: () => {
      bed.token('dddddd', { signing: true })
      return `kubeadm join ${endpoint()} --token dddddd.aaaaaaaaaaaaaaaa --discovery-token-ca-cert-hash ${pin()}`
    },
    says: /failed to verify JWS signature of received cluster info object, can't trust this API Server/,
  },
  {
    title: 'no pin',
    vmid: 122,
    command: () => `kubeadm join ${endpoint()} --token eeeeee.aaaaaaaaaaaaaaaa`,
    says: /using token-based discovery without caCertHashes can be unsafe/,
  },
  {
    title: 'a kubeadm that is too new for the cluster',
    vmid: 123,
    version: 'v1.33.4',
    command: () =>
      `kubeadm join ${endpoint()} --token ${bed.token('ffffff', { signing: true })} --discovery-token-ca-cert-hash ${pin()}`,
    says: /this version of kubeadm only supports deploying clusters with the control plane version >= 1\.32\.0\. Current version: v1\.30\.4/,
  },
]
for (const { title, vmid, command, says, version } of refusals)
  test(`kubeadm join with ${title} ends with exit code 1 and says why`, async () => {
    const vm = start(vmid, command(), [], version)
    await eventually(
      'the reason on the console',
      () => says.test(vm.console) && /Failed to run command/.test(vm.console),
      () => vm.console,
    )
    assert.ok(!bed.nodes().includes(`other-${vmid}`))
  })
