import type { Command as Program, CommanderError } from 'commander'
import { CommandError, UsageError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { tr } from './locale.ts'

/**
 * Says in the user's language what the parser found wrong with a line, and what to type next. The parser tells what it is by a
 * code, and which word it is only within its text.
 */
export function explainUsage(error: CommanderError): CommandError {
  // A noun without a verb: its help was shown already, and that is all there is to say.
  if (error.code === 'commander.help') return new CommandError('', { exitCode: exitCodes.failed })
  const word = /'([^']+)'/.exec(error.message)?.[1] ?? ''
  const meant = /\(Did you mean (?:one of )?(.+?)\?\)/.exec(error.message)?.[1]
  const hint = meant === undefined ? undefined : `${tr('did you mean', 'intendevi')} ${meant}?`
  return new UsageError(messageOf(error, word), { hint, cause: error })
}

function messageOf({ code, message }: CommanderError, word: string): string {
  switch (code) {
    case 'commander.missingArgument':
      return tr(`<${word}> is missing`, `manca <${word}>`)
    case 'commander.optionMissingArgument':
      return tr(`${word}: the value is missing`, `${word}: manca il valore`)
    case 'commander.unknownOption':
      return tr(`unknown option ${word}`, `opzione sconosciuta ${word}`)
    case 'commander.unknownCommand':
      return tr(`unknown command "${word}"`, `comando sconosciuto "${word}"`)
    case 'commander.excessArguments':
      return tr(
        `too many words: ${message.replace(/^.*but got \d+: |\.$/gs, '')}`,
        `troppe parole: ${message.replace(/^.*but got \d+: |\.$/gs, '')}`,
      )
    default:
      return message.replace(/^error: /, '')
  }
}

/** The help of the command as far as the line names one: `fochista pool scale --help`. */
export function helpLine(program: Program, argv: readonly string[]): string {
  const words = ['fochista']
  let at: Program | undefined = program
  for (const word of argv) {
    at = at.commands.find((command) => command.name() === word)
    if (!at) break
    words.push(word)
  }
  return `${words.join(' ')} --help`
}
