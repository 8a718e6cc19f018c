import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Gives a user whom the system does not know the home that container runtimes give: the root. */
function haveHome(): void {
  try {
    homedir()
  } catch {
    process.env['HOME'] = '/'
  }
}

/** Runs the command line of this process, and sets what it exits with. Loads what the line needs and no more. */
export async function start(argv: readonly string[]): Promise<void> {
  haveHome()
  // Compiled as the last time it starts in a third of the time. Not in the folder for everybody's temporary files, where somebody else could lay
  // code for us.
  enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'fochista', 'compiled'))
  // What a shell asks for at each TAB: it must be quick, and never more than no answer.
  if (argv[0] === 'completion' && argv[1] === '--')
    await (await import('./commands/completion/answer.ts')).answerCompletion(argv.slice(2))
  else process.exitCode = await (await import('./run.ts')).runUntilSignal(argv)
}
