import { posix } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { runApt } from '../apt/apt.ts'
import { fieldsOf, patternOf, textOf, type Scope } from './expand.ts'
import { parseScript, ScriptError } from './parse.ts'
import { runProgram } from './programs.ts'
import type { Machine } from './programs.ts'
import type { AndOr, Command, Pipeline, Redirect, Script } from './syntax.ts'

/** What a script does with a program that is not emulated. */
export type Unknown = (argv: readonly string[]) => void

/** What a command reads and writes. */
export interface Streams {
  readonly input: string
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** Runs a program, or a script by its interpreter; resolves to its exit code. A program that is not emulated counts as done. */
export async function execute(
  machine: Machine,
  argv: readonly string[],
  streams: Streams,
  unknown: Unknown,
): Promise<number> {
  const [program = ''] = argv
  if (/^(\/usr)?(\/bin\/)?(ba|da)?sh$/.test(program)) return interpret(machine, argv, streams, unknown)
  const name = posix.basename(program)
  const outcome =
    name === 'kubeadm' && machine.disk.exists('/usr/bin/kubeadm')
      ? await machine.kubeadm(argv.slice(1))
      : ((await runApt(machine, argv)) ?? (await runProgram(machine, argv, streams.input)))
  if (outcome !== undefined) {
    if (outcome.output !== '') streams.out(outcome.output)
    if (outcome.errors) streams.err(outcome.errors)
    return outcome.code
  }
  const script = machine.disk.read(program)
  if (script?.startsWith('#!') === true)
    return runScript(machine, script, { parameters: argv.slice(1), strict: false }, streams, unknown)
  unknown(argv)
  return 0
}

/** `sh -c script`, or `sh file`, with what follows as parameters. */
async function interpret(
  machine: Machine,
  argv: readonly string[],
  streams: Streams,
  unknown: Unknown,
): Promise<number> {
  const flags = argv
    .slice(1)
    .filter((word, index, all) => /^-\w/.test(word) && index <= all.lastIndexOf(word))
  const strict = flags.some((flag) => /^-\w*e/.test(flag))
  const byText = argv.findIndex((word) => /^-\w*c$/.test(word))
  if (byText > 0)
    return runScript(
      machine,
      argv[byText + 1] ?? '',
      { parameters: argv.slice(byText + 3), strict },
      streams,
      unknown,
    )
  const at = argv.findIndex((word, index) => index > 0 && !word.startsWith('-'))
  const path = argv[at] ?? ''
  const script = machine.disk.read(path)
  if (script === undefined) {
    streams.err(`${argv[0] ?? 'sh'}: 0: cannot open ${path}: No such file\n`)
    return 127
  }
  return runScript(machine, script, { parameters: argv.slice(at + 1), strict }, streams, unknown)
}

/** A script beyond the emulated language counts as done, and `unknown` is told. */
async function runScript(
  machine: Machine,
  text: string,
  options: { parameters: readonly string[]; strict: boolean },
  streams: Streams,
  unknown: Unknown,
): Promise<number> {
  let script: Script
  try {
    script = parseScript(text)
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    unknown(['sh', '-c', text])
    return 0
  }
  const shell = new Shell(machine, unknown, options.parameters, options.strict)
  try {
    await shell.run(script, streams)
  } catch (error) {
    if (!(error instanceof Leave) || error.what !== 'exit') throw error
  }
  return shell.status
}

/** Commands after which the rest of the lab has its turn: a script may go round in circles for ever. */
const TURN = 200
let ran = 0

/** Calls of functions within each other, as in dash. */
const DEEPEST = 1000

/** Leaves what runs: the script, a function or a loop. */
class Leave extends Error {
  readonly what: 'exit' | 'return' | 'break' | 'continue'

  constructor(what: Leave['what']) {
    super(what)
    this.what = what
  }
}

const isLeave = (error: unknown, ...whats: Leave['what'][]): error is Leave =>
  error instanceof Leave && whats.includes(error.what)

class Shell implements Scope {
  status = 0
  parameters: readonly string[]
  readonly #machine: Machine
  readonly #unknown: Unknown
  readonly #variables: Map<string, string>
  readonly #functions = new Map<string, Command>()
  #strict: boolean
  /** Inside of a condition a failure ends nothing, `set -e` or not. */
  #conditions = 0
  /** Functions that run within each other. */
  #depth = 0
  #errors: (text: string) => void = () => {}

  constructor(
    machine: Machine,
    unknown: Unknown,
    parameters: readonly string[],
    strict: boolean,
    variables: ReadonlyMap<string, string> = new Map(),
  ) {
    this.#machine = machine
    this.#unknown = unknown
    this.parameters = parameters
    this.#strict = strict
    this.#variables = new Map([
      ['HOME', '/root'],
      ['USER', 'root'],
      ['HOSTNAME', machine.disk.hostname],
      ['PATH', '/usr/sbin:/usr/bin:/sbin:/bin'],
      ...variables,
    ])
  }

  get disk(): Machine['disk'] {
    return this.#machine.disk
  }

  value(name: string): string | undefined {
    if (name === '?') return String(this.status)
    if (name === '#') return String(this.parameters.length)
    if (name === '$') return '700'
    if (name === '0') return 'sh'
    return /^[1-9]$/.test(name) ? this.parameters[Number(name) - 1] : this.#variables.get(name)
  }

  async substitute(body: Script): Promise<string> {
    let text = ''
    await this.#isolated(body, { input: '', out: (more) => (text += more), err: this.#errors })
    return text
  }

  async run(script: Script, streams: Streams): Promise<void> {
    for (const each of script) await this.#andOr(each, streams)
  }

  async #andOr({ first, rest }: AndOr, streams: Streams): Promise<void> {
    for (const [index, { joint, pipeline }] of [{ joint: '', pipeline: first }, ...rest].entries()) {
      if (joint === '&&' && this.status !== 0) continue
      if (joint === '||' && this.status === 0) continue
      const isLast = index === rest.length
      if (!isLast) this.#conditions += 1
      try {
        await this.#pipeline(pipeline, streams)
      } finally {
        if (!isLast) this.#conditions -= 1
      }
      if (isLast && this.#strict && this.#conditions === 0 && this.status !== 0 && !pipeline.negated)
        throw new Leave('exit')
    }
  }

  async #pipeline({ commands, negated }: Pipeline, streams: Streams): Promise<void> {
    let { input } = streams
    for (const [index, command] of commands.entries()) {
      const isLast = index === commands.length - 1
      let piped = ''
      const out = isLast ? streams.out : (text: string): void => void (piped += text)
      await this.#redirected(command, { input, out, err: streams.err })
      input = piped
    }
    if (negated) this.status = this.status === 0 ? 1 : 0
  }

  async #redirected(command: Command, streams: Streams): Promise<void> {
    ran += 1
    if (ran % TURN === 0) await nextTurn()
    this.#machine.expectPower()
    let { input, out, err } = streams
    this.#errors = err
    for (const redirect of command.redirects) {
      const target = await textOf(this, redirect.target)
      if (redirect.kind === 'text') input = target
      else if (redirect.kind === 'read') {
        const text = target === '/dev/null' ? '' : this.disk.read(target)
        if (text === undefined) return this.#complain(err, `sh: cannot open ${target}: No such file`)
        input = text
      } else if (redirect.kind === 'join') [out, err] = redirect.descriptor === 2 ? [out, out] : [err, err]
      else {
        const sink = this.#fileSink(target, redirect, err)
        if (redirect.descriptor === 2) err = sink
        else out = sink
      }
    }
    await this.#command(command, { input, out, err })
  }

  #fileSink(path: string, { kind }: Redirect, err: (text: string) => void): (text: string) => void {
    if (path === '/dev/null') return () => {}
    if (path === '/dev/console' || path === '/dev/ttyS0' || path === '/dev/stderr') return err
    this.disk.write(path, '', { append: kind === 'append' })
    return (text) => this.disk.write(path, text, { append: true })
  }

  #complain(err: (text: string) => void, text: string): void {
    err(`${text}\n`)
    this.status = 2
  }

  async #command(command: Command, streams: Streams): Promise<void> {
    switch (command.kind) {
      case 'simple':
        return this.#simple(command, streams)
      case 'group':
        return command.isolated ? this.#isolated(command.body, streams) : this.run(command.body, streams)
      case 'function':
        this.#functions.set(command.name, command.body)
        this.status = 0
        return
      case 'if': {
        for (const { test, body } of command.arms)
          if (await this.#holds(test, streams)) return this.run(body, streams)
        this.status = 0
        return command.otherwise && this.run(command.otherwise, streams)
      }
      case 'loop': {
        let last = 0
        while ((await this.#holds(command.test, streams)) !== command.until) {
          if (!(await this.#turn(command.body, streams))) break
          last = this.status
        }
        this.status = last
        return
      }
      case 'for': {
        const values: string[] = []
        for (const word of command.words) values.push(...(await fieldsOf(this, word)))
        this.status = 0
        for (const value of values) {
          this.#variables.set(command.name, value)
          if (!(await this.#turn(command.body, streams))) break
        }
        return
      }
      case 'case': {
        const value = await textOf(this, command.word)
        this.status = 0
        for (const { patterns, body } of command.arms)
          for (const pattern of patterns)
            if ((await patternOf(this, pattern)).test(value)) return this.run(body, streams)
      }
    }
  }

  async #holds(test: Script, streams: Streams): Promise<boolean> {
    this.#conditions += 1
    try {
      await this.run(test, streams)
    } finally {
      this.#conditions -= 1
    }
    return this.status === 0
  }

  /** One turn of a loop; false if it was the last. */
  async #turn(body: Script, streams: Streams): Promise<boolean> {
    try {
      await this.run(body, streams)
    } catch (error) {
      if (isLeave(error, 'break')) return false
      if (!isLeave(error, 'continue')) throw error
    }
    return true
  }

  /** In a shell of its own: what it sets does not come back. */
  async #isolated(body: Script, streams: Streams): Promise<void> {
    const inner = new Shell(this.#machine, this.#unknown, this.parameters, this.#strict, this.#variables)
    for (const [name, command] of this.#functions) inner.#functions.set(name, command)
    inner.status = this.status
    inner.#conditions = this.#conditions
    inner.#depth = this.#depth
    try {
      await inner.run(body, streams)
    } catch (error) {
      if (!isLeave(error, 'exit', 'return')) throw error
    }
    this.status = inner.status
  }

  async #simple({ assignments, words }: Command & { kind: 'simple' }, streams: Streams): Promise<void> {
    const argv: string[] = []
    for (const word of words) argv.push(...(await fieldsOf(this, word)))
    // Without a command the status is that of the last substitution.
    if (argv.length === 0) this.status = 0
    for (const [name, word] of assignments) this.#variables.set(name, await textOf(this, word))
    const [name = '', ...rest] = argv
    if (name === '') return
    if (this.#builtin(name, rest)) return
    const body = this.#functions.get(name)
    if (!body) {
      this.status = await execute(this.#machine, argv, streams, this.#unknown)
      return
    }
    if (this.#depth === DEEPEST) {
      this.#complain(streams.err, `sh: Maximum function recursion depth (${DEEPEST}) reached`)
      throw new Leave('exit')
    }
    const before = this.parameters
    this.parameters = rest
    this.#depth += 1
    try {
      await this.#redirected(body, streams)
    } catch (error) {
      if (!isLeave(error, 'return')) throw error
    } finally {
      this.parameters = before
      this.#depth -= 1
    }
  }

  /** What only the shell itself can do. */
  #builtin(name: string, rest: readonly string[]): boolean {
    switch (name) {
      case 'exit':
      case 'return':
        this.status = rest[0] === undefined ? this.status : Number(rest[0])
        throw new Leave(name)
      case 'break':
      case 'continue':
        this.status = 0
        throw new Leave(name)
      case 'set':
        for (const word of rest)
          if (/^[-+]\w*e/.test(word) || word === 'errexit') this.#strict = !word.startsWith('+')
        break
      case 'shift':
        this.parameters = this.parameters.slice(Number(rest[0] ?? 1))
        break
      case 'export':
      case 'readonly':
      case 'local':
        for (const word of rest) {
          const at = word.indexOf('=')
          if (at > 0) this.#variables.set(word.slice(0, at), word.slice(at + 1))
        }
        break
      case 'cd':
      case 'umask':
      case 'trap':
      case 'unset':
        break
      default:
        return false
    }
    this.status = 0
    return true
  }
}
