import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startLab } from '@fochista/lab'
import { apiSchema } from '@fochista/proxmox/schema'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo } from '../../test-io.ts'
import { nodeVerbs } from '../node/verbs.ts'
import { storageVerbs } from '../storage/verbs.ts'
import { taskVerbs } from '../task/verbs.ts'
import { agentVerbs } from './agent.ts'
import { firewallVerbs } from './firewall.ts'
import { vmCommands, vmVerbs } from './verbs.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
after(() => lab.stop())

async function run(
  line: string,
  answer?: boolean,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = testIo(answer === undefined ? {} : { answer })
  const code = await runLine(
    line.split(' ').filter(Boolean),
    io,
    new AbortController().signal,
    (given, stop, flags) => createContext(given, stop, flags, { ...lab.environment, HOME: '/nonexistent' }),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

async function ok(line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line)
  assert.equal(code, 0, `fochista ${line}: ${stderr}`)
  return stdout
}

test('every verb is a call of the API, and its line names all that its path needs', () => {
  const verbs = [...vmVerbs, ...agentVerbs, ...firewallVerbs, ...nodeVerbs, ...storageVerbs, ...taskVerbs]
  for (const verb of verbs) {
    const methods = [verb.method, ...(verb.whenGiven ? [verb.whenGiven] : [])]
    for (const method of methods)
      assert.ok(apiSchema.paths[verb.call]?.[method], `${verb.path}: ${method} ${verb.call}`)
    const needed = [...verb.call.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
    const named = [...verb.path.matchAll(/<(\w+)(?:\.\.\.)?>/g)].map(([, name = '']) => name)
    const given = new Set([
      ...named,
      ...(named.includes('vm') || named.includes('words') ? ['node', 'vmid'] : []),
      ...(named.includes('upid') ? ['node'] : []),
    ])
    assert.deepEqual(
      needed.filter((name) => !given.has(name)),
      [],
      verb.path,
    )
    for (const name of verb.asParameter ?? []) assert.ok(named.includes(name), verb.path)
  }
})

test('each call on a VM has a command of its own', () => {
  const made = new Set(
    vmCommands.flatMap(({ parameters, calls = [] }) => [
      ...(parameters?.methods ?? []).map((method) => `${method} ${parameters?.call}`),
      ...calls,
    ]),
  )
  const vm = '/nodes/{node}/qemu/{vmid}'
  // What only names the calls below it, and the socket that two clusters speak over.
  const without = ['', '/status', '/firewall', '/snapshot/{snapname}', '/mtunnelwebsocket']
  const all = Object.entries(apiSchema.paths)
    .filter(([path]) => path.startsWith(vm))
    .flatMap(([path, calls]) => Object.keys(calls).map((method) => `${method} ${path}`))
  assert.deepEqual(
    all.filter((call) => !made.has(call)),
    without.map((path) => `GET ${vm}${path}`).sort((a, b) => all.indexOf(a) - all.indexOf(b)),
  )
})

test('a VM is made, changed, cloned, photographed and taken away by name and by VMID', async () => {
  await ok('vm create pve1 vmid=700 name=web-1 cores=1 memory=512 scsi0=local-lvm:1 net0=virtio,bridge=vmbr0')
  assert.match(await ok('vm list'), /^ *700 +/m)
  await ok('vm config web-1 cores=2 tags=blue')
  assert.equal((JSON.parse(await ok('vm config web-1 -o json')) as { cores: number }).cores, 2)
  await ok('vm clone web-1 newid=701 name=web-2 full=1')
  await ok('vm start 700 web-2')
  assert.equal((JSON.parse(await ok('vm get 701 -o json')) as { status: string }).status, 'running')
  await ok('vm snapshot create web-1 before')
  assert.match(await ok('vm snapshot list web-1'), /before/)
  await ok('vm snapshot rollback web-1 before --yes')
  await ok('vm snapshot delete web-1 before -y')
  await ok('vm resize web-1 disk=scsi0 size=2G')
  await ok('vm firewall rules web-1 type=in action=ACCEPT proto=tcp dport=22')
  assert.match(await ok('vm firewall rules web-1'), /ACCEPT/)
  await ok('vm firewall ipsets web-1 name=admins')
  await ok('vm firewall ipset web-1 admins cidr=192.0.2.7')
  await ok('vm firewall ipset-entry web-1 admins 192.0.2.7 comment=Anna')
  assert.match(await ok('vm firewall ipset-entry web-1 admins 192.0.2.7'), /Anna/)
  await ok('vm firewall ipset-remove web-1 admins 192.0.2.7 --yes')
  await ok('vm firewall aliases web-1 name=office cidr=192.0.2.0/24')
  await ok('vm firewall alias web-1 office cidr=192.0.2.0/25')
  assert.match(await ok('vm firewall alias web-1 office -o json'), /192\.0\.2\.0\/25/)
  assert.match(await ok('vm migrate-check web-1 -o json'), /"allowed_nodes"/)
  await ok('vm reconfigure web-1 memory=1024')
  const tunnel = JSON.parse(await ok('vm mtunnel pve1 702 storages=local-lvm -o json')) as {
    socket: string
    upid: string
  }
  assert.match(tunnel.socket, /mtunnel/)
  await ok(`task stop ${tunnel.upid} --yes`)
  await ok('vm dbus-vmstate web-2 action=start')
  await ok('vm dbus-vmstate web-2 action=stop')
  await ok('vm stop web-1 web-2 --yes')
  await ok('vm delete 700 701 --yes')
  assert.doesNotMatch(await ok('vm list'), /\bweb-[12]\b/)
})

test('what destroys asks first, and does nothing without a yes', async () => {
  await ok('vm create pve2 vmid=710 name=kept memory=512')
  const refused = await run('vm delete kept')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /not confirmed: vm delete 710 \(kept\)[\s\S]*--yes/)
  assert.match(await ok('vm list'), /^ *710 /m)
  assert.equal((await run('vm delete kept', true)).code, 0)
  assert.doesNotMatch(await ok('vm list'), /^ *710 /m)
})

test('one that fails of several does not keep the others, and the exit code says so', async () => {
  await ok('vm create pve1 vmid=720 name=one memory=512')
  const mixed = await run('vm resize nope disk=scsi0 size=2G')
  assert.equal(mixed.code, 1)
  assert.match(mixed.stderr, /VM "nope" not found/)
  const twice = await run('vm suspend 720 720')
  assert.equal(twice.code, 1)
  assert.match(twice.stderr, /720.*: .*VM 720 not running/)
  await ok('vm delete 720 -y')
})

test('a task that fails is told with its words and the line that shows its log', async () => {
  await ok('vm create pve1 vmid=730 name=broken memory=512 net0=virtio,bridge=vmbr77')
  const failed = await run('vm start broken')
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /bridge 'vmbr77' does not exist/)
  const [, upid = ''] = /fochista task log (UPID:\S+)/.exec(failed.stderr) ?? []
  assert.match(await ok(`task log ${upid}`), /TASK ERROR/)
  const waited = await run(`task wait ${upid}`)
  assert.equal(waited.code, 1)
  await ok('vm delete broken -y')
})

test('a dry run prints the call and sends nothing; a wrong parameter never leaves', async () => {
  assert.equal(
    await ok('vm migrate intranet target=pve2 --dry-run'),
    'POST /nodes/pve1/qemu/100/migrate target=pve2\n',
  )
  const wrong = await run('vm resize intranet disk=nope size=1G')
  assert.equal(wrong.code, 1)
  assert.match(wrong.stderr, /disk: /)
})

test('hosts, storages and tasks are listed and read; an upload arrives with its checksum', async () => {
  assert.match(await ok('node list'), /pve3/)
  assert.match(await ok('node get pve1 -o json'), /"kversion"/)
  assert.match(await ok('storage list'), /local-lvm/)
  await ok(`storage upload pve1 local ${import.meta.filename} --name vm.test.iso`)
  assert.match(await ok('storage content pve1 local content=iso'), /local:iso\/vm\.test\.iso/)
  await ok('storage volume pve1 local local:iso/vm.test.iso')
  assert.match(await ok('storage rrd pve1 local -o json'), /"time": \d+/)
  await ok('storage delete pve1 local local:iso/vm.test.iso -y')
  assert.match(await ok('node rrd pve1 -o json'), /"time": \d+/)
  assert.match(await ok('node cluster'), /quorate/i)
  assert.match(await ok('node log max=5 -o json'), /"msg": /)
  assert.match(await ok('vm next-id'), /^\d{3}$/m)
  assert.match(await ok('task list -o json'), /UPID:pve1:/)
})

test('the agent of a guest is asked by the name of the call', async () => {
  await ok('vm config intranet agent=1')
  await ok('vm stop intranet --yes')
  await ok('vm start intranet')
  let answer = await run('vm agent ping intranet')
  for (const end = Date.now() + 60_000; answer.code !== 0 && Date.now() < end;)
    answer = await run('vm agent ping intranet')
  assert.equal(answer.code, 0, answer.stderr)
  assert.match(await ok('vm agent get-osinfo intranet -o json'), /"result"/)
  assert.match(await ok('vm agent list intranet'), /fstrim/)
  assert.match(await ok('vm agent fsfreeze-status intranet -o json'), /thawed/)
})

test('a token of a Proxmox user is made, listed, changed and deleted', async () => {
  const made = JSON.parse(await ok('token proxmox create root@pam ci privsep=1 -o json')) as { value: string }
  assert.match(made.value, /^[0-9a-f-]{36}$/)
  await ok('token proxmox set root@pam ci comment=scripts')
  assert.match(await ok('token proxmox list root@pam'), /^scripts .* ci$/m)
  assert.match(await ok('token proxmox get root@pam ci -o json'), /"comment": "scripts"/)
  await ok('token proxmox delete root@pam ci --yes')
  assert.doesNotMatch(await ok('token proxmox list root@pam'), / ci$/m)
})

test('the help of a call lists its parameters from the schema', async () => {
  const help = await ok('vm clone --help')
  assert.match(help, /^Parameters \(POST\):\n +newid +pve-vmid 100\.\.999999999 required/m)
})
