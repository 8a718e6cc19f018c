import assert from 'node:assert/strict'
import { test } from 'node:test'
import { globalOptions } from './command.ts'
import { nouns } from './commands.ts'
import type { Context } from './context.ts'
import { CancelledError, StillInProgressError } from './errors.ts'
import { runLine } from './program.ts'
import { contextWithoutBackEnds, testIo, type TestIo } from './test-io.ts'

interface Ran {
  readonly code: number
  readonly io: TestIo
}

async function run(line: string, { signal, ...over }: Partial<Context> = {}): Promise<Ran> {
  const io = testIo()
  const stop = signal ?? new AbortController().signal
  const code = await runLine(line.split(' ').filter(Boolean), io, stop, () =>
    contextWithoutBackEnds(io, over),
  )
  return { code, io }
}

const commands = (await Promise.all(Object.values(nouns).map((load) => load()))).flat()

const wrongLines: readonly (readonly [line: string, said: string])[] = [
  ['poool list', 'error: unknown command "poool"\n  did you mean pool?\n  see:  fochista --help\n'],
  ['pool skale', 'error: unknown command "skale"\n  did you mean scale?\n  see:  fochista pool --help\n'],
  ['pool scale', 'error: <pool> is missing\n  see:  fochista pool scale --help\n'],
  ['pool scale w', 'error: --replicas is missing\n  see:  fochista pool scale --help\n'],
  [
    'pool scale w --replicas',
    'error: -r, --replicas <n>: the value is missing\n  see:  fochista pool scale --help\n',
  ],
  [
    'pool scale w --replicas 1,5',
    'error: --replicas: "1,5" is not a whole number of at least 0\n  see:  fochista pool scale --help\n',
  ],
  [
    'pool scale w --replica 3',
    'error: unknown option --replica\n  did you mean --replicas?\n  see:  fochista pool scale --help\n',
  ],
  ['pool scale a b --replicas 1', 'error: too many words: a, b\n  see:  fochista pool scale --help\n'],
  [
    'machine list -o yml',
    'error: --output: "yml" is not one of table, wide, json, yaml, name\n  did you mean "yaml"?\n  see:  fochista machine list --help\n',
  ],
  ['cluster create', 'error: give a name, or a manifest with -f\n  see:  fochista cluster create --help\n'],
  [
    'cluster create a --service-type Nodeport --version v1.30.0',
    'error: --service-type: "Nodeport" is not one of LoadBalancer, NodePort, ClusterIP\n  did you mean "NodePort"?\n  see:  fochista cluster create --help\n',
  ],
  [
    'cluster create a --class small --version v1.30.0',
    'error: --class is for the pools of --pool\n  see:  fochista cluster create --help\n',
  ],
  [
    'token create ci --ttl 5m',
    'error: --ttl: a token lives at least 10m\n  see:  fochista token create --help\n',
  ],
  ['api set /version a=1', 'error: /version has no PUT\n  it has:  get\n'],
  [
    'api get /nodes/pve1/qemuu',
    'error: Proxmox has no /nodes/pve1/qemuu\n  did you mean /nodes/pve1/qemu?\n',
  ],
  ['api get /nodes type', 'error: "type" is not parameter=value\n  see:  fochista api get --help\n'],
  [
    'proxmox add a --insecure --ca-file x',
    'error: give only one of --fingerprint, --ca-file and --insecure\n  see:  fochista proxmox add --help\n',
  ],
  ['proxmox add a', 'error: give --url or set PROXMOX_URL\n  see:  fochista proxmox add --help\n'],
  [
    'proxmox add a --vmids 5-9',
    'error: --vmids: "5-9" is not a range like 10000-19999 within 100 and 999999999\n  see:  fochista proxmox add --help\n',
  ],
]
for (const [line, said] of wrongLines) {
  test(`fochista ${line}: says what, which one and what to type, and exits with 1`, async () => {
    const { code, io } = await run(line)
    assert.equal(io.stderr, said)
    assert.equal(io.stdout, '')
    assert.equal(code, 1)
  })
}

const planned: readonly (readonly [line: string, printed: RegExp])[] = [
  [
    'pool create w --cluster c --replicas 2 --cores 4 --node-label a=b --node-taint k=v:NoSchedule --dry-run',
    /^apiVersion: fochista\.dev\/v1alpha1\nkind: NodePool\nmetadata:\n {2}name: w\n {2}namespace: default\nspec:\n {2}clusterName: c\n {2}replicas: 2\n {2}cores: 4\n {2}node:\n {4}labels:\n {6}a: b\n {4}taints:\n {6}- key: k\n {8}value: v\n {8}effect: NoSchedule\n$/,
  ],
  [
    'cluster create c --version v1.30.0 --pool a=1 --pool b=2 --class small --dry-run',
    /kind: TenantControlPlane[\s\S]*---\n[\s\S]*name: a\n[\s\S]*className: small\n {2}replicas: 1\n---\n[\s\S]*name: b\n[\s\S]*replicas: 2\n$/,
  ],
  [
    'class create s --proxmox p --template-tags a --template-tags b --storage st --iso-storage iso --bridge vmbr0.7 --addresses 10.0.0.10-10.0.0.99/24 --gateway 10.0.0.1 --cores 2:4 --dry-run',
    /tags:\n {6}- a\n {6}- b\n[\s\S]*bridge: vmbr0\n {6}vlan: 7\n[\s\S]*start: 10\.0\.0\.10\n[\s\S]*cores:\n {4}default: 2\n {4}max: 4/,
  ],
  ['token create ci --role admin --dry-run', /kind: ServiceAccount[\s\S]*name: fochista-tenant-admin\n/],
  [
    'api set /nodes/pve1/qemu/100/config cores=4 --dry-run',
    /^PUT \/nodes\/pve1\/qemu\/100\/config cores=4\n$/,
  ],
]
for (const [line, printed] of planned) {
  test(`fochista ${line}: prints what it would send and asks nobody`, async () => {
    const { code, io } = await run(line)
    assert.equal(io.stderr, '')
    assert.match(io.stdout, printed)
    assert.equal(code, 0)
  })
}

test('every command has a help with its options, and every one that changes something has --dry-run', async () => {
  const changes = /\b(create|apply|add|delete|scale|set)\b|^(install|uninstall)$/
  for (const { path, options = {} } of commands) {
    const words = path.split(' ').filter((word) => /^\w/.test(word))
    const { code, io } = await run(`${words.join(' ')} --help`)
    assert.equal(code, 0)
    assert.match(io.stdout, new RegExp(`^Usage: fochista ${words.join(' ')}`))
    for (const { flags } of Object.values(options)) assert.ok(io.stdout.includes(flags), `${path} ${flags}`)
    if (changes.test(words.join(' '))) assert.ok('dryRun' in options, `${path} has no --dry-run`)
  }
})

test('the commands are those that the documentation promises', () => {
  const promised = [
    'demo',
    'lab up|env|status',
    'lab fault add|list|clear',
    'serve',
    'install',
    'uninstall',
    'proxmox add|list|get|delete',
    'class create|list|get|delete',
    'cluster create|apply|list|get|describe|kubeconfig|delete',
    'pool create|list|get|scale|delete',
    'machine list|get|describe|delete',
    'token create',
    'api get|create|set|delete',
  ].flatMap((line) => {
    const [, noun = line, verbs] = /^(.*) (\S+)$/.exec(line) ?? []
    return verbs ? verbs.split('|').map((verb) => `${noun} ${verb}`) : [noun]
  })
  const there = commands.map(({ path }) =>
    path
      .split(' ')
      .filter((word) => /^\w/.test(word))
      .join(' '),
  )
  assert.deepEqual(
    promised.filter((words) => !there.includes(words)),
    [],
  )
  assert.equal(new Set(there).size, there.length)
})

test('each command has a line to copy, and the options in such lines are its own', () => {
  for (const { path, options = {}, examples = [] } of commands) {
    const words = `fochista ${path
      .split(' ')
      .filter((word) => /^\w/.test(word))
      .join(' ')}`
    const own = examples.filter((line) => line.includes(words))
    assert.ok(own.length > 0, `${path} has none`)
    const known = [...Object.values(options), ...Object.values(globalOptions)].flatMap(({ flags }) =>
      flags.match(/-[\w-]+/g),
    )
    for (const line of own) {
      // As far as it is this command's.
      const [rest = ''] = line.slice(line.indexOf(words) + words.length).split(/&&|[|')]/)
      const asked = rest.match(/(?<= )--?[a-zA-Z][\w-]*/g) ?? []
      for (const option of asked) assert.ok(known.includes(option), `${line}: ${option}`)
    }
  }
})

test('the exit code tells a script how it ended', async () => {
  const codeOf = async (failure: unknown, signal?: AbortSignal): Promise<number> => {
    const fails = (): Promise<never> => Promise.reject(failure as Error)
    return (await run('pool list', { namespace: fails, ...(signal ? { signal } : {}) })).code
  }
  const http = (status: number): Error =>
    Object.assign(new Error('no'), { name: 'KubernetesApiError', status })
  assert.equal(await codeOf(new Error('broken')), 1)
  assert.equal(await codeOf(http(403)), 1)
  assert.equal(await codeOf(new CancelledError()), 2)
  assert.equal(await codeOf(new Error('socket closed'), AbortSignal.abort()), 2)
  assert.equal(await codeOf(http(401)), 4)
  assert.equal(await codeOf(new StillInProgressError('still')), 8)
})

test('a noun alone shows its help and exits with 1; --help exits with 0', async () => {
  const alone = await run('pool')
  assert.equal(alone.code, 1)
  assert.match(alone.io.stderr, /^Usage: fochista pool/)
  assert.ok(!alone.io.stderr.includes('error:'))
  const asked = await run('pool --help')
  assert.equal(asked.code, 0)
  assert.match(asked.io.stdout, /scale \[options\] <pool> +set how many machines a pool keeps/)
})

test('a command’s own --version is not the program’s', async () => {
  const { io } = await run('cluster create c --version v1.31.2 --dry-run')
  assert.match(io.stdout, /version: v1\.31\.2/)
})

test('what was connected is released, also after a failure', async () => {
  let closed = 0
  const close = (): Promise<void> => Promise.resolve(void (closed += 1))
  await run('pool list', { close })
  await run('token create ci --dry-run', { close })
  assert.equal(closed, 2)
})
