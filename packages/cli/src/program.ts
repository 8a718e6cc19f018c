import { Command as Program, CommanderError, Option as ProgramOption } from 'commander'
import { globalOptions, longName, type Arguments, type Command, type Option } from './command.ts'
import { commandsFor } from './commands.ts'
import { createContext, type Context, type GlobalOptions } from './context.ts'
import { CancelledError, explain, UsageError } from './errors.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import type { Io } from './io.ts'
import { tr } from './locale.ts'
import { explainUsage, helpLine } from './usage.ts'
import { version } from './version.ts'

/** Makes the context of a command; tests give one with fakes. */
export type ContextMaker = (io: Io, signal: AbortSignal, options: GlobalOptions) => Context

/** Runs one command line. Returns its exit code; errors become words and codes here and nowhere else. */
export async function runLine(
  argv: readonly string[],
  io: Io,
  signal: AbortSignal,
  makeContext: ContextMaker = createContext,
): Promise<ExitCode> {
  const commands = onlyNamed(await commandsFor(argv), argv)
  const notes = await notesFor(commands, argv)
  const program = buildProgram(commands, io, signal, makeContext)
  if (notes.length > 0) program.addHelpText('afterAll', `\n${notes.join('\n')}`)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok
    const known = error instanceof CommanderError ? explainUsage(error) : error
    const cancelled = signal.aborted && !(known instanceof CancelledError)
    const { message, hint, exitCode } = explain(cancelled ? new CancelledError() : known)
    if (message !== '') io.note(`${io.paint('failed', tr('error:', 'errore:'))} ${message}`)
    const see = known instanceof UsageError ? `${tr('see:', 'vedi:')}  ${helpLine(program, argv)}` : undefined
    for (const line of [hint, see]) if (line) for (const one of line.split('\n')) io.note(`  ${one}`)
    if (process.env['FOCHISTA_DEBUG'] && error instanceof Error) io.note(error.stack)
    return exitCode
  }
}

/** The one command that a line names, so that no time goes into the options of the others; all of them where it names none. */
function onlyNamed(commands: readonly Command[], argv: readonly string[]): readonly Command[] {
  const named = commands
    .filter(({ path }) => wordsOf(path).every((word, index) => argv[index] === word))
    .sort((a, b) => wordsOf(b.path).length - wordsOf(a.path).length)
  return named.length > 0 ? named.slice(0, 1) : commands
}

/** The words of a command's path without its arguments. */
const wordsOf = (path: string): string[] => path.split(' ').filter((word) => !/^[<[]/.test(word))

/** What the help of one command says beside its options, if that help is asked for. */
async function notesFor(commands: readonly Command[], argv: readonly string[]): Promise<readonly string[]> {
  if (!argv.includes('--help') && !argv.includes('-h')) return []
  const line = argv.filter((word) => !word.startsWith('-')).join(' ')
  const asked = commands.find(({ path, notes }) => notes && path.replaceAll(/ [<[].*$/g, '') === line)
  return (await asked?.notes?.()) ?? []
}

function buildProgram(
  commands: readonly Command[],
  io: Io,
  signal: AbortSignal,
  makeContext: ContextMaker,
): Program {
  const program = new Program('fochista')
    .description(
      tr(
        'Tenant Kubernetes clusters: control planes by Kamaji, workers on Proxmox VE.',
        'Cluster Kubernetes per tenant: control plane con Kamaji, worker su Proxmox VE.',
      ),
    )
    .version(version, '--version', tr('print the version', 'mostra la versione'))
    .helpCommand(false)
    // Else a command's own --version would mean the program's.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => io.raw(text),
      writeErr: (text) => io.note(text.trimEnd()),
      // Errors are explained in one place, in the user's language.
      outputError: () => {},
    })
    .configureHelp({ styleTitle: titleOf })
    .helpOption('-h, --help', tr('show this help', 'mostra questo aiuto'))
    .exitOverride()
    .showSuggestionAfterError()
  for (const definition of commands) addCommand(program, definition, io, signal, makeContext)
  return program
}

/** Headings of the help, which the parser knows in English only. */
function titleOf(title: string): string {
  const italian: Record<string, string> = {
    'Usage:': 'Uso:',
    'Arguments:': 'Argomenti:',
    'Options:': 'Opzioni:',
    'Commands:': 'Comandi:',
  }
  return tr(title, italian[title] ?? title)
}

function addCommand(
  program: Program,
  definition: Command,
  io: Io,
  signal: AbortSignal,
  makeContext: ContextMaker,
): void {
  const words = wordsOf(definition.path)
  const parameters = definition.path.split(' ').filter((word) => /^[<[]/.test(word))
  let parent = program
  for (const word of words.slice(0, -1)) {
    parent = parent.commands.find((existing) => existing.name() === word) ?? addGroup(parent, word)
  }
  const leaf = parent.command(words.at(-1) ?? '').description(definition.summary)
  for (const parameter of parameters) leaf.argument(parameter)
  const options = Object.entries(definition.options ?? {})
  for (const [name, option] of options) leaf.addOption(parserOption(name, option))
  for (const [name, option] of Object.entries(globalOptions)) leaf.addOption(parserOption(name, option))
  if (definition.examples) {
    const lines = definition.examples.map((line) => `  ${line}`).join('\n')
    leaf.addHelpText('after', `\n${tr('Examples:', 'Esempi:')}\n${lines}`)
  }
  leaf.action(async () => {
    const given = leaf.opts<Record<string, unknown>>()
    const values = Object.fromEntries(options.map(([name, option]) => [name, given[name] ?? option.initial]))
    // Checked here and not by the parser, which would complain of it before it sees a slip of the keys.
    for (const [name, { required, flags }] of options)
      if (required && values[name] === undefined)
        throw new UsageError(tr(`${longName(flags)} is missing`, `manca ${longName(flags)}`))
    const context = makeContext(io, signal, given as GlobalOptions)
    try {
      await definition.run(context, argumentsOf(leaf, parameters), values)
    } finally {
      await context.close()
    }
  })
}

function parserOption(name: string, option: Option<unknown>): ProgramOption {
  const required = option.required ? ` (${tr('required', 'obbligatorio')})` : ''
  const declared = new ProgramOption(option.flags, `${option.description}${required}`)
  if (typeof option.initial === 'string' && option.initial !== '') declared.default(option.initial)
  if (option.parse) {
    const { parse, initial } = option
    // A repeated option begins with the first value that is given, not with its default.
    let isFirst = true
    declared.argParser((given: string, previous: unknown) => {
      const before = isFirst ? (Array.isArray(initial) ? initial : undefined) : previous
      isFirst = false
      return parse(given, before)
    })
  }
  declared.attributeName = () => name
  // To the parser --no-wait would be the opposite of a --wait, true until it is given. Here it is a switch like any other.
  declared.negate = false
  return declared
}

function addGroup(parent: Program, word: string): Program {
  return parent
    .command(word)
    .description(tr(`commands on ${word}`, `comandi su ${word}`))
    .helpCommand(false)
}

function argumentsOf(leaf: Program, parameters: readonly string[]): Arguments {
  return Object.fromEntries(
    parameters.map((parameter, index) => {
      const value: unknown = leaf.processedArgs[index]
      const name = parameter.replace(/[<>[\].]/g, '')
      return [name, Array.isArray(value) ? value.join('\u0000') : (value as string | undefined)]
    }),
  )
}
