import type { Io } from './io.ts'

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
  return io.interactive ? createLiveProgress(io) : createPlainProgress(io)
}

async function createLiveProgress(io: Io): Promise<Progress> {
  const { createLogUpdate } = await import('log-update')
  const redraw = createLogUpdate(process.stderr)
  return {
    show: (lines) => {
      const widest = lines.reduce((width, line) => Math.max(width, line.name.length), 0)
      redraw(
        lines
          .map((line) => {
            const start = `${icons[line.style]} ${line.name.padEnd(widest)}  ${line.state}`
            const detail = line.detail ? `  ${line.detail}` : ''
            // A wrapped line would make the redraw jump; what is cut stands in `machine describe`.
            const whole = (start + detail).slice(0, io.columns - 1)
            return io.paint(line.style, whole.slice(0, start.length)) + whole.slice(start.length)
          })
          .join('\n'),
      )
    },
    end: () => redraw.done(),
  }
}

function createPlainProgress(io: Io): Progress {
  const said = new Map<string, string>()
  return {
    show: (lines) => {
      for (const line of lines) {
        const now = `${line.name}: ${line.state}${line.detail ? ` - ${line.detail}` : ''}`
        if (said.get(line.name) === now) continue
        said.set(line.name, now)
        io.note(now)
      }
    },
    end: () => {},
  }
}
