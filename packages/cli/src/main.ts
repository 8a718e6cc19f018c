import { Command as Program, CommanderError, Option as ProgramOption } from 'commander'
import type { Arguments, Command } from './command.ts'
import { commands } from './commands.ts'
import { createContext, type GlobalOptions } from './context.ts'
import { CancelledError, explain, UsageError } from './errors.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { processIo, type Io } from './io.ts'
import { tr } from './locale.ts'
import { version } from './version.ts'

/** Runs one command line. Returns its exit code; only this file maps errors to codes, and only its last lines exit. */
export async function main(argv: readonly string[], io: Io, signal: AbortSignal): Promise<ExitCode> {
  const program = buildProgram(io, signal)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCodes.ok
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.failed
    const cancelled = signal.aborted && !(error instanceof UsageError)
    const { message, hint, exitCode } = explain(cancelled ? new CancelledError() : error)
    io.note(`${io.paint('failed', tr('error:', 'errore:'))} ${message}`)
    if (hint) for (const line of hint.split('\n')) io.note(`  ${line}`)
    if (process.env['FOCHISTA_DEBUG'] && error instanceof Error) io.note(error.stack)
    return exitCode
  }
}

function buildProgram(io: Io, signal: AbortSignal): Program {
  const program = new Program('fochista')
    .description(
      tr(
        'Tenant Kubernetes clusters: control planes by Kamaji, workers on Proxmox VE.',
        'Cluster Kubernetes per tenant: control plane con Kamaji, worker su Proxmox VE.',
      ),
    )
    .version(version, '--version', tr('print the version', 'mostra la versione'))
    .helpCommand(false)
    .configureOutput({ writeOut: (text) => io.raw(text), writeErr: (text) => io.note(text.trimEnd()) })
    .exitOverride()
    .showSuggestionAfterError()
  program.action(() => program.help())
  for (const definition of commands) addCommand(program, definition, io, signal)
  return program
}

function addCommand(program: Program, definition: Command, io: Io, signal: AbortSignal): void {
  const words = definition.path.split(' ').filter((word) => !/^[<[]/.test(word))
  const parameters = definition.path.split(' ').filter((word) => /^[<[]/.test(word))
  let parent = program
  for (const word of words.slice(0, -1)) {
    parent = parent.commands.find((existing) => existing.name() === word) ?? addGroup(parent, word)
  }
  const leaf = parent.command(words.at(-1) ?? '').description(definition.summary)
  leaf.exitOverride().configureHelp({ showGlobalOptions: false })
  for (const parameter of parameters) leaf.argument(parameter)
  for (const [name, option] of Object.entries(definition.options ?? {})) {
    const declared = new ProgramOption(option.flags, option.description)
    if (option.initial !== undefined && option.initial !== false && !Array.isArray(option.initial)) {
      if (typeof option.initial === 'string') declared.default(option.initial)
    }
    if (option.required) declared.makeOptionMandatory()
    if (option.parse) {
      const parse = option.parse
      declared.argParser((given: string, previous: unknown) => parse(given, previous))
    }
    declared.attributeName = () => name
    leaf.addOption(declared)
  }
  addGlobalOptions(leaf)
  if (definition.examples) {
    leaf.addHelpText(
      'after',
      `\n${tr('Examples:', 'Esempi:')}\n${definition.examples.map((line) => `  ${line}`).join('\n')}`,
    )
  }
  leaf.action(async () => {
    const given = leaf.opts<Record<string, unknown>>()
    const values = Object.fromEntries(
      Object.entries(definition.options ?? {}).map(([name, option]) => [name, given[name] ?? option.initial]),
    )
    const context = createContext(io, signal, given as GlobalOptions)
    try {
      await definition.run(context, argumentsOf(leaf, parameters), values)
    } finally {
      await context.close()
    }
  })
}

function addGroup(parent: Program, word: string): Program {
  const group = parent
    .command(word)
    .description(tr(`Commands on ${word}`, `Comandi su ${word}`))
    .helpCommand(false)
    .exitOverride()
  group.action(() => group.help())
  return group
}

function addGlobalOptions(leaf: Program): void {
  leaf
    .option(
      '-n, --namespace <name>',
      tr('namespace (default: the kubeconfig’s)', 'namespace (predefinito: quello del kubeconfig)'),
    )
    .option(
      '--kubeconfig <file>',
      tr('kubeconfig of the management cluster', 'kubeconfig del cluster di gestione'),
    )
    .option('--context <name>', tr('context of the kubeconfig', 'contesto del kubeconfig'))
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

if (import.meta.main) {
  const stop = new AbortController()
  let asked = 0
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      asked += 1
      // The second Ctrl-C means it: leave at once.
      if (asked > 1) process.exit(130)
      stop.abort(new CancelledError())
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
  })
  process.exitCode = await main(process.argv.slice(2), processIo(), stop.signal)
}
