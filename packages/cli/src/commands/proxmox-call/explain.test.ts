import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startLab } from '@fochista/lab'
import { createContext } from '../../context.ts'
import { runLine } from '../../program.ts'
import { testIo } from '../../test-io.ts'

// What bad input gets: one sentence with the cause, and the next thing to type.

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 200 })
after(() => lab.stop())

async function run(
  line: string,
  over: Record<string, string | undefined> = {},
): Promise<{ code: number; stderr: string }> {
  const io = testIo()
  const code = await runLine(line.split(' '), io, new AbortController().signal, (given, signal, flags) =>
    createContext(given, signal, flags, { ...lab.environment, HOME: '/nonexistent', ...over }),
  )
  return { code, stderr: io.stderr }
}

/** Runs a line that must fail; resolves to what is said from `error:` on. */
async function refused(line: string, over?: Record<string, string | undefined>): Promise<string> {
  const { code, stderr } = await run(line, over)
  assert.equal(code === 0, false, `${line} succeeded`)
  return stderr.slice(stderr.indexOf('error:'))
}

before(async () => {
  for (const line of [
    'vm create pve1 vmid=700 name=web-1 cores=1 memory=512 scsi0=local-lvm:2',
    'vm create pve1 vmid=701 name=off memory=512',
    'vm start web-1',
  ]) {
    const { code, stderr } = await run(line)
    assert.equal(code, 0, stderr)
  }
})

test('a wrong parameter is named with its value and the rule, and never sent', async () => {
  for (const [line, expected] of [
    [
      'vm config web-1 cores=two',
      'error: cores: "two" is not a number\n  its parameters:  fochista vm config --help\n',
    ],
    [
      'vm config web-1 cores=0',
      'error: cores: 0 is less than 1\n  its parameters:  fochista vm config --help\n',
    ],
    [
      'vm config web-1 onboot=maybe',
      'error: onboot: "maybe" is not 0 or 1\n  its parameters:  fochista vm config --help\n',
    ],
    [
      'vm config web-1 bios=seabois',
      'error: bios: "seabois" is not one of seabios, ovmf\n  did you mean "seabios"?\n',
    ],
    ['vm config web-1 coers=2', 'error: unknown parameter "coers"\n  did you mean "cores"?\n'],
    ['vm config web-1 sccsi1=x', 'error: unknown parameter "sccsi1"\n  did you mean "scsi1"?\n'],
    ['vm clone web-1', 'error: newid is missing: add newid=…\n  its parameters:  fochista vm clone --help\n'],
    [
      'api set /nodes/pve1/qemu/700/config coers=1',
      'error: unknown parameter "coers"\n  did you mean "cores"?\n',
    ],
    [
      'api get /nodes/pve1/qemu/700/pendign',
      'error: Proxmox has no /nodes/pve1/qemu/700/pendign\n  did you mean /nodes/pve1/qemu/700/pending?\n',
    ],
  ] as const)
    assert.equal(await refused(line), expected, line)
})

test('a state that does not allow it is told with what to do first', async () => {
  for (const [line, expected] of [
    [
      'vm start web-1',
      /^error: 700 \(web-1\): VM 700 already running\n {2}there is nothing to do; see: {2}fochista vm get 700\n {2}fochista task log UPID:/,
    ],
    [
      'vm delete web-1 --yes',
      /^error: 700 \(web-1\): VM 700 is running - destroy failed\n {2}stop it first: {2}fochista vm stop 700\n$/,
    ],
    ['vm resize web-1 disk=scsi0 size=1G', /shrink[\s\S]*A disk only grows/],
    [
      'vm resize web-1 disk=scsi5 size=1G',
      /disk 'scsi5' does not exist\n {2}see which there are: {2}fochista vm config 700\n/,
    ],
    [
      'vm snapshot rollback web-1 nope --yes',
      /snapshot 'nope' does not exist\n {2}list those there are: {2}fochista vm snapshot list 700\n/,
    ],
    [
      'vm agent call web-1 ping',
      /^error: 700 \(web-1\): No QEMU guest agent configured\n.*fochista vm config 700 agent=1\n$/,
    ],
    [
      'vm suspend off',
      /^error: 701 \(off\): VM 701 not running\n {2}start it first: {2}fochista vm start 701\n$/,
    ],
  ] as const)
    assert.match(await refused(line), expected, line)
})

test('what is not there is told with how to list what is', async () => {
  for (const [line, expected] of [
    ['vm start wbe-1', /^error: VM "wbe-1" not found\n {2}did you mean "web-1"\?\n$/],
    ['vm start 999', /^error: VM "999" not found\n/],
    [
      'vm migrate web-1 target=pve9',
      /no such cluster node 'pve9'\n {2}list the hosts: {2}fochista node list\n$/,
    ],
    ['node get pve9', /pve9.*\n {2}list the hosts: {2}fochista node list\n$/],
    [
      'storage get nope',
      /^error: nope: storage 'nope' does not exist\n {2}list the storages: {2}fochista storage list\n$/,
    ],
    [
      'task log nope',
      /^error: "nope" is no task: it begins with UPID:\n {2}list the latest ones: {2}fochista task list/,
    ],
    [
      'vm create pve1 vmid=700',
      /^error: pve1: unable to create VM 700 - VM 700 already exists on node 'pve1'\n {2}a free VMID is told by: {2}fochista vm next-id\n$/,
    ],
  ] as const)
    assert.match(await refused(line), expected, line)
})

test('a right that is missing is named with its path, and with the command that grants it', async () => {
  const least = {
    PROXMOX_TOKEN_ID: lab.environment['PROXMOX_LEAST_TOKEN_ID'],
    PROXMOX_SECRET: lab.environment['PROXMOX_LEAST_SECRET'],
  }
  assert.match(
    await refused('api create /nodes/pve1/qemu/700/status/start', least),
    /^error: not permitted: it needs VM\.PowerMgmt on \/vms\/700\n {2}Let an administrator .*pveum acl modify \/vms\/700 /,
  )
})

test('a token’s id without its ! is told where the ! goes; a wrong one that it is refused', async () => {
  assert.match(
    await refused('vm list', { PROXMOX_TOKEN_ID: 'root@pam' }),
    /^error: PROXMOX_TOKEN_ID: "root@pam" has no "!": it goes between the user and the token’s name, root@pam!NAME\n.*pveum user token list root@pam\n/,
  )
  assert.match(await refused('vm list', { PROXMOX_TOKEN_ID: 'root!x' }), /"root!x" is not user@realm!name/)
  const unknown = await run('vm list', { PROXMOX_TOKEN_ID: 'root@pam!nope' })
  assert.equal(unknown.code, 4)
  assert.match(unknown.stderr, /Check PROXMOX_TOKEN_ID/)
})

test('of several VMs each is explained, and the others go on', async () => {
  const { code, stderr } = await run('vm delete off web-1 --yes')
  assert.equal(code, 1)
  assert.match(
    stderr,
    /^700 \(web-1\): VM 700 is running - destroy failed\n {2}stop it first: {2}fochista vm stop 700$/m,
  )
  assert.match(stderr, /701 \(off\): OK - qmdestroy/)
  assert.match(stderr, /error: 1 of 2 failed/)
})
