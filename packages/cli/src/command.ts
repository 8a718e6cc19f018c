import type { Context } from './context.ts'
import { didYouMean, UsageError } from './errors.ts'
import { tr } from './locale.ts'

/** One option of a command: how it is written, what it is for, and how its text becomes a value. */
export interface Option<T> {
  /** As commander writes them: `-r, --replicas <n>`. */
  readonly flags: string
  readonly description: string
  /** Parses one given text; `previous` is the value so far of a repeatable option. Throws UsageError. */
  parse?(this: void, text: string, previous: T | undefined): T
  readonly initial?: T
  readonly required?: boolean
  /** What it may be, where that is one of a few words; offered by the shell's completion. */
  readonly words?: readonly string[]
}

type Options = Record<string, Option<unknown>>
type Values<O extends Options> = { [K in keyof O]: O[K] extends Option<infer T> ? T : never }

/** A command as its file declares it: words, help, options, and a run that knows nothing of the parser. */
export interface Command<O extends Options = Options> {
  /** The words and arguments: `pool scale <pool>`. */
  readonly path: string
  readonly summary: string
  readonly options?: O
  /** Lines to copy, shown in the help. */
  readonly examples?: readonly string[]
  /** Further lines of the help that cost time to make; asked for only when the help is shown. */
  readonly notes?: () => Promise<readonly string[]>
  /** The call of the Proxmox API whose parameters it takes as `parameter=value`, and the methods that it may use of it. */
  readonly parameters?: {
    readonly call: string
    readonly methods: readonly ('GET' | 'POST' | 'PUT' | 'DELETE')[]
  }
  /** Calls of the Proxmox API that it makes beside those, `GET /cluster/tasks`; for the page that shows what is covered. */
  readonly calls?: readonly string[]
  readonly run: (context: Context, args: Arguments, options: Values<O>) => Promise<void>
}

/** The positional arguments by name; an absent optional one is missing, a variadic one is in `rest`. */
export interface Arguments {
  readonly [name: string]: string | undefined
}

/** Declares a command; the types of `run`'s options follow from the options. */
export function command<O extends Options>(definition: Command<O>): Command {
  return definition as unknown as Command
}

/** An option with a text value. */
export function text(flags: string, description: string): Option<string | undefined> {
  return { flags, description }
}

/** One of a few words, with a default. Throws UsageError naming the words. */
export function choice<T extends string>(
  flags: string,
  description: string,
  words: readonly T[],
  initial: T,
): Option<T> {
  return {
    flags,
    description: `${description} (${words.join(', ')})`,
    initial,
    words,
    parse: (given) => {
      const found = words.find((word) => word === given)
      if (found !== undefined) return found
      throw new UsageError(
        `${longName(flags)}: "${given}" ${tr('is not one of', 'non è uno fra')} ${words.join(', ')}`,
        didYouMean(given, words),
      )
    },
  }
}

/** A text option with a default. */
export function textOr(flags: string, description: string, initial: string): Option<string> {
  return { flags, description, initial }
}

/** A text option that must be given. */
export function requiredText(flags: string, description: string): Option<string> {
  return { flags, description, required: true }
}

/** A switch. */
export function flag(flags: string, description: string): Option<boolean> {
  return { flags, description, initial: false }
}

/** A whole number within bounds. */
export function integer(
  flags: string,
  description: string,
  bounds: { min?: number; max?: number } = {},
): Option<number | undefined> {
  return { flags, description, parse: (given) => parseInteger(longName(flags), given, bounds) }
}

/** A text option that may be repeated. */
export function list(flags: string, description: string): Option<string[]> {
  return { flags, description, initial: [], parse: (given, previous) => [...(previous ?? []), given] }
}

/** A time to wait, as `90s`, `20m` or `1h`; a value in milliseconds. */
export function duration(flags: string, description: string, initial: string): Option<number> {
  return {
    flags,
    description,
    initial: parseDuration(longName(flags), initial),
    parse: (given) => parseDuration(longName(flags), given),
  }
}

/** Parses a whole number. Throws UsageError with the option, the value and the rule. */
export function parseInteger(
  what: string,
  given: string,
  { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = {},
): number {
  const value = /^-?\d+$/.test(given) ? Number(given) : Number.NaN
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value
  const low = min > Number.MIN_SAFE_INTEGER ? tr(` of at least ${min}`, ` di almeno ${min}`) : ''
  const high = max < Number.MAX_SAFE_INTEGER ? tr(` and at most ${max}`, ` e al massimo ${max}`) : ''
  throw new UsageError(
    `${what}: "${given}" ${tr('is not a whole number', 'non è un numero intero')}${low}${high}`,
  )
}

/** Options that every command takes. */
export const globalOptions: Readonly<Record<string, Option<string | undefined>>> = {
  namespace: text(
    '-n, --namespace <name>',
    tr('namespace (default: the context’s)', 'namespace (predefinito: quello del contesto)'),
  ),
  kubeconfig: text(
    '--kubeconfig <file>',
    tr('kubeconfig of the management cluster', 'kubeconfig del cluster di gestione'),
  ),
  context: text(
    '--context <name>',
    tr(
      'context of ~/.config/fochista/config.yaml, or of the kubeconfig',
      'contesto di ~/.config/fochista/config.yaml, o del kubeconfig',
    ),
  ),
}

/** `--replicas` of `-r, --replicas <n>`: how messages name an option. */
export function longName(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags
}

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

function parseDuration(what: string, given: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(given)
  const unit = unitMs[match?.[2] ?? '']
  if (match?.[1] && unit) return Number(match[1]) * unit
  throw new UsageError(
    `${what}: "${given}" ${tr('is not a duration like 90s, 20m or 1h', 'non è una durata come 90s, 20m o 1h')}`,
  )
}

/** Parses repeated `key=value` texts. Throws UsageError naming the one without a key or `=`, or a key given twice. */
export function parsePairs(what: string, given: readonly string[]): Record<string, string> {
  const pairs = new Map<string, string>()
  for (const pair of given) {
    const at = pair.indexOf('=')
    if (at < 1) throw new UsageError(`${what}: "${pair}" ${tr('is not key=value', 'non è chiave=valore')}`)
    const key = pair.slice(0, at)
    if (pairs.has(key))
      throw new UsageError(`${what}: "${key}" ${tr('is given twice', 'è indicata due volte')}`)
    pairs.set(key, pair.slice(at + 1))
  }
  return Object.fromEntries(pairs)
}

/** The positional argument `name`. Throws UsageError if it is missing (only for those declared optional). */
export function argument(args: Arguments, name: string): string {
  const value = args[name]
  if (value === undefined) throw new UsageError(tr(`<${name}> is missing`, `manca <${name}>`))
  return value
}

/** Runs a command from code as the command line would: options that are not given have their defaults. */
export async function invoke(
  definition: Command,
  context: Context,
  args: Arguments,
  options: Record<string, unknown> = {},
): Promise<void> {
  const initial = Object.entries(definition.options ?? {}).map(
    ([name, option]) => [name, option.initial] as const,
  )
  await definition.run(context, args, { ...Object.fromEntries(initial), ...options })
}
