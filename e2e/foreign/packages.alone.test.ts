import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { buildSeedImage, renderSeed, type SeedInput } from '../../packages/controllers/src/bootstrap/index.ts'
import { plainSeed } from '../../packages/controllers/src/test/plain-seed.ts'
import { has } from '../harness.ts'
import { packagesOfDebian, startCloudInitMachine, type CloudInitMachine } from './cloud-init-machine.ts'
import { EXPIRED, makePackage, publish, startSigner, webServer, type Signer } from './packages-mirror.ts'

const { instanceId } = plainSeed
const state = `/var/lib/fochista/${instanceId}`
const dropIn = '/etc/systemd/system/kubelet.service.d/20-fochista.conf'

const seedInput = (keyring: string): SeedInput => ({
  ...plainSeed,
  extras: {
    preJoinCommands: ['systemctl before; echo "it\'s {{ x }} $((40 + 2))" >> /before', 'exit 3'],
    postJoinCommands: ['systemctl after'],
    registryMirrors: [{ registry: 'docker.io', endpoints: ['https://mirror.example.org'] }],
  },
  install: 'packages',
  packages: { mirror: 'http://packages.example/k8s/', keyring },
  kubeletVersion: 'v1.30.4',
})

/** What makes an installed kubelet run, in order. */
const life = [
  'systemctl restart containerd',
  'swapoff -a',
  'modprobe -a overlay br_netfilter',
  'sysctl -q --system',
  'systemctl daemon-reload',
  'systemctl enable kubelet',
  'systemctl restart kubelet',
]

/**
 * Stand in for programs that must not run here: they note that they were called, and end their caller where a test says so, or when it
 * has failed four times.
 */
const stand = `#!/bin/sh
echo "\${0##*/} $*" >> /commands
[ "\${0##*/}" != sleep ] || rm -f /srv/fault
if [ "$(cat /srv/kill-at 2>/dev/null)" = "\${0##*/} $*" ] || [ "\${0##*/} $*" = 'sleep 40' ]; then
  rm -f /srv/kill-at
  kill -9 $PPID
fi
`

/** Runs what the unit runs, with the mirror in the machine's own network; gives what the console would show. */
function runUnit(machine: CloudInitMachine, { fault = '', killAt = '' } = {}): Run {
  const { root } = machine
  for (const [name, text] of Object.entries({ fault, 'kill-at': killAt })) {
    rmSync(join(root, 'srv', name), { force: true })
    if (text) writeFileSync(join(root, 'srv', name), text)
  }
  rmSync(join(root, 'commands'), { force: true })
  const [, command = ''] =
    /^ExecStart=(.*)$/m.exec(machine.read('etc/systemd/system/fochista-packages.service')) ?? []
  const { output } = machine.shell(`python3 /srv/web-server.py & server=$!
i=0; until python3 -c 'import socket; socket.create_connection(("127.0.0.1", 80))' 2>/dev/null; do i=$((i + 1)); [ $i -lt 2000 ] || exit 9; done
${command}
echo "ended: $?"
kill $server`)
  const commands = existsSync(join(root, 'commands')) ? machine.read('commands') : ''
  return { output, commands: commands.split('\n').filter(Boolean) }
}

interface Run {
  readonly output: string
  readonly commands: string[]
}

/** Standing in for the Kubernetes packages. The kubelet's own unit would start one without a cluster. */
function kubernetesPackages(folder: string, version: string): string[] {
  const kubelet = makePackage(
    folder,
    { Package: 'kubelet', Version: `${version}-1.1`, Depends: 'kubernetes-cni (>= 1.2.0)' },
    {
      'usr/bin/kubelet': `#!/bin/sh\necho "Kubernetes v${version}"\n`,
      'usr/lib/systemd/system/kubelet.service': '[Service]\nExecStart=/usr/bin/kubelet\n',
    },
    `#!/bin/sh\n[ -e ${dropIn} ] && [ ! -e ${state}/installed ] && /usr/local/sbin/systemctl kubelet-is-set-up-and-held\n`,
  )
  const cni = makePackage(
    folder,
    { Package: 'kubernetes-cni', Version: '1.4.0-1.1' },
    { 'opt/cni/bin/bridge': '#!/bin/sh\n' },
  )
  return [kubelet, cni]
}

/** What systemd has to say of a unit of ours; not of the distribution's, which it finds odd in a chroot. */
function complaints(machine: CloudInitMachine, unit: string): string[] {
  const { output } = machine.shell(`systemd-analyze verify --man=no ${unit}`)
  return output.split('\n').filter((line) => /kubelet|fochista/.test(line))
}

/** All files and links of the machine's disk with size and time; without the test's own and what a look at them changes. */
function listing(machine: CloudInitMachine): string {
  const own = '-path /srv -o -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /commands'
  return machine.run(
    'sh',
    '-c',
    `find / \\( ${own} \\) -prune -o ! -type d -printf '%p %l %s %m %U:%G %T@\\n' | sort`,
  )
}

/** Fills the machine's mirror: what Debian has in `debian`, and one folder for each thing that a Kubernetes repository may have wrong. */
function fillMirror(root: string, signer: Signer): void {
  const www = join(root, 'srv/www')
  const real = packagesOfDebian(['containerd', 'iptables', 'qemu-guest-agent'])
  const debs = readdirSync(real).map((name) => join(real, name))
  publish(join(www, 'debian'), debs, (text) => signer.sign('debian', text))
  const own = join(root, 'srv/debs')
  const wanted = kubernetesPackages(join(own, 'wanted'), '1.30.4')
  const other = kubernetesPackages(join(own, 'other'), '1.30.3')
  const put = (name: string, packages: string[], key: string): string => {
    publish(join(root, 'srv/mirrors', name), packages, (text) => signer.sign(key, text))
    return join(root, 'srv/mirrors', name)
  }
  put('of another key', wanted, 'somebody else')
  put('of an expired key', wanted, EXPIRED)
  const altered = put('with another list', wanted, 'kubernetes')
  const list = join(altered, 'Packages')
  writeFileSync(list, readFileSync(list, 'utf8').replace('Package: kubelet', 'Package: kubeleT'))
  const swapped = put('with another package', wanted, 'kubernetes')
  const deb = join(swapped, 'kubelet_1.30.4-1.1_all.deb')
  const bytes = readFileSync(deb)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  writeFileSync(deb, bytes)
  put('without the version', other, 'kubernetes')
  put('right', [...wanted, ...other], 'kubernetes')
}

/** The mirror that answers from now on. */
function serve(root: string, name: string): void {
  const served = join(root, 'srv/www/k8s/v1.30/deb')
  rmSync(served, { recursive: true, force: true })
  mkdirSync(join(root, 'srv/www/k8s/v1.30'), { recursive: true })
  cpSync(join(root, 'srv/mirrors', name), served, { recursive: true, preserveTimestamps: true })
}

test('a stock Debian image becomes a worker from packages under Debian’s own cloud-init', async (t) => {
  if (!has(t, 'gpg') || !has(t, 'dpkg-deb')) return
  const machine = startCloudInitMachine(t, ['bc:24:11:00:00:01'])
  if (!machine) return
  const { root } = machine
  const signer = startSigner(t)
  const seed = renderSeed(seedInput(signer.publicKeys('kubernetes', EXPIRED)))
  fillMirror(root, signer)
  writeFileSync(join(root, 'srv/web-server.py'), webServer)
  writeFileSync(join(root, 'etc/apt/keyrings/debian-test.asc'), signer.publicKeys('debian'))
  // cloud-init would write the distribution's own sources again, which are not reached from here.
  appendFileSync(join(root, 'etc/cloud/cloud.cfg.d/99-test.cfg'), 'apt: {preserve_sources_list: true}\n')
  // apt by itself waits and tries three times more; here one failure is enough.
  writeFileSync(join(root, 'etc/apt/apt.conf.d/99-test'), 'Acquire::Retries "0";\n')
  writeFileSync(
    join(root, 'etc/apt/sources.list'),
    'deb [signed-by=/etc/apt/keyrings/debian-test.asc] http://127.0.0.1/debian ./\n',
  )
  for (const name of ['systemctl', 'swapoff', 'modprobe', 'sysctl', 'sleep']) {
    const path = join(root, 'usr/local/sbin', name)
    writeFileSync(path, stand)
    chmodSync(path, 0o755)
  }

  const boot = machine.boot(buildSeedImage(seed))
  // cloud-init has written /etc/hosts; the mirror's name leads to the machine itself.
  appendFileSync(join(root, 'etc/hosts'), '127.0.0.1 packages.example\n')

  await t.test('the boot writes files, starts the unit and waits for nothing', () => {
    assert.deepEqual(boot.errors, [])
    assert.deepEqual(
      boot.commands.filter((command) => /kubelet|fochista|daemon-reload$/.test(command)),
      [
        'systemctl stop kubelet',
        'systemctl daemon-reload',
        'systemctl start --no-block fochista-packages.service',
      ],
    )
    assert.throws(() => statSync(join(root, 'usr/bin/kubelet')))
  })

  const written = (parse(seed.userData, { version: '1.1' }) as { write_files: Written[] }).write_files
  const compareFiles = (): void => {
    for (const { path, content, permissions, owner } of written) {
      assert.equal(machine.read(path), content, path)
      const { mode, uid, gid } = statSync(join(root, path))
      assert.equal(`0${(mode & 0o7777).toString(8)} ${uid}:${gid}`, `${permissions} 0:0`, path)
      assert.equal(owner, 'root:root', path)
    }
  }
  await t.test('every file is there with its mode and owner', compareFiles)

  await t.test('systemd takes the units for what they are', () => {
    assert.deepEqual(complaints(machine, 'fochista-packages.service'), [])
  })

  for (const [mirror, text] of [
    ['of another key', /the signature of the packages does not fit the key: nothing was installed\./],
    ['of an expired key', /the key of the packages has expired: nothing was installed\./],
    ['with another list', /a package is not what the signed list says \(checksum or size\)/],
    ['with another package', /a package is not what the signed list says \(checksum or size\)/],
    ['without the version', /the packages have no kubelet 1\.30\.4\./],
  ] as const) {
    // Since apt 3 a signature counts that was made while its key was good; gpg makes no other.
    if (mirror === 'of an expired key' && existsSync(join(root, 'usr/bin/sqv'))) continue
    await t.test(`a mirror ${mirror} ends with a clear text and without a kubelet`, () => {
      serve(root, mirror)
      const { output } = runUnit(machine, { killAt: 'sleep 5' })
      assert.match(output, text)
      assert.match(output, /this is tried again in 5 s/)
      assert.throws(() => statSync(join(root, 'usr/bin/kubelet')))
      assert.throws(() => statSync(join(root, state.slice(1), 'installed')))
    })
  }

  serve(root, 'right')

  await t.test(
    'a network that fails in the middle is tried again with growing pauses, also after a reboot',
    () => {
      // The server cuts the first package off; the machine goes down while it waits. What was fetched before is there no more.
      machine.run('apt-get', 'clean')
      const cut = runUnit(machine, { fault: 'containerd_', killAt: 'sleep 5' })
      assert.match(cut.output, /the packages could not be fetched\./)
      assert.match(cut.output, /ended: 137/)
      assert.deepEqual(cut.commands, ['sleep 5'])
      const { output, commands } = runUnit(machine, { fault: 'containerd_' })
      assert.match(
        output,
        /the packages could not be fetched\..*tried again in 5 s.*kubelet 1\.30\.4 was installed and started\nended: 0\n$/s,
      )
      assert.deepEqual(commands, [
        'sleep 5',
        'systemctl kubelet-is-set-up-and-held',
        ...life,
        'systemctl after',
      ])
    },
  )

  await t.test('the pool’s commands ran once each, the first before anything was fetched', () => {
    assert.equal(machine.read('before'), "it's {{ x }} 42\n")
  })

  await t.test('the distribution’s own containerd reads our configuration', () => {
    const dump = machine.run('containerd', 'config', 'dump')
    assert.match(dump, /^ +SystemdCgroup = true$/m)
    assert.match(dump, /^ +bin_dir = "\/opt\/cni\/bin"$/m)
    assert.match(dump, /^ +config_path = "\/etc\/containerd\/certs\.d"$/m)
    assert.match(
      machine.run('dpkg-query', '-W', '-f', '${Maintainer}', 'containerd'),
      /debian\.org|ubuntu\.com/,
    )
  })

  await t.test('the wanted versions are there, held, with our files as they were', () => {
    assert.equal(machine.run('kubelet', '--version'), 'Kubernetes v1.30.4\n')
    assert.equal(machine.run('apt-mark', 'showhold'), 'containerd\nkubelet\n')
    assert.ok(statSync(join(root, 'opt/cni/bin/bridge')).isFile())
    assert.ok(statSync(join(root, 'etc/kubernetes/manifests')).isDirectory())
    compareFiles()
  })

  await t.test('systemd takes the kubelet’s unit with our drop-in', () => {
    assert.deepEqual(complaints(machine, 'kubelet.service'), [])
  })

  await t.test('a second run changes nothing', () => {
    const before = listing(machine)
    const { output, commands } = runUnit(machine)
    assert.match(output, /^ended: 0$/m)
    assert.deepEqual(commands, [])
    assert.equal(listing(machine), before)
  })

  for (const command of life)
    await t.test(`killed at "${command}" it comes to the same end`, () => {
      for (const name of ['done', 'installed', 'after-join/000/run.done'])
        rmSync(join(root, state, name), { force: true })
      const killed = runUnit(machine, { killAt: command })
      assert.match(killed.output, /ended: 137/)
      const { output, commands } = runUnit(machine)
      assert.match(output, /kubelet 1\.30\.4 was installed and started\nended: 0\n$/)
      assert.deepEqual(commands, [...life, 'systemctl after'])
      compareFiles()
    })
})

interface Written {
  readonly path: string
  readonly content: string
  readonly permissions: string
  readonly owner: string
}
