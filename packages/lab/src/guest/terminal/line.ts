/** What a line editor tells. */
export interface LineEvents {
  /** Shows text on the terminal. */
  readonly show: (text: string) => void
  /** A line was entered. */
  readonly entered: (line: string) => void
  /** Ctrl-C. */
  readonly interrupted: () => void
  /** Ctrl-D on an empty line. */
  readonly ended: () => void
}

/** Longest line, characters: what is typed beyond is dropped. */
const LIMIT = 4096
const ESCAPE = new RegExp(`^\u001B${String.raw`(?:\[([0-9;]*)([@-~])|O([A-Z])|[^[O])`}`)

/** A terminal's line of input, with the commonest of a shell's editing keys. */
export class LineEditor {
  /** Whether what is typed is shown. Passwords are not. */
  isShown = true
  readonly #events: LineEvents
  readonly #history: string[] = []
  #line = ''
  #cursor = 0
  #recalled = 0
  /** The draft that a look into the history put aside. */
  #draft = ''
  #rest = ''

  constructor(events: LineEvents) {
    this.#events = events
  }

  /** Empties the line and the history. */
  reset(): void {
    this.#clear()
    this.#history.length = 0
    this.#rest = ''
  }

  /** What is in the line and not entered yet. */
  get line(): string {
    return this.isShown ? this.#line : ''
  }

  /** Keys were pressed. */
  type(text: string): void {
    let keys = `${this.#rest}${text}`
    this.#rest = ''
    while (keys !== '') {
      if (keys.startsWith('\u001B')) {
        const sequence = ESCAPE.exec(keys)
        if (sequence === null) {
          if (keys.length < 16) this.#rest = keys
          return
        }
        this.#special(sequence[2] ?? sequence[3] ?? '', sequence[1] ?? '')
        keys = keys.slice(sequence[0].length)
        continue
      }
      const character = String.fromCodePoint(keys.codePointAt(0) ?? 0)
      keys = keys.slice(character.length)
      this.#key(character)
    }
  }

  #key(character: string): void {
    switch (character) {
      case '\r':
      case '\n':
        this.#enter()
        break
      case '\u007F':
      case '\b':
        this.#erase(1)
        break
      case '\u0015':
        this.#erase(this.#cursor)
        break
      case '\u0017':
        this.#erase(/\S*\s*$/.exec(this.#line.slice(0, this.#cursor))?.[0].length ?? 0)
        break
      case '\u0001':
        this.#move(0)
        break
      case '\u0005':
        this.#move(this.#line.length)
        break
      case '\u0003':
        this.#clear()
        this.#show('^C\r\n')
        this.#events.interrupted()
        break
      case '\u0004':
        if (this.#line === '') this.#events.ended()
        break
      default:
        if (character >= ' ' && this.#line.length < LIMIT) this.#insert(character)
    }
  }

  #special(final: string, parameters: string): void {
    if (final === 'A') this.#recall(-1)
    else if (final === 'B') this.#recall(1)
    else if (final === 'C') this.#move(Math.min(this.#line.length, this.#cursor + 1))
    else if (final === 'D') this.#move(Math.max(0, this.#cursor - 1))
    else if (final === 'H') this.#move(0)
    else if (final === 'F') this.#move(this.#line.length)
    else if (final === '~' && parameters === '3' && this.#cursor < this.#line.length) {
      this.#move(this.#cursor + 1)
      this.#erase(1)
    }
  }

  #enter(): void {
    const line = this.#line
    if (this.isShown && line.trim() !== '' && this.#history.at(-1) !== line) this.#history.push(line)
    this.#clear()
    this.#events.show('\r\n')
    this.#events.entered(line)
  }

  #clear(): void {
    this.#line = ''
    this.#cursor = 0
    this.#recalled = this.#history.length
  }

  #insert(character: string): void {
    const after = this.#line.slice(this.#cursor)
    this.#line = `${this.#line.slice(0, this.#cursor)}${character}${after}`
    this.#cursor += character.length
    this.#show(`${character}${after}${'\b'.repeat(after.length)}`)
  }

  #erase(count: number): void {
    const from = Math.max(0, this.#cursor - count)
    const erased = this.#cursor - from
    const after = this.#line.slice(this.#cursor)
    this.#line = `${this.#line.slice(0, from)}${after}`
    this.#cursor = from
    if (erased > 0)
      this.#show(`${'\b'.repeat(erased)}${after}${' '.repeat(erased)}${'\b'.repeat(after.length + erased)}`)
  }

  #move(to: number): void {
    const back = this.#cursor - to
    this.#show(back > 0 ? '\b'.repeat(back) : this.#line.slice(this.#cursor, to))
    this.#cursor = to
  }

  #recall(step: number): void {
    const to = this.#recalled + step
    if (!this.isShown || to < 0 || to > this.#history.length) return
    if (this.#recalled === this.#history.length) this.#draft = this.#line
    this.#recalled = to
    this.#move(this.#line.length)
    this.#erase(this.#line.length)
    const recalled = this.#history[to] ?? this.#draft
    for (const character of recalled) this.#insert(character)
  }

  #show(text: string): void {
    if (this.isShown && text !== '') this.#events.show(text)
  }
}
