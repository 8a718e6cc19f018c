import { argument, command } from '../../command.ts'
import { didYouMean, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { scripts } from './scripts.ts'

/** `fochista completion bash|zsh|fish`: the script by which the shell completes this command's lines. */
export const completion = command({
  path: 'completion <shell>',
  summary: tr(
    'print what makes bash, zsh or fish complete commands, options and live names',
    'stampa ciò con cui bash, zsh o fish completano comandi, opzioni e nomi attuali',
  ),
  examples: [
    'eval "$(fochista completion bash)"   # in ~/.bashrc',
    'eval "$(fochista completion zsh)"    # in ~/.zshrc, after compinit',
    'fochista completion fish > ~/.config/fish/completions/fochista.fish',
  ],
  run: (context, args) => {
    const shell = argument(args, 'shell')
    const known = Object.keys(scripts)
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
    if (script === undefined)
      throw new UsageError(
        `"${shell}" ${tr('is not one of', 'non è uno fra')} ${known.join(', ')}`,
        didYouMean(shell, known),
      )
    context.io.raw(script)
    return Promise.resolve()
  },
})
