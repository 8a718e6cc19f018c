import type { Outcome } from '../outcome.ts'

/** How a command ended. */
export interface Ended {
  /** -2 when it was interrupted. */
  exit: number
  stdout: string
  stderr: string
}

/** Of a text that the recorder cut, the last letters may be half of something that is masked. */
const UNCERTAIN = 60

/** Compares how a command ended and what it printed with the recorded one. */
export function compareCommand(
  recorded: Partial<Ended>,
  actual: Ended,
): Pick<Outcome, 'verdict' | 'expected' | 'actual'> {
  const same =
    recorded.exit === actual.exit &&
    sameText(recorded.stdout ?? '', actual.stdout) &&
    sameText(recorded.stderr ?? '', actual.stderr)
  const told = ({ exit, stdout = '', stderr = '' }: Partial<Ended>): string =>
    JSON.stringify({ exit, stdout: mask(stdout), stderr: mask(stderr) })
  return { verdict: same ? 'agrees' : 'wrong', expected: told(recorded), actual: told(actual) }
}

function sameText(recorded: string, actual: string): boolean {
  const [, head] = /^(.*)\.\.\.\[\d+ bytes\]$/s.exec(recorded.trimEnd()) ?? []
  if (head === undefined) return mask(recorded) === mask(actual)
  const known = mask(head)
  return mask(actual).startsWith(known.slice(0, Math.max(0, known.length - UNCERTAIN)))
}

/** A text that kubectl printed, with what differs from run to run made equal. */
function mask(text: string): string {
  return (
    text
      // What client-go says of its own doings, with its time and process.
      .replaceAll(/^[EW]\d{4} .*\n/gm, '')
      // What the fields that every object has mean is told in words of our own.
      .replaceAll(/^( {2}(?:apiVersion|kind|metadata)\t<\w+>)\n(?: {4}.*\n)+/gm, '$1\n')
      .replaceAll(/\S*\/(LIVE|MERGED)(-\d+)?\//g, '<dir>/$1/')
      .replaceAll(/"\S*\/kubectl-edit[^"]*\.yaml"/g, '"<dir>/kubectl-edit.yaml"')
      .replaceAll(/\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?( \+0000|Z)/g, '<time>')
      .replaceAll(/[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000/g, '<time>')
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
      .replaceAll(/(resourceVersion"?: "|Resource Version: +)\d+/g, '$1*')
      .replaceAll(/<jwt:\d+>|\bey[\w-]+\.[\w-]+\.[\w-]+/g, '<jwt>')
      .replaceAll(/\b(kube-api-access|debugger)-[a-z0-9]{5}\b/g, '$1-*')
      .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, '<server>')
      // Ages, and with them the widths of columns.
      .replaceAll(/(?<![\w.-])(\d+[smhdy])+(?=\s)/g, '<age>')
      .replaceAll(/(?<=\S) +/g, ' ')
      .trimEnd()
  )
}
