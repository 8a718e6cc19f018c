import type { Io, Style } from '../../io.ts'
import { tr } from '../../locale.ts'
import { oneLine } from '../../output.ts'
import type { Finding } from './finding.ts'

/**
 * Prints findings: as a table for people, as one JSON object whose keys and words never change, or only the `pveum` commands of them.
 */
export function printFindings(
  io: Io,
  format: 'table' | 'json' | 'pveum',
  findings: readonly Finding[],
): void {
  const commands = [...new Set(findings.flatMap((one) => one.commands ?? []))]
  if (format === 'pveum')
    return commands.filter((line) => line.startsWith('pveum ')).forEach((line) => io.out(line))
  if (format === 'json') {
    const isWell = findings.every(({ state }) => state !== 'wrong')
    return io.out(JSON.stringify({ ok: isWell, findings }, null, 2))
  }
  const width = Math.max(...findings.map(({ check }) => check.length))
  for (const finding of findings) printOne(io, finding, width)
}

function printOne(io: Io, { check, subject, state, message, next, commands }: Finding, width: number): void {
  const word = words[state]
  const mark = io.paint(word.style, word.text.padEnd(WORD_WIDTH))
  io.out(`${mark}  ${check.padEnd(width)}  ${oneLine(subject)}: ${oneLine(message)}`)
  const indent = ' '.repeat(WORD_WIDTH + 2)
  if (next) io.out(`${indent}→ ${oneLine(next)}`)
  for (const line of commands ?? []) io.out(`${indent}  ${oneLine(line)}`)
}

const words: Readonly<Record<Finding['state'], { style: Style; text: string }>> = {
  ok: { style: 'ready', text: 'ok' },
  warning: { style: 'waiting', text: tr('note', 'nota') },
  wrong: { style: 'failed', text: tr('WRONG', 'ERRATO') },
}
const WORD_WIDTH = Math.max(...Object.values(words).map(({ text }) => text.length))
