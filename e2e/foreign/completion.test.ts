import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test, type TestContext } from 'node:test'
import { eventually, example, has, startBench } from '../harness.ts'

// Real shells, and a TAB pressed in each.

const bench = await startBench({ bare: true })
const bin = join(bench.folder, 'bin')
const program = join(bin, 'fochista')
await bench.run('mkdir', ['-p', bin])
const line = [process.execPath, ...bench.command].map((word) => `'${word}'`).join(' ')
await writeFile(program, `#!/bin/sh\nexec ${line} "$@"\n`)
await chmod(program, 0o755)
const env = {
  ...process.env,
  ...bench.environment,
  PATH: `${bin}:${process.env['PATH']}`,
  TERM: 'dumb',
  HOME: bench.folder,
}
await bench.kubectl('apply', '-f', example('tenant-test.yaml'))
await bench.ok('vm', 'create', 'pve1', 'vmid=700', 'name=web-1', 'memory=512')

/** Ctrl-U: empties the line. */
const clear = '\u0015'

interface Shell {
  /**
   * Types a text into an empty line and resolves to what the shell says from then on, once that matches. It is typed again when nothing came of
   * it for long: names that are slow to come cost a TAB no time, and are then not there.
   */
  type(text: string, wanted: RegExp): Promise<string>
}

/** An interactive shell on a terminal of its own. */
function shell(t: TestContext, command: string): Shell {
  const child = spawn('script', ['-qec', `stty cols 200; ${command}`, '/dev/null'], { env })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  after(() => child.stdin.destroy())
  return {
    type: (text, wanted) =>
      eventually(`${JSON.stringify(text)} gives ${wanted}`, 60_000, async () => {
        const before = said.length
        child.stdin.write(`${clear}${text}`)
        await eventually('it is said', 5000, () => {
          assert.match(said.slice(before), wanted)
          return Promise.resolve()
        })
        return said.slice(before)
      }),
  }
}

test('bash completes commands, options, words, parameters and live names, also after = and :', async (t) => {
  if (!has(t, 'bash') || !has(t, 'script')) return
  const bash = shell(t, 'bash --noprofile --norc -i')
  await bash.type(
    "PS1='> '; bind 'set bell-style none'; eval \"$(fochista completion bash)\"; echo rea'dy'\r",
    /ready/,
  )
  await bash.type('fochista orph\tl\t', /fochista orphan list /)
  await bash.type('fochista vm start we\t', /fochista vm start web-1 /)
  await bash.type('fochista vm config 700 bio\t', /config 700 bios=$/)
  await bash.type('fochista vm config 700 bios=s\t', /seabios /)
  await bash.type('fochista vm migrate web-1 target=pve\t\t', /target=pve1|pve1 +pve2 +pve3/)
  await bash.type('fochista vm list --outp\tj\t', /--output json /)
  await bash.type('fochista cluster get -n def\tten\t', /cluster get -n default tenant-test /)
  await bash.type('fochista api get /nodes/pve1/qemu/700/conf\t', /700\/config /)
  await bash.type('fochista storage delete pve1 local local:im\t', /delete pve1 local local:im/)
  // A word of the line is never run.
  await bash.type(`fochista vm config '$(touch ${bench.folder}/run)' bi\t`, /bios=/)
  assert.notEqual((await bench.run('test', ['-e', join(bench.folder, 'run')])).code, 0)
})

test('zsh completes commands with their summaries, words and live names', async (t) => {
  if (!has(t, 'zsh') || !has(t, 'script')) return
  const zsh = shell(t, 'zsh -f -i')
  await zsh.type(
    "PS1='> '; unsetopt BEEP; autoload -U compinit; compinit -u -D; eval \"$(fochista completion zsh)\"; echo rea'dy'\r",
    /\nready/,
  )
  await zsh.type('fochista vm sta\t', /start/)
  await zsh.type('fochista vm snapshot \t', /rollback +-- go back to a snapshot/)
  await zsh.type('fochista vm stop we\t', /web-1/)
  await zsh.type('fochista vm config web-1 bios=s\t', /seabios/)
})

test('fish completes commands, words, parameters and live names', async (t) => {
  if (!has(t, 'fish')) return
  const complete = async (begun: string): Promise<string> => {
    const { stdout, stderr, code } = await bench.run(
      'fish',
      ['--no-config', '-c', `fochista completion fish | source; complete -C '${begun}'`],
      { env },
    )
    assert.equal(code, 0, stderr)
    return stdout
  }
  assert.match(await complete('fochista vm snapshot '), /^rollback\tgo back to a snapshot$/m)
  await eventually('names come', 60_000, async () =>
    assert.match(await complete('fochista vm start we'), /^web-1\t700 /m),
  )
  assert.match(await complete('fochista vm config web-1 bios='), /^bios=seabios$/m)
  assert.match(await complete('fochista storage upload pve1 local /et'), /^\/etc\/$/m)
})

test('contexts are those of our own settings and of the kubeconfig', async () => {
  const folder = join(bench.folder, 'fochista')
  await bench.run('mkdir', ['-p', folder])
  await writeFile(join(folder, 'config.yaml'), 'contexts: { dc9: { namespace: team-a } }\n')
  const { stdout } = await bench.run(program, ['completion', '--', 'cluster', 'list', '--context', ''], {
    env,
  })
  const current = (await bench.kubectl('config', 'current-context')).trim()
  assert.deepEqual(
    stdout.split('\n').map((each) => each.split('\t')[0]),
    ['dc9', current, ''],
  )
})

test('a back end that is away costs a TAB its names only, and not its time', async () => {
  const { stdout, code } = await bench.run(
    program,
    ['completion', '--', 'vm', 'migrate', 'web-1', 'target='],
    {
      env: { ...env, PROXMOX_URL: 'https://192.0.2.1:8006' },
    },
  )
  assert.deepEqual([code, stdout], [0, ''])
  const words = await bench.run(program, ['completion', '--', 'vm', 'config', 'web-1', 'bios='], {
    env: { ...env, PROXMOX_URL: 'https://192.0.2.1:8006' },
  })
  assert.match(words.stdout, /^bios=ovmf$/m)
})
