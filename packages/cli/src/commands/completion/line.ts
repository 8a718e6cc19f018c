import { globalOptions, type Command, type Option } from '../../command.ts'

/** An option as a line has it. */
export interface LineOption {
  /** `-r` and `--replicas`. */
  readonly names: readonly string[]
  /** What stands for its value in the help, `n`; undefined for a switch. */
  readonly placeholder: string | undefined
  readonly option: Option<unknown>
}

/** A line that is being typed, as far as it is read. */
export interface Line {
  readonly commands: readonly Command[]
  /** The words of the command so far: `vm snapshot`. */
  readonly words: readonly string[]
  /** The command, once its words are all there. */
  readonly command: Command | undefined
  /** The names of the command's arguments, and whether the last one repeats. */
  readonly parameters: readonly string[]
  /** What was given of them. */
  readonly given: readonly string[]
  /** Options of the command, those of all commands included. */
  readonly known: readonly LineOption[]
  /** Values that were given, by long name without dashes. */
  readonly options: Readonly<Partial<Record<string, string>>>
  /** The option whose value is being typed. */
  readonly pending: LineOption | undefined
  /** What is being typed. */
  readonly current: string
}

/** Reads the words of a line, the last of which is being typed. Never complains. */
export function readLine(commands: readonly Command[], all: readonly string[]): Line {
  const current = all.at(-1) ?? ''
  const words: string[] = []
  const given: string[] = []
  const options: Record<string, string> = {}
  let command: Command | undefined
  let known = optionsOf(undefined)
  let pending: LineOption | undefined
  let isRest = false
  for (const word of all.slice(0, -1)) {
    if (pending) {
      options[longOf(pending)] = word
      pending = undefined
    } else if (!isRest && word === '--') isRest = true
    else if (!isRest && word.startsWith('-')) {
      const [name = '', value] = word.split(/=(.*)/s)
      const option = known.find(({ names }) => names.includes(name))
      if (option?.placeholder === undefined) continue
      if (value === undefined) pending = option
      else options[longOf(option)] = value
    } else if (command) given.push(word)
    else {
      words.push(word)
      command = commands.find((one) => fixedWords(one).join(' ') === words.join(' '))
      if (command) known = optionsOf(command)
    }
  }
  const parameters = command?.path.match(/(?<=[<[])[\w.]+(?=[>\]])/g) ?? []
  return { commands, words, command, parameters, given, known, options, pending, current }
}

/** The words of a command without its arguments. */
export function fixedWords({ path }: Command): string[] {
  return path.split(' ').filter((word) => !/^[<[]/.test(word))
}

function optionsOf(command: Command | undefined): LineOption[] {
  return Object.values({ ...command?.options, ...globalOptions }).map((option) => ({
    names: option.flags.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [],
    placeholder: /<([^>]+)>/.exec(option.flags)?.[1],
    option,
  }))
}

function longOf({ names }: LineOption): string {
  return (names.at(-1) ?? '').replace(/^--?/, '')
}
