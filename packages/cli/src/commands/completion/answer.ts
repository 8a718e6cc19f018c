import { commandsFor, nouns } from '../../commands.ts'
import { createContext } from '../../context.ts'
import { processIo } from '../../io.ts'
import { oneLine } from '../../output.ts'
import { candidatesFor, type Candidate } from './candidates.ts'
import { createLiveNames } from './live.ts'
import { readLine } from './line.ts'

/** How long the back ends have for their names, ms: who presses TAB waits. */
const LIVE_MS = 1500

/**
 * Prints the candidates for the last of the words of a line, and ends the process: nothing that still waits for an answer may keep the
 * shell waiting. Never fails: without an answer the shell shows none.
 */
export async function answerCompletion(words: readonly string[]): Promise<void> {
  // A back end that is away, a setting that is wrong: the command itself will say so.
  const text = await answerTo(words).catch(() => '')
  process.stdout.write(text, () => process.exit(0))
}

async function answerTo(words: readonly string[]): Promise<string> {
  const [noun = ''] = words
  if (words.length < 2)
    return printed(
      Object.keys(nouns).map((value) => ({ value })),
      noun,
    )
  if (!Object.hasOwn(nouns, noun)) return ''
  const line = readLine(await commandsFor([noun]), words)
  const { namespace, kubeconfig, context: named } = line.options
  const signal = AbortSignal.timeout(LIVE_MS)
  const context = createContext(processIo(), signal, {
    ...(namespace === undefined ? {} : { namespace }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(named === undefined ? {} : { context: named }),
  })
  const found = await Promise.race([
    candidatesFor(line, createLiveNames(context, line)),
    new Promise<[]>((resolve) => signal.addEventListener('abort', () => resolve([]), { once: true })),
  ])
  return found === 'files' ? ':files\n' : printed(found, line.current)
}

/** A line for each candidate that goes on what is typed. */
function printed(found: readonly Candidate[], begun: string): string {
  const lines = new Map<string, string>()
  for (const { value, about } of found) {
    // What a shell would read as more than a word is typed by hand, quoted.
    if (!value.startsWith(begun) || lines.has(value) || !/^[\w.:=/@!+,%-]+$/.test(value)) continue
    lines.set(value, about ? `${value}\t${oneLine(about)}\n` : `${value}\n`)
  }
  return [...lines.values()].join('')
}
