import type { Io } from './io.ts'
import { tr } from './locale.ts'
import { oneLine } from './output.ts'

/** One thing that a person watches: a cluster, a machine. */
export interface ProgressLine {
  readonly name: string
  /** The step or state in one word. */
  readonly state: string
  readonly detail?: string | undefined
  readonly style: 'ready' | 'working' | 'waiting' | 'failed' | 'off'
}

/** Live progress: lines redrawn in place on a terminal, one line per change elsewhere. */
export interface Progress {
  show(lines: readonly ProgressLine[]): void
  /** Leaves the last picture standing and stops redrawing. */
  end(): void
}

const icons = { ready: '✔', working: '◐', waiting: '…', failed: '✘', off: '○' } as const

/** Makes the progress display that fits where the output goes. */
export async function createProgress(io: Io): Promise<Progress> {
  // In a terminal without a size, such as that of a recorder, log-update would draw nothing at all.
  if (!io.interactive || process.stderr.columns === 0) return createPlainProgress(io)
  const { createLogUpdate } = await import('log-update')
  const redraw = createLogUpdate(process.stderr)
  return { show: (lines) => redraw(picture(io, lines).join('\n')), end: () => redraw.done() }
}

/** What a terminal shows: no line longer than it is wide, no more lines than it is high. */
export function picture(io: Io, lines: readonly ProgressLine[]): string[] {
  const widest = lines.reduce((width, line) => Math.max(width, line.name.length), 0)
  const most = Math.max(1, io.rows - 2)
  const shown = lines.length > most ? choose(lines, most - 1) : lines
  const drawn = shown.map((line) => {
    const start = `${icons[line.style]} ${line.name.padEnd(widest)}  ${line.state}`
    const detail = line.detail ? `  ${oneLine(line.detail)}` : ''
    // A wrapped line would make the redraw jump; what is cut stands in `machine describe`.
    const whole = (start + detail).slice(0, io.columns - 1)
    return io.paint(line.style, whole.slice(0, start.length)) + whole.slice(start.length)
  })
  const hidden = lines.length - shown.length
  return hidden > 0 ? [...drawn, tr(`  and ${hidden} more`, `  e altre ${hidden}`)] : drawn
}

/** The first line is what all is about; after it, what still moves is worth more than what is done. */
function choose(lines: readonly ProgressLine[], most: number): ProgressLine[] {
  const moving = lines.filter((line, index) => index > 0 && line.style !== 'ready').slice(0, most - 1)
  const wanted = new Set([lines[0], ...moving])
  for (const line of lines) if (wanted.size < most) wanted.add(line)
  return lines.filter((line) => wanted.has(line))
}

/** One line for each change, also when something is no longer there: for logs and pipes. */
function createPlainProgress(io: Io): Progress {
  const said = new Map<string, string>()
  return {
    show: (lines) => {
      const names = new Set(lines.map(({ name }) => name))
      for (const name of [...said.keys()].filter((known) => !names.has(known))) {
        said.delete(name)
        io.note(`${name}: ${tr('gone', 'non c’è più')}`)
      }
      for (const line of lines) {
        const now = `${line.name}: ${line.state}${line.detail ? ` - ${oneLine(line.detail)}` : ''}`
        if (said.get(line.name) === now) continue
        said.set(line.name, now)
        io.note(now)
      }
    },
    end: () => {},
  }
}
