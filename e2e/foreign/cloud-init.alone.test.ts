import assert from 'node:assert/strict'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import {
  buildSeedImage,
  instanceIdOf,
  renderSeed,
  type SeedInput,
} from '../../packages/controllers/src/bootstrap/index.ts'
import { plainSeed } from '../../packages/controllers/src/test/plain-seed.ts'
import { startCloudInitMachine } from './cloud-init-machine.ts'

const hostile = '"quoted" \'it\' $HOME {{ x }} #\t\r\n---\non'
const binary = Uint8Array.of(0, 255, 254, 10)
const input: SeedInput = {
  ...plainSeed,
  join: {
    ...plainSeed.join,
    nodeIp: '10.0.0.21',
    labels: { tier: 'on' },
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
          searchDomains: ['a.example'],
        },
        { address: 'fd00::21', prefix: 64, gateway: 'fd00::1' },
      ],
    },
    { mac: 'BC:24:11:00:00:02' },
  ],
  extras: {
    users: [
      {
        name: 'anna',
        groups: ['adm', 'stokers'],
        sudo: 'ALL=(ALL) NOPASSWD:ALL',
        shell: '/bin/sh',
        sshAuthorizedKeys: ['ssh-ed25519 AAAA anna@example.org'],
      },
    ],
    sshAuthorizedKeys: ['ssh-ed25519 AAAA ops@example.org'],
    files: [
      { path: '/etc/fochista/word', content: 'on' },
      { path: '/etc/fochista/hostile', content: hostile },
      { path: '/etc/fochista/binary', content: binary, permissions: '0400' },
      { path: '/home/anna/notes', content: '=\n', owner: 'anna:anna', permissions: '600' },
    ],
    preJoinCommands: ['echo "before: it\'s {{ x }} $((40 + 2))" > /etc/fochista/before; systemctl before'],
    postJoinCommands: ['systemctl after\nls /var/lib/kubelet/config.yaml > /etc/fochista/after'],
    registryMirrors: [{ registry: 'docker.io', endpoints: ['https://mirror.example.org'] }],
  },
}

test('Debian’s cloud-init does what a seed image says', async (t) => {
  const machine = startCloudInitMachine(t, ['bc:24:11:00:00:02', 'bc:24:11:00:00:01'])
  if (!machine) return
  const seed = renderSeed(input)
  const mode = (path: string): string => (statSync(join(machine.root, path)).mode & 0o7777).toString(8)

  await t.test('the user data are valid by its schema', () => {
    writeFileSync(join(machine.root, 'user-data'), seed.userData)
    const said = machine.run('cloud-init', 'schema', '--config-file', '/user-data')
    assert.match(said, /^Valid /m)
    assert.doesNotMatch(said, /deprecat/i)
  })

  const first = machine.boot(buildSeedImage(seed))

  await t.test('it runs through without an error and takes the name', () => {
    assert.deepEqual(first.errors, [])
    assert.equal(first.hostname, 'workers-x7k2')
  })

  await t.test(
    'cards are found by their MAC address, in the class’s order, whatever the kernel named them',
    () => {
      assert.equal(first.cards['bc:24:11:00:00:01'], 'eth0')
      assert.equal(first.cards['bc:24:11:00:00:02'], 'eth1')
    },
  )

  for (const [renderer, file, wanted] of [
    [
      'networkd',
      'etc/systemd/network/10-cloud-init-eth0.network',
      /\[Route\]\nDestination=0\.0\.0\.0\/0\n+Gateway=10\.0\.0\.1/,
    ],
    ['networkd', 'etc/systemd/network/10-cloud-init-eth0.network', /\[Route\]\nGateway=fd00::1/],
    ['networkd', 'etc/systemd/network/10-cloud-init-eth0.network', /MTUBytes=1400/],
    ['networkd', 'etc/systemd/network/10-cloud-init-eth1.network', /DHCP=ipv4/],
    ['eni', 'etc/network/interfaces.d/50-cloud-init', /default gw 10\.0\.0\.1/],
  ] as const) {
    await t.test(`its ${renderer} writes ${wanted.source}`, () => {
      writeFileSync(join(machine.root, 'network-config'), seed.networkConfig)
      const convert = `cloud-init devel net-convert -p /network-config -k yaml -D debian -O ${renderer}`
      machine.run(...convert.split(' '), '-d', `/converted-${renderer}`)
      assert.match(machine.read(`converted-${renderer}/${file}`), wanted)
    })
  }

  await t.test('netplan takes the network as cloud-init wrote it', () => {
    assert.match(
      machine.read('etc/netplan/50-cloud-init.yaml'),
      /to: "?0\.0\.0\.0\/0"?\n +via: "?10\.0\.0\.1/,
    )
    machine.run('netplan', 'generate')
    assert.match(machine.read('run/systemd/network/10-netplan-eth0.network'), /Address=10\.0\.0\.21\/24/)
    assert.match(machine.read('run/systemd/network/10-netplan-eth0.network'), /Gateway=fd00::1/)
  })

  await t.test('the kubelet’s files are there, the token for root only', () => {
    assert.equal(mode('etc/kubernetes/bootstrap-kubelet.conf'), '600')
    assert.equal(mode('var/lib/kubelet/config.yaml'), '644')
    assert.match(
      machine.read('etc/systemd/system/kubelet.service.d/20-fochista.conf'),
      /--node-labels=tier=on$/m,
    )
    const config = parse(machine.read('var/lib/kubelet/config.yaml')) as { registerWithTaints: unknown }
    assert.deepEqual(config.registerWithTaints, [{ key: 'dedicated', value: 'yes', effect: 'NoSchedule' }])
    assert.match(machine.read('etc/containerd/certs.d/docker.io/hosts.toml'), /mirror\.example\.org/)
  })

  await t.test('files of users come out byte for byte, with mode and owner', () => {
    assert.equal(machine.read('etc/fochista/word'), 'on')
    assert.equal(machine.read('etc/fochista/hostile'), hostile)
    assert.equal(machine.run('od', '-An', '-tu1', '/etc/fochista/binary').trim(), '0 255 254  10')
    assert.equal(mode('etc/fochista/binary'), '400')
    assert.equal(machine.run('stat', '-c', '%U:%G %a', '/home/anna/notes').trim(), 'anna:anna 600')
  })

  await t.test('users are there with groups, shell, sudo and keys', () => {
    assert.deepEqual(machine.run('id', '-nG', 'anna').trim().split(' ').sort(), ['adm', 'anna', 'stokers'])
    assert.match(machine.read('etc/passwd'), /^anna:.*:\/bin\/sh$/m)
    assert.match(machine.read('etc/shadow'), /^anna:!/m)
    assert.match(machine.run('cat', '/etc/sudoers.d/90-cloud-init-users'), /^anna ALL=\(ALL\) NOPASSWD:ALL$/m)
    assert.match(machine.read('home/anna/.ssh/authorized_keys'), /anna@example\.org/)
    assert.match(machine.read('home/debian/.ssh/authorized_keys'), /ops@example\.org/)
  })

  const life = [
    'systemctl stop kubelet',
    'swapoff -a',
    'modprobe -a overlay br_netfilter',
    'sysctl --system',
    'systemctl before',
    'systemctl daemon-reload',
    'systemctl enable kubelet',
    'systemctl restart kubelet',
    'systemctl after',
  ]
  const ofSeed = (commands: readonly string[]): string[] =>
    commands.filter((command) => life.includes(command))

  await t.test('commands run in order, on their side of the kubelet’s start', () => {
    assert.deepEqual(ofSeed(first.commands), life)
    assert.equal(machine.read('etc/fochista/before'), "before: it's {{ x }} 42\n")
    assert.equal(machine.read('etc/fochista/after'), '/var/lib/kubelet/config.yaml\n')
  })

  await t.test('at the next boot the same seed does not run again', () => {
    const again = machine.boot(buildSeedImage(seed))
    assert.deepEqual(again.errors, [])
    assert.deepEqual(ofSeed(again.commands), [])
  })

  await t.test('without its image the machine boots as it is', () => {
    const alone = machine.boot()
    assert.equal(alone.enabled, false)
    assert.match(machine.read('etc/netplan/50-cloud-init.yaml'), /10\.0\.0\.21\/24/)
  })

  await t.test('a seed of the next generation runs, and takes the old kubelet’s state away', () => {
    machine.run('mkdir', '-p', '/var/lib/kubelet/pki')
    const next = renderSeed({
      ...input,
      instanceId: instanceIdOf('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '1'),
    })
    const third = machine.boot(buildSeedImage(next))
    assert.deepEqual(third.errors, [])
    assert.deepEqual(ofSeed(third.commands), life)
    assert.throws(() => machine.run('test', '-e', '/var/lib/kubelet/pki'))
  })
})
