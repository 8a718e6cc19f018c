import { styleText } from 'node:util'

/** The streams and the terminal facts a command may use; injected, so that tests read what a user would see. */
export interface Io {
  /** Writes one line of result to standard output. */
  out(line?: string): void
  /** Writes one line of progress or explanation to standard error. */
  note(line?: string): void
  /** Writes bytes of result as they are. */
  raw(text: string): void
  /** True where standard error is a terminal that can redraw lines. */
  readonly interactive: boolean
  /** Colours a word; plain where the stream is no terminal or NO_COLOR is set. */
  paint(style: Style, text: string): string
  /** All of standard input as text. */
  readInput(): Promise<string>
  /** Asks a person for yes or no on the terminal; false where there is none, and for anything but a yes. */
  ask(question: string): Promise<boolean>
  /** Asks for a secret on the terminal, which does not show what is typed; undefined where there is none. Ctrl-C and the signal reject with an AbortError. */
  askSecret(question: string, signal?: AbortSignal): Promise<string | undefined>
  /** The terminal itself, for a command that hands it over to another machine. */
  readonly terminal: TerminalIo
  /** Terminal width in columns; 120 where there is none. */
  readonly columns: number
  /** Terminal height in lines; 50 where there is none. */
  readonly rows: number
}

/** The person's terminal, both ways: standard input and standard output as bytes. */
export interface TerminalIo {
  /** True where somebody types; false where input comes from a file or a pipe. */
  readonly isTyped: boolean
  /** Size in characters; 80 by 24 where output is no terminal. */
  size(): { columns: number; rows: number }
  /** Calls when the size has changed; returns what ends it. */
  onResize(call: () => void): () => void
  /**
   * Reads what is typed, byte by byte: nothing is echoed meanwhile, and no key means anything to this process. `take` is not called again
   * before it has resolved. Returns what ends it; the terminal is then as before, and also when the process ends first.
   */
  read(take: (bytes: Buffer) => Promise<void>): () => void
  /** Writes bytes; resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>
}

/** Meaning of a colour; the same everywhere (designs and brand: never colour alone, a word stands beside it). */
export type Style = 'ready' | 'working' | 'waiting' | 'failed' | 'off' | 'strong' | 'accent'

const styles: Record<Style, Parameters<typeof styleText>[0]> = {
  ready: 'green',
  working: 'blue',
  waiting: 'yellow',
  failed: 'red',
  off: 'gray',
  strong: 'bold',
  accent: 'redBright',
}

const processTerminal: TerminalIo = {
  get isTyped() {
    return process.stdin.isTTY
  },
  size: () => ({ columns: process.stdout.columns || 80, rows: process.stdout.rows || 24 }),
  onResize: (call) => {
    process.stdout.on('resize', call)
    return () => void process.stdout.off('resize', call)
  },
  read: (take) => {
    const { stdin } = process
    const raw = (isRaw: boolean): void => void (stdin.isTTY && stdin.setRawMode(isRaw))
    const restore = (): void => raw(false)
    const read = (bytes: Buffer): void => {
      stdin.pause()
      void take(bytes).finally(() => stdin.listenerCount('data') > 0 && stdin.resume())
    }
    raw(true)
    process.once('exit', restore)
    stdin.on('data', read)
    return () => {
      stdin.off('data', read)
      // An input that is read keeps the process alive.
      stdin.pause()
      restore()
      process.off('exit', restore)
    }
  },
  write: async (bytes) => {
    if (process.stdout.write(bytes)) return
    await new Promise<void>((resolve) => void process.stdout.once('drain', resolve))
  },
}

/** The process's own streams. */
export function processIo(): Io {
  const interactive = process.stderr.isTTY && process.env['TERM'] !== 'dumb' && !process.env['CI']
  const coloured = interactive && !process.env['NO_COLOR']
  return {
    out: (line = '') => void process.stdout.write(`${line}\n`),
    note: (line = '') => void process.stderr.write(`${line}\n`),
    raw: (text) => void process.stdout.write(text),
    interactive,
    paint: (style, text) => (coloured ? styleText(styles[style], text, { validateStream: false }) : text),
    // A terminal changes its size while it is written to.
    get columns() {
      return process.stderr.columns || 120
    },
    get rows() {
      return process.stderr.rows || 50
    },
    terminal: processTerminal,
    ask: async (question) => {
      if (!interactive || !process.stdin.isTTY) return false
      const { createInterface } = await import('node:readline/promises')
      const terminal = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return /^(y|yes|s|sì|si)$/i.test((await terminal.question(`${question} `)).trim())
      } finally {
        terminal.close()
      }
    },
    askSecret: async (question, signal) => {
      if (!interactive || !process.stdin.isTTY) return undefined
      const [{ createInterface }, { Writable }] = await Promise.all([
        import('node:readline/promises'),
        import('node:stream'),
      ])
      const unseen = new Writable({ write: (_chunk, _encoding, done) => done() })
      // From here on the terminal shows no key: only then is there something to type.
      const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true })
      process.stderr.write(`${question} `)
      const stop = new AbortController()
      // The terminal hands over Ctrl-C as a key meanwhile.
      terminal.on('SIGINT', () => stop.abort())
      try {
        return await terminal.question('', {
          signal: signal === undefined ? stop.signal : AbortSignal.any([stop.signal, signal]),
        })
      } finally {
        terminal.close()
        process.stderr.write('\n')
      }
    },
    readInput: async () => {
      let text = ''
      process.stdin.setEncoding('utf8')
      for await (const chunk of process.stdin) text += String(chunk)
      return text
    },
  }
}
