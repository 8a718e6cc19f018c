import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { plainSeed as plain } from '../test/plain-seed.ts'
import { BootstrapError } from './error.ts'
import { instanceIdOf, renderSeed, type SeedExtras, type SeedInput } from './seed.ts'

const full: SeedInput = {
  ...plain,
  instanceId: instanceIdOf('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '1'),
  join: {
    ...plain.join,
    nodeIp: '10.0.0.21',
    labels: { tier: 'on', 'topology.kubernetes.io/zone': 'a' },
    taints: [{ key: 'dedicated', value: 'yes', effect: 'NoSchedule' }],
  },
  networks: [
    {
      mac: 'BC:24:11:00:00:01',
      mtu: 1400,
      addresses: [
        {
          address: '10.0.0.21',
          prefix: 24,
          gateway: '10.0.0.1',
          dns: ['10.0.0.2'],
          searchDomains: ['example.org'],
        },
        { address: 'fd00::21', prefix: 64, gateway: 'fd00::1', dns: ['fd00::2'] },
      ],
    },
    { mac: 'BC:24:11:00:00:02', mtu: 1 },
  ],
  extras: {
    users: [
      {
        name: 'anna',
        groups: ['adm'],
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        shell: '/bin/sh',
        sshAuthorizedKeys: ['ssh-ed25519 AAAA anna@example.org'],
      },
    ],
    sshAuthorizedKeys: ['ssh-ed25519 AAAA ops@example.org'],
    files: [
      { path: '/etc/motd', content: 'on' },
      { path: '/home/anna/.profile', content: 'umask 077\n', owner: 'anna:anna', permissions: '600' },
      { path: '/etc/key', content: Uint8Array.of(0, 255, 254), permissions: '0400' },
      { path: '/etc/word', content: Buffer.from('secret', 'utf8') },
    ],
    preJoinCommands: ['echo "it’s $HOME" > /run/before'],
    postJoinCommands: ['set -e\nfalse\necho never'],
    registryMirrors: [
      { registry: 'docker.io', endpoints: ['https://mirror.example.org', 'http://10.0.0.9:5000/v2/hub'] },
      { registry: '_default', endpoints: ['https://all.example.org'] },
    ],
  },
}

const packages: SeedInput = {
  ...plain,
  install: 'packages',
  kubeletVersion: 'v1.30.4',
  extras: {
    preJoinCommands: ['update-ca-certificates'],
    postJoinCommands: ['echo "it’s $HOME" > /run/after'],
    registryMirrors: [{ registry: 'docker.io', endpoints: ['https://mirror.example.org'] }],
  },
}

const names = { userData: 'user-data', metaData: 'meta-data', networkConfig: 'network-config' } as const

for (const [name, input] of Object.entries({ plain, full, packages })) {
  test(`the seed "${name}" is what it was; UPDATE_GOLDEN=1 accepts another`, () => {
    const folder = join(import.meta.dirname, 'testdata', name)
    mkdirSync(folder, { recursive: true })
    const seed = renderSeed(input)
    for (const part of ['userData', 'metaData', 'networkConfig'] as const) {
      const file = join(folder, names[part])
      if (process.env['UPDATE_GOLDEN']) writeFileSync(file, seed[part])
      assert.equal(seed[part], readFileSync(file, 'utf8'))
    }
  })
}

interface CloudConfig {
  write_files: { path: string; content: string; permissions: string; owner: string; defer?: boolean }[]
  runcmd: string[][]
  users: unknown[]
}

const cloudConfig = (extras: SeedExtras): CloudConfig =>
  parse(renderSeed({ ...plain, extras }).userData, { version: '1.1' }) as CloudConfig

test('text from users comes out as data, whatever it looks like', () => {
  const hostile = '"\n  - rm -rf /\nruncmd: [x]\n\'; $(reboot) #\t\r\n---\n!!python/object:os.system\x7f'
  const config = cloudConfig({
    files: [{ path: '/etc/x', content: hostile }],
    preJoinCommands: [hostile],
    users: [{ name: 'a', sudo: hostile, sshAuthorizedKeys: [hostile] }],
  })
  assert.equal(config.write_files.at(-1)?.content, hostile)
  assert.ok(config.runcmd.some((command) => command.length === 3 && command[2] === hostile))
  assert.deepEqual(config.users[1], {
    name: 'a',
    shell: '/bin/bash',
    lock_passwd: true,
    sudo: hostile,
    ssh_authorized_keys: [hostile],
  })
})

test('commands run on their side of the kubelet’s start', () => {
  const { runcmd } = cloudConfig({ preJoinCommands: ['before'], postJoinCommands: ['after'] })
  const at = (last: string): number => runcmd.findIndex((command) => command.at(-1) === last)
  const start = runcmd.findIndex((command) => command.join(' ') === 'systemctl restart kubelet')
  assert.ok(at('before') < start && start < at('after') && at('before') >= 0)
})

test('with packages commands are files of their own, run once each by the unit that installs', () => {
  const hostile = 'echo "$(id)"\n\'; rm -rf /\n'
  const text = renderSeed({ ...packages, extras: { preJoinCommands: ['first', hostile] } }).userData
  const { write_files: files, runcmd } = parse(text, { version: '1.1' }) as CloudConfig
  const folder = `/var/lib/fochista/${packages.instanceId}/before-join`
  assert.deepEqual(
    files.filter(({ path }) => path.startsWith(folder)).map(({ path, content }) => [path, content]),
    [
      [`${folder}/000/run`, 'first'],
      [`${folder}/001/run`, hostile],
    ],
  )
  assert.doesNotMatch(JSON.stringify(runcmd), /first|rm -rf \/"/)
})

test('packages come from the folder of their minor version, of Kubernetes or of a mirror', () => {
  const sources = (mirror?: string): string => {
    const { userData } = renderSeed({ ...packages, packages: { mirror } })
    const { write_files: files } = parse(userData, { version: '1.1' }) as CloudConfig
    return /^URIs: (.*)$/m.exec(files.find(({ path }) => path.endsWith('.sources'))?.content ?? '')?.[1] ?? ''
  }
  assert.equal(sources(), 'https://pkgs.k8s.io/core:/stable:/v1.30/deb/')
  assert.equal(sources('http://10.0.0.9:8080/k8s'), 'http://10.0.0.9:8080/k8s/v1.30/deb/')
})

test('the token stands in one file that only root reads, and on no command line', () => {
  const { write_files: files, runcmd } = cloudConfig({})
  const holders = files.filter(({ content }) => content.includes('0123456789abcdef'))
  assert.deepEqual(
    holders.map(({ path, permissions, owner }) => ({ path, permissions, owner })),
    [{ path: '/etc/kubernetes/bootstrap-kubelet.conf', permissions: '0600', owner: 'root:root' }],
  )
  assert.doesNotMatch(JSON.stringify(runcmd), /abcdef/)
})

test('the kubelet’s configuration holds only fields that kubelets since 1.28 know', () => {
  const { write_files: files } = cloudConfig({})
  const file = files.find(({ path }) => path === '/var/lib/kubelet/config.yaml')
  assert.deepEqual(Object.keys(parse(file?.content ?? '') as object).sort(), [
    'apiVersion',
    'authentication',
    'authorization',
    'cgroupDriver',
    'clusterDNS',
    'clusterDomain',
    'kind',
    'providerID',
    'resolvConf',
    'rotateCertificates',
    'staticPodPath',
  ])
})

const refusals: Record<string, Partial<SeedInput>> = {
  'a kubelet to install without an exact version': { ...packages, kubeletVersion: 'v1.30' },
  'a kubelet to install with an argument in its version': { ...packages, kubeletVersion: '1.30.4 -o x' },
  'a mirror with a second line': { ...packages, packages: { mirror: 'https://a/\nTrusted: yes' } },
  'a mirror that is no URL': { ...packages, packages: { mirror: '/srv/packages' } },
  'a keyring that is none': { ...packages, packages: { keyring: 'DE15B144' } },
  'a file in place of containerd’s configuration': {
    ...packages,
    extras: { files: [{ path: '/etc/containerd/config.toml', content: '' }] },
  },
  'an instance-id that a unit file would read': { ...packages, instanceId: 'a b' },
  'a file in place of one of ours': {
    extras: { files: [{ path: '/etc//kubernetes/../kubernetes/pki/ca.crt', content: '' }] },
  },
  'a file in place of a mirror’s': {
    extras: {
      registryMirrors: [{ registry: 'docker.io', endpoints: ['https://a'] }],
      files: [{ path: '/etc/containerd/certs.d/docker.io/hosts.toml', content: '' }],
    },
  },
  'a file without an absolute path': { extras: { files: [{ path: 'etc/x', content: '' }] } },
  'a registry that is a path': {
    extras: { registryMirrors: [{ registry: '..', endpoints: ['https://a'] }] },
  },
  'an endpoint that is no URL': {
    extras: { registryMirrors: [{ registry: 'docker.io', endpoints: ['ftp://a'] }] },
  },
  'a node name with a flag in it': { join: { ...plain.join, nodeName: 'a --config=/x' } },
  'a node address with a flag in it': { join: { ...plain.join, nodeIp: '10.0.0.1 --x' } },
  'a label with a flag in it': { join: { ...plain.join, labels: { a: 'b --x' } } },
  'a label that expands': { join: { ...plain.join, labels: { a: '%H$HOME' } } },
  'a card without a MAC address': { networks: [{ mac: 'eth0' }] },
}

for (const [what, change] of Object.entries(refusals)) {
  test(`${what} is refused`, () => {
    assert.throws(() => renderSeed({ ...plain, ...change }), BootstrapError)
  })
}

test('a new generation of a seed has an instance-id of its own', () => {
  assert.notEqual(instanceIdOf('a', '0'), instanceIdOf('a', '1'))
})

test('what users give is bounded in size, and is rendered whatever it looks like', () => {
  const render = (content: string | Uint8Array) =>
    renderSeed({ ...plain, extras: { files: [{ path: '/x', content }] } })
  const size = 2 * 1024 * 1024 - 2
  const lines = 'a\n'.repeat(size / 2)
  // Rendered at a cost that grew with the square these would take minutes.
  for (const text of ['\0'.repeat(size), lines, `${lines.slice(1)}\x01`, '"\\'.repeat(size / 2)]) render(text)
  const [last] = (parse(render('\0'.repeat(size)).userData) as { write_files: object[] }).write_files.slice(
    -1,
  )
  assert.deepEqual(last, {
    ...last,
    encoding: 'b64',
    content: Buffer.alloc(size).toString('base64'),
  })
  assert.throws(
    () => render(new Uint8Array(size + 1)),
    /^BootstrapError: spec\.bootstrap: "2097153 bytes" is more than the 2097152 bytes/,
  )
})
