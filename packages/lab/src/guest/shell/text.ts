import type { Disk } from '../disk.ts'
import type { Outcome } from './programs.ts'

/** Runs `grep`, `head` or `tail`; undefined for another program. */
export function runTextProgram(
  disk: Disk,
  name: string,
  rest: readonly string[],
  input: string,
): Outcome | undefined {
  if (name === 'grep') return grep(disk, rest, input)
  if (name !== 'head' && name !== 'tail') return undefined
  const at = rest.indexOf('-n')
  const count = Number(at >= 0 ? rest[at + 1] : (rest.find((word) => /^-\d+$/.test(word))?.slice(1) ?? 10))
  const files = rest.filter((word, index) => !word.startsWith('-') && index !== at + 1)
  const text = files.length === 0 ? input : files.map((path) => disk.read(path) ?? '').join('')
  const lines = text.split(/(?<=\n)/)
  return { code: 0, output: (name === 'head' ? lines.slice(0, count) : lines.slice(-count)).join('') }
}

function grep(disk: Disk, rest: readonly string[], input: string): Outcome {
  const flags = rest.filter((word) => /^-\w+$/.test(word)).join('')
  const [pattern = '', ...files] = rest.filter((word) => !word.startsWith('-'))
  const isPlain = flags.includes('F')
  // What a basic expression writes with a backslash an extended one writes without.
  const extended = flags.includes('E')
    ? pattern
    : pattern.replace(/\\?([+?|(){}])/g, (all, char: string) => (all.length > 1 ? char : `\\${char}`))
  const wanted = new RegExp(
    isPlain ? pattern.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`) : extended,
    flags.includes('i') ? 'i' : '',
  )
  let output = ''
  for (const text of files.length === 0 ? [input] : files.map((path) => disk.read(path))) {
    if (text === undefined)
      return { code: 2, output, errors: `grep: ${files.join(' ')}: No such file or directory\n` }
    for (const line of text.replace(/\n$/, '').split('\n'))
      if (wanted.test(line) !== flags.includes('v')) output += `${line}\n`
  }
  return { code: output === '' ? 1 : 0, output: flags.includes('q') ? '' : output }
}
