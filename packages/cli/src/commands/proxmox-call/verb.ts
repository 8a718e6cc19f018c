import type { Proxmox } from '@fochista/proxmox'
import { choice, command, flag, type Arguments, type Command } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CancelledError, CommandError, explain, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { dryRunOption, timeoutOption } from '../waiting.ts'
import { explainCall } from './explain.ts'
import { parametersOf, wordsOf, type Parameters } from './parameters.ts'
import { parameterNotes } from './notes.ts'
import { printResult } from './result.ts'
import { followTasks, howToFollow, type Started } from './tasks.ts'

/** One call of the Proxmox API as a command: its words, and what it is called. */
export interface Verb {
  /** The words and positional arguments: `vm snapshot create <vm> <snapname>`. */
  readonly path: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** The call's path; its parameters come from the thing that is named, or from the positional argument of the same name. */
  readonly call: string
  readonly summary: string
  /** With parameters another method of the same path is meant: `vm config 101` shows, `vm config 101 cores=4` sets. */
  readonly whenGiven?: 'PUT' | 'POST'
  /** It takes something away that does not come back: asks, unless --yes. */
  readonly isDestructive?: boolean
  /** A positional argument that the call takes as a parameter of its query or body. */
  readonly asParameter?: readonly string[]
  /** Parameters that are sent unless others are given. */
  readonly initial?: Parameters
  readonly examples: readonly string[]
}

/** What a command acts on: its name for people, and the values it gives to the call's path. */
export interface Target {
  readonly name: string
  readonly path: Readonly<Record<string, string>>
}

/** Finds what the words name. Throws CommandError for what is not there. */
export type Find = (proxmox: Proxmox, words: readonly string[], given: Arguments) => Promise<Target[]>

/**
 * Makes the command of a verb. Words with `=` are parameters of the call, checked against the schema before anything is sent; the other
 * ones name what it acts on, several at once where the path says `...`.
 */
export function verbCommand(verb: Verb, find: Find): Command {
  const isWrite = verb.method !== 'GET' || verb.whenGiven !== undefined
  return command({
    path: verb.path,
    summary: verb.summary,
    options: {
      output: choice(
        '-o, --output <format>',
        tr('how to print', 'come mostrare'),
        ['table', 'json', 'yaml'] as const,
        'table',
      ),
      ...(isWrite
        ? {
            wait: flag(
              '--wait',
              tr(
                'wait for the task to end, as is done anyway',
                'attende la fine del task, come avviene comunque',
              ),
            ),
            noWait: flag('--no-wait', tr('do not wait for the task to end', 'non attende la fine del task')),
            timeout: timeoutOption('1h'),
            dryRun: dryRunOption,
          }
        : {}),
      ...(verb.isDestructive ? { yes: flag('-y, --yes', tr('do not ask', 'non chiede conferma')) } : {}),
    },
    examples: verb.examples,
    notes: () => parameterNotes(verb),
    parameters: {
      call: verb.call,
      methods: [...new Set([verb.method, ...(verb.whenGiven ? [verb.whenGiven] : [])])],
    },
    run: async (context, args, given) => {
      const options = given as VerbOptions
      if (options.wait && options.noWait)
        throw new UsageError(
          tr('--wait and --no-wait are opposites', '--wait e --no-wait sono l’uno il contrario dell’altro'),
        )
      const proxmox = await connectProxmox(context)
      try {
        await run(verb, find, { context, proxmox, args, options })
      } finally {
        await proxmox.close()
      }
    },
  })
}

interface VerbOptions {
  readonly output: 'table' | 'json' | 'yaml'
  readonly wait?: boolean
  readonly noWait?: boolean
  readonly timeout?: number
  readonly dryRun?: boolean
  readonly yes?: boolean
}

interface Line {
  readonly context: Context
  readonly proxmox: Proxmox
  readonly args: Arguments
  readonly options: VerbOptions
}

async function run(verb: Verb, find: Find, { context, proxmox, args, options }: Line): Promise<void> {
  const words = [args['words'], args['parameters']].flatMap(wordsOf)
  const given = parametersOf(words.filter((word) => word.includes('=')))
  const fixed = Object.fromEntries(
    (verb.asParameter ?? []).flatMap((name) => (args[name] === undefined ? [] : [[name, args[name]]])),
  )
  const parameters: Parameters = { ...verb.initial, ...fixed, ...given }
  const method = verb.whenGiven && Object.keys(given).length > 0 ? verb.whenGiven : verb.method
  const targets = await find(
    proxmox,
    words.filter((word) => !word.includes('=')),
    args,
  )
  const calls = targets.map((target) => ({ target, path: pathOf(verb.call, { ...args, ...target.path }) }))
  if (options.dryRun) {
    const printed = Object.entries(parameters).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}=${one}`),
    )
    for (const { path } of calls) context.io.out([method, path, ...printed].join(' '))
    return
  }
  if (verb.isDestructive && !options.yes) {
    // A snapshot, a volume, a rule: what goes is not always what is acted on.
    const parts = namesIn(verb.call).flatMap((name) =>
      targets[0]?.path[name] === undefined ? (args[name] ?? []) : [],
    )
    await confirm(context, verb, targets, [...parts, ...words.filter((word) => word.includes('='))])
  }
  const started: Started[] = []
  const failures: unknown[] = []
  for (const { target, path } of calls) {
    try {
      const result = await proxmox.call(method, path, parameters, { signal: context.signal })
      if (typeof result === 'string' && result.startsWith('UPID:'))
        started.push({ name: target.name, upid: result })
      else if (result !== null && result !== undefined) await printResult(context.io, options.output, result)
      else context.io.note(`${target.name}: ${tr('done', 'fatto')}`)
    } catch (error) {
      // With several the others go on; with one its own words are the answer. After Ctrl-C nothing more is sent.
      if (context.signal.aborted) break
      const explained = await explainCall(error, {
        name: target.name,
        vmid: target.path['vmid'],
        command: commandOf(verb),
        given: parameters,
        method,
        template: verb.call,
      })
      if (calls.length === 1) throw explained
      const { message, hint } = explain(explained)
      // What is told of a call names what it acts on; what is told of its parameters does not.
      context.io.note(message.startsWith(target.name) ? message : `${target.name}: ${message}`)
      if (hint) context.io.note(`  ${hint}`)
      failures.push(error)
    }
  }
  if (context.signal.aborted) throw new CancelledError(howToFollow(started))
  if (options.noWait) for (const { upid } of started) context.io.out(upid)
  else if (started.length > 0) await followTasks(context, proxmox, started, options.timeout ?? 3_600_000)
  if (failures.length > 0)
    throw new CommandError(
      tr(
        `${failures.length} of ${calls.length} failed`,
        `${failures.length} su ${calls.length} non riusciti`,
      ),
    )
}

/** Puts values into a path template. Throws UsageError for one that is not there. */
function pathOf(template: string, values: Readonly<Record<string, string | undefined>>): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined || value === '')
      throw new UsageError(tr(`<${name}> is missing`, `manca <${name}>`))
    // A volume's name goes into the path as it is.
    return name === 'volume' ? value : encodeURIComponent(value)
  })
}

/** The words of the command: `vm snapshot create`. */
function commandOf({ path }: Verb): string {
  return path.replaceAll(/ [<[].*$/g, '')
}

/** Names in braces of a path template. */
const namesIn = (template: string): string[] =>
  Array.from(template.matchAll(/\{([^}]+)\}/g), ([, name = '']) => name)

async function confirm(
  { io }: Context,
  verb: Verb,
  targets: readonly Target[],
  details: readonly string[],
): Promise<void> {
  const words = commandOf(verb)
  const names = [targets.map(({ name }) => name).join(', '), ...details].join(' ')
  if (await io.ask(`${words}: ${names}? [y/N]`)) return
  throw new CommandError(tr(`not confirmed: ${words} ${names}`, `non confermato: ${words} ${names}`), {
    hint: tr('add --yes to do it without being asked', 'aggiungi --yes per farlo senza conferma'),
  })
}
