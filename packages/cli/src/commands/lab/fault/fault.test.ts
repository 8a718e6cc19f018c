import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startLab } from '@fochista/lab'
import { runLine } from '../../../program.ts'
import { labFaultAdd } from './add.ts'
import { contextWithoutBackEnds, testIo, type TestIo } from '../../../test-io.ts'

const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 100 })
after(() => lab.stop())

async function run(
  argv: string[],
  environment: Record<string, string> = lab.environment,
): Promise<{ code: number; io: TestIo }> {
  const io = testIo()
  const code = await runLine(['lab', 'fault', ...argv], io, new AbortController().signal, () =>
    contextWithoutBackEnds(io, { environment: () => Promise.resolve(environment) }),
  )
  return { code, io }
}

test('a fault is asked for, listed and cleared on the command line', async () => {
  const { code, io } = await run([
    'add',
    'answer',
    'status=503',
    'header.Retry-After=3',
    'reason=not now',
    '--path',
    '/nodes/{node}/qemu',
    '--times',
    '2',
    '--for',
    '5m',
  ])
  assert.equal(code, 0, io.stderr)
  assert.match(
    io.stdout,
    /answer status=503 reason=not now headers=\{"Retry-After":"3"\}\s+proxmox path=\/nodes\/\{node\}\/qemu\s+times=2 for=300000ms\s+0\/0/,
  )
  const listed = JSON.parse((await run(['list', '-o', 'json'])).io.stdout) as object[]
  assert.deepEqual(listed, lab.faults.list())
  assert.equal((await run(['clear', '99'])).code, 1)
  assert.equal((await run(['clear', lab.faults.list()[0]?.id ?? ''])).io.stdout, '1 cleared\n')
  assert.match((await run(['list'])).io.stderr, /No faults/)
})

test('a file says the whole fault, and --dry-run shows what would be sent', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-fault-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, 'fault.yaml')
  await writeFile(file, 'on: { backEnd: kubernetes }\nwhat: { kind: delay, ms: 2s }\n')
  const dry = await run(['add', '-f', file, '--dry-run'])
  assert.deepEqual(JSON.parse(dry.io.stdout), {
    on: { backEnd: 'kubernetes' },
    what: { kind: 'delay', ms: '2s' },
  })
  assert.deepEqual(lab.faults.list(), [])
  assert.equal((await run(['add', '-f', file])).code, 0)
  assert.deepEqual(lab.faults.list()[0]?.what, { kind: 'delay', ms: 2000 })
  assert.equal((await run(['clear', '-o', 'json'])).io.stdout, '{"cleared":1}\n')
})

test('what cannot be is refused with field, value and rule', async () => {
  for (const [argv, message] of [
    [['add', 'answer', 'status=9'], /what.status: 9; it must be a whole number from 200 to 599/],
    [['add', 'host-lost', '--node', 'pve9'], /on.node: "pve9"; there is none; there are: pve1, pve2, pve3/],
    [['add', 'hang', '--share', '2'], /--share: "2" is not a number greater than 0/],
    [['add', 'hang', 'now'], /"now" is not field=value/],
    [['add'], /a fault needs its kind/],
  ] as const) {
    const { code, io } = await run([...argv])
    assert.notEqual(code, 0)
    assert.match(io.stderr, message)
  }
  const { io } = await run(['list'], { LAB_URL: 'http://127.0.0.1:1' })
  assert.match(io.stderr, /the lab does not answer at http:\/\/127.0.0.1:1/)
})

/** The words of a line as a shell splits them. */
function wordsOf(line: string): string[] {
  return [...line.replace(/\s+#.*$/, '').matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) =>
    word.replaceAll("'", ''),
  )
}

test('the lines to copy, of the help and of the documentation, do what they say', async () => {
  const text = await readFile(new URL('../../../../../../docs/lab.md', import.meta.url), 'utf8')
  const documented = [...text.matchAll(/^fochista lab fault (add .*)$/gm)].map(([, line = '']) => line)
  const helped = (labFaultAdd.examples ?? []).map((line) => line.replace('fochista lab fault ', ''))
  assert.ok(documented.length >= 8 && helped.length >= 8)
  for (const line of [...documented, ...helped]) {
    const { code, io } = await run(wordsOf(line))
    // There is no tenant here.
    if (line.includes('--on tenant'))
      assert.match(io.stderr, /on.tenant: "default\/shop"; there must be a control plane that runs/)
    else assert.equal(code, 0, `${line}: ${io.stderr}`)
    await lab.faults.clear()
  }
})
