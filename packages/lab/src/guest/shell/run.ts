import type { GuestCommand } from '../disk.ts'
import { parseScript } from './parse.ts'
import { runProgram } from './programs.ts'
import type { Machine, Outcome } from './programs.ts'

/** What a script does with a program that is not emulated. */
export type Unknown = (argv: readonly string[]) => void

/** Runs a program as root and notes it. A program that is not emulated counts as done; `unknown` is told. */
export async function runCommand(
  machine: Machine,
  argv: readonly string[],
  now: number,
  unknown: Unknown,
): Promise<GuestCommand> {
  const outcome = await execute(machine, argv, '', unknown)
  const command = { argv: [...argv], exitCode: outcome.code, output: outcome.output, at: now }
  machine.disk.commands.push(command)
  return command
}

async function execute(
  machine: Machine,
  argv: readonly string[],
  input: string,
  unknown: Unknown,
): Promise<Outcome> {
  const [program = ''] = argv
  if (/^(\/bin\/|\/usr\/bin\/)?(ba)?sh$/.test(program)) {
    const flag = argv.findIndex((word) => /^-\w*c$/.test(word))
    const script = flag > 0 ? argv[flag + 1] : machine.disk.read(argv[1] ?? '')
    if (script === undefined)
      return { code: 127, output: `${program}: 0: cannot open ${argv[1] ?? ''}: No such file\n` }
    return runScript(machine, script, unknown, /e/.test(argv[flag] ?? ''))
  }
  const isKubeadm = /^(\/usr\/bin\/)?kubeadm$/.test(program) && machine.disk.exists('/usr/bin/kubeadm')
  const outcome = isKubeadm ? await machine.kubeadm(argv.slice(1)) : runProgram(machine, argv, input)
  if (outcome !== undefined) return outcome
  const script = machine.disk.read(program)
  if (script?.startsWith('#!') === true) return runScript(machine, script, unknown)
  unknown(argv)
  return { code: 0, output: '' }
}

/** Runs a shell script; one beyond the emulated language counts as done and `unknown` is told. */
async function runScript(
  machine: Machine,
  script: string,
  unknown: Unknown,
  strict = false,
): Promise<Outcome> {
  const variables = new Map([
    ['HOME', '/root'],
    ['USER', 'root'],
    ['HOSTNAME', machine.disk.hostname],
    ['PATH', '/usr/sbin:/usr/bin:/sbin:/bin'],
  ])
  if (parseScript(script, variables) === undefined) {
    unknown(['sh', '-c', script])
    return { code: 0, output: '' }
  }
  let code = 0
  let output = ''
  let piped = ''
  let stopOnError = strict
  // Parsed once for its shape; each command again when it runs, with the variables of that moment.
  const count = parseScript(script, variables)?.length ?? 0
  for (let index = 0; index < count; index++) {
    variables.set('?', String(code))
    const commands = parseScript(script, variables)
    const command = commands?.[index]
    if (command === undefined) break
    if (command.joint === '&&' && code !== 0) continue
    if (command.joint === '||' && code === 0) continue
    for (const [name, value] of command.assignments) variables.set(name, value)
    const [program, ...rest] = command.words
    if (program === undefined) {
      if (command.redirect !== undefined)
        machine.disk.write(command.redirect.path, '', { append: command.redirect.append })
      continue
    }
    if (program === 'exit') return { code: Number(rest[0] ?? code), output }
    if (program === 'set') {
      if (rest.some((word) => /^-\w*e/.test(word))) stopOnError = true
      continue
    }
    if (program === 'export') {
      for (const word of rest) {
        const [name = '', value] = word.split('=')
        if (value !== undefined) variables.set(name, value)
      }
      continue
    }
    const outcome = await execute(machine, command.words, command.joint === '|' ? piped : '', unknown)
    code = outcome.code
    piped = outcome.output
    const next = commands?.[index + 1]?.joint
    if (command.redirect !== undefined) {
      if (command.redirect.path !== '/dev/null')
        machine.disk.write(command.redirect.path, outcome.output, { append: command.redirect.append })
    } else if (next !== '|') output += outcome.output
    if (stopOnError && code !== 0 && next !== '||' && next !== '&&') return { code, output }
  }
  return { code, output }
}
