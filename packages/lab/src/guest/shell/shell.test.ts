import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { Disk } from '../disk.ts'
import type { Machine } from './programs.ts'
import { runCommand } from './run.ts'

/** Runs a script as a guest would. */
async function run(script: string): Promise<{ code: number; output: string; unknown: string[] }> {
  const unknown: string[] = []
  const machine = {
    disk: new Disk(undefined),
    sleep: () => Promise.resolve(),
    expectPower() {},
  } as unknown as Machine
  const { exitCode, output } = await runCommand(machine, ['sh', '-c', script], {
    now: 0,
    unknown: (argv) => unknown.push(argv.join(' ')),
  })
  return { code: exitCode, output, unknown }
}

/** In a folder that machine and guest both have. */
const file = `/tmp/fochista-shell-test-${randomUUID()}`

// Each says the same in the machine's own sh.
const scripts = [
  'echo a   b "c  d" \'$x\' e\\ f',
  'x=1; y="$x 2"; echo $y "$y" ${y}z ${none:-other} ${x:+set}; echo "${y%% *}" "${y##* }"',
  'a="1  2 3"; for i in $a "$a"; do echo "<$i>"; done',
  'f() { echo "$# $1 $*"; return 3; }; f a "b c"; echo $?',
  'for i in 1 2 3 4; do [ $i = 2 ] && continue; [ $i -lt 4 ] || break; echo $i; done',
  'i=0; until [ "$i" -ge 3 ]; do i=$((i + 1)); echo "$((i * 2 - 1))"; done',
  'if false; then echo a; elif true; then echo b; else echo c; fi',
  'case "abc" in x*) echo x ;; a?c | y) echo y ;; *) echo z ;; esac',
  'set -e; false || echo rescued; if false; then :; fi; ! true; echo on; false; echo never',
  '(x=2; echo inner $x; exit 4); echo "$? ${x:-unset}"',
  `echo one > ${file}; echo two >> ${file}; cat < ${file}; rm ${file}`,
  'cat <<EOF | grep -v b\na $((1 + 1))\nb\nEOF\necho end',
  "cat <<-'EOF'\n\ta $HOME\n\tEOF",
  'x=$(echo "a b"; echo c); echo "$x"; echo $x',
  'echo out >/dev/null; cat /nosuch 2>/dev/null || echo failed',
  '{ echo a; false; } && echo b || echo c; # a comment\necho d#e',
  'printf "%s\\n" x; true && false; echo $?',
  'exit 7',
]

for (const script of scripts)
  test(`the guests’ shell does as sh: ${JSON.stringify(script)}`, async () => {
    const real = spawnSync('sh', ['-c', script], { encoding: 'utf8' })
    const { code, output, unknown } = await run(script)
    assert.deepEqual(unknown, [])
    assert.equal(output, real.stdout)
    assert.equal(code, real.status)
  })

test('a function that calls itself for ever ends as in dash', async () => {
  const { code, output } = await run('f() { f; }; f 2>/dev/null || echo rescued')
  assert.deepEqual([code, output], [2, ''])
})

test('a script that goes round in circles lets the others have their turns, and ends when the power goes', async () => {
  let isOn = true
  setImmediate(() => (isOn = false))
  const expectPower = (): void => assert.ok(isOn, 'the power went')
  const machine = { disk: new Disk(undefined), expectPower } as unknown as Machine
  const script = ['sh', '-c', 'while true; do :; done']
  await assert.rejects(runCommand(machine, script, { now: 0, unknown: () => {} }), /the power went/)
})

test('what the guests’ shell does not know is told and counts as done, and nothing of it runs', async () => {
  for (const script of ['echo a & wait', 'echo `id`', 'a=(1 2)', 'if true; then echo a']) {
    const { code, output, unknown } = await run(script)
    assert.deepEqual([code, output, unknown], [0, '', [`sh -c ${script}`]])
  }
})
