import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandsFor } from '../../commands.ts'
import { runLine } from '../../program.ts'
import { testIo } from '../../test-io.ts'
import { candidatesFor } from './candidates.ts'
import { readLine } from './line.ts'
import type { LiveNames } from './live.ts'

/** Names that are only what they are asked for. */
const live: LiveNames = { of: (noun) => Promise.resolve([{ value: `a-${noun}` }]) }

async function complete(text: string): Promise<string | string[]> {
  const words = text.split(' ')
  const found = await candidatesFor(readLine(await commandsFor([words[0] ?? '']), words), live)
  const current = words.at(-1) ?? ''
  return found === 'files'
    ? found
    : found.map(({ value }) => value).filter((value) => value.startsWith(current))
}

test('the next word of a command is offered, with options and their values in between', async () => {
  assert.deepEqual(await complete('vm sn'), ['snapshot', 'snapshot', 'snapshot', 'snapshot', 'snapshot'])
  assert.deepEqual(await complete('lab fault '), ['add', 'list', 'clear'])
  assert.deepEqual(await complete('cluster list -n team-a --out'), ['--output'])
  assert.deepEqual(await complete('cluster list -o '), ['table', 'wide', 'json', 'yaml', 'name'])
  assert.deepEqual(await complete('cluster list --output=j'), ['--output=json'])
  assert.deepEqual(await complete('cluster create --file '), 'files')
  assert.deepEqual(await complete('cluster create --no-such'), [])
})

test('each argument has the names of what it stands for, and what is to be made has none', async () => {
  for (const [line, expected] of [
    ['vm start ', ['a-vm']],
    ['vm start web-1 a', ['a-vm']],
    ['vm snapshot rollback web-1 ', ['a-snapshot']],
    ['vm snapshot create web-1 ', []],
    ['node get -o json ', ['a-host']],
    ['storage content pve1 ', ['a-storage']],
    ['vm agent call web-1 get-os', ['get-osinfo']],
    ['storage upload pve1 local ', 'files'],
    ['task log ', ['a-task']],
    ['pool scale -n team-a ', ['a-pool']],
    ['pool scale workers ', []],
    ['pool create ', []],
    ['pool create extra --cluster ', ['a-cluster']],
    ['cluster delete ', ['a-cluster']],
    ['class delete ', ['a-class']],
    ['proxmox add ', []],
    ['doctor --proxmox ', ['a-proxmox']],
    ['cluster list --context ', ['a-context']],
    ['kube datastores ', ['a-kube']],
    ['completion ', ['bash', 'zsh', 'fish']],
  ] as const)
    assert.deepEqual(await complete(line), expected, line)
})

test('parameters of a call come from the schema: names, words, and names of what there is', async () => {
  assert.deepEqual(await complete('vm config 100 bio'), ['bios='])
  assert.deepEqual(await complete('vm config 100 bios=o'), ['bios=ovmf'])
  assert.deepEqual(await complete('vm config 100 net'), ['net0='])
  assert.deepEqual(await complete('vm clone 9000 full='), ['full=0', 'full=1'])
  assert.deepEqual(await complete('vm clone 9000 full=1 ful'), [])
  assert.deepEqual(await complete('vm migrate 100 target='), ['target=a-host'])
  assert.deepEqual(await complete('vm clone 9000 storage='), ['storage=a-storage'])
  assert.deepEqual(await complete('api set /nodes/pve1/qemu/100/config ostype=l2'), [
    'ostype=l24',
    'ostype=l26',
  ])
})

test('paths of the API grow by one part, and only to calls that there are', async () => {
  assert.deepEqual(await complete('api get /nod'), ['/nodes', '/nodes/'])
  assert.deepEqual(await complete('api get /nodes/'), ['/nodes/a-host', '/nodes/a-host/'])
  assert.deepEqual(((await complete('api create /nodes/pve1/qemu/100/status/s')) as string[]).toSorted(), [
    '/nodes/pve1/qemu/100/status/shutdown',
    '/nodes/pve1/qemu/100/status/start',
    '/nodes/pve1/qemu/100/status/stop',
    '/nodes/pve1/qemu/100/status/suspend',
  ])
})

test('a script is printed for each shell, and another one is refused by name', async () => {
  for (const [shell, begins] of [
    ['bash', '_fochista() {'],
    ['zsh', '_fochista() {'],
    ['fish', 'function __fochista_complete'],
  ] as const) {
    const io = testIo()
    assert.equal(await runLine(['completion', shell], io, new AbortController().signal), 0)
    assert.ok(io.stdout.startsWith(begins))
  }
  const io = testIo()
  assert.equal(await runLine(['completion', 'zhs'], io, new AbortController().signal), 1)
  assert.match(io.stderr, /"zhs" is not one of bash, zsh, fish\n {2}did you mean "zsh"\?/)
})
