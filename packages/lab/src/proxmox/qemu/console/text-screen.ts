/** Columns and rows of a text screen. */
export const SIZE = { columns: 80, rows: 25 } as const

/** One character of a screen with its colours, 0 to 15 as a VGA card counts them. */
export interface Cell {
  readonly character: string
  readonly ink: number
  readonly paper: number
}

const GREY = 7

/** VGA counts blue first, terminals red. */
const FROM_ANSI = [0, 4, 2, 6, 1, 5, 3, 7]

/** A text screen: what a terminal's text, with the commonest of its escape sequences, leaves on it. */
export class TextScreen {
  #cells: Cell[][] = Array.from({ length: SIZE.rows }, () => [])
  #row = 0
  #column = 0
  #ink = GREY
  #paper = 0
  #bold = false
  /** Start of an escape sequence whose end has not come yet. */
  #rest = ''

  /** Cell at a place; a blank where nothing was written. */
  at(row: number, column: number): Cell {
    return this.#cells[row]?.[column] ?? BLANK
  }

  /** Where the cursor is. */
  get cursor(): { readonly row: number; readonly column: number } {
    return { row: this.#row, column: Math.min(this.#column, SIZE.columns - 1) }
  }

  /** Text of each row, without blanks at its end. */
  get lines(): string[] {
    return this.#cells.map((_, row) =>
      Array.from({ length: SIZE.columns }, (__, column) => this.at(row, column).character)
        .join('')
        .trimEnd(),
    )
  }

  /** Shows text as a terminal does. */
  write(text: string): void {
    const parts = `${this.#rest}${text}`
    this.#rest = ''
    let at = 0
    while (at < parts.length) {
      if (parts[at] === '\u001B') {
        const sequence = SEQUENCE.exec(parts.slice(at, at + 40))
        if (sequence === null) {
          // It goes on with the next text, unless it is none that ever ends.
          if (parts.length - at < 40) this.#rest = parts.slice(at)
          else at += 1
          if (this.#rest !== '') return
          continue
        }
        this.#control(sequence[1] ?? '', sequence[2] ?? '')
        at += sequence[0].length
        continue
      }
      const character = String.fromCodePoint(parts.codePointAt(at) ?? 32)
      this.#put(character)
      at += character.length
    }
  }

  #put(character: string): void {
    switch (character) {
      case '\r':
        this.#column = 0
        return
      case '\n':
        this.#newLine()
        return
      case '\b':
        this.#column = Math.max(0, this.#column - 1)
        return
      case '\t':
        this.#column = Math.min(SIZE.columns - 1, (this.#column | 7) + 1)
        return
      default:
    }
    if (character < ' ' || character === '\u007F') return
    if (this.#column >= SIZE.columns) {
      this.#column = 0
      this.#newLine()
    }
    const line = this.#cells[this.#row]
    if (line !== undefined)
      line[this.#column] = { character, ink: this.#ink + (this.#bold ? 8 : 0), paper: this.#paper }
    this.#column += 1
  }

  #newLine(): void {
    if (this.#row < SIZE.rows - 1) this.#row += 1
    else {
      this.#cells.shift()
      this.#cells.push([])
    }
  }

  #control(parameters: string, final: string): void {
    const numbers = parameters.split(';').map(Number)
    const first = numbers[0] || 1
    const clamp = (value: number, limit: number): number => Math.max(0, Math.min(limit - 1, value))
    switch (final) {
      case 'A':
        this.#row = clamp(this.#row - first, SIZE.rows)
        break
      case 'B':
        this.#row = clamp(this.#row + first, SIZE.rows)
        break
      case 'C':
        this.#column = clamp(this.#column + first, SIZE.columns)
        break
      case 'D':
        this.#column = clamp(this.#column - first, SIZE.columns)
        break
      case 'H':
      case 'f':
        this.#row = clamp(first - 1, SIZE.rows)
        this.#column = clamp((numbers[1] || 1) - 1, SIZE.columns)
        break
      case 'J':
        this.#eraseRows(numbers[0] ?? 0)
        break
      case 'K':
        this.#eraseLine(numbers[0] ?? 0)
        break
      case 'm':
        for (const number of numbers) this.#colour(number)
        break
      default:
    }
  }

  #eraseRows(what: number): void {
    if (what !== 1) {
      this.#eraseLine(what === 0 ? 0 : 2)
      for (let row = what === 0 ? this.#row + 1 : 0; row < SIZE.rows; row += 1) this.#cells[row] = []
    } else {
      for (let row = 0; row < this.#row; row += 1) this.#cells[row] = []
      this.#eraseLine(1)
    }
  }

  #eraseLine(what: number): void {
    const line = this.#cells[this.#row] ?? []
    if (what === 0) this.#cells[this.#row] = line.slice(0, this.#column)
    else if (what === 1) this.#cells[this.#row] = line.map((cell, at) => (at <= this.#column ? BLANK : cell))
    else this.#cells[this.#row] = []
  }

  #colour(number: number): void {
    if (number === 0) {
      this.#ink = GREY
      this.#paper = 0
      this.#bold = false
    } else if (number === 1) this.#bold = true
    else if (number === 7) [this.#ink, this.#paper] = [this.#paper, this.#ink]
    else if (number === 22) this.#bold = false
    else if (number >= 30 && number <= 37) this.#ink = FROM_ANSI[number - 30] ?? GREY
    else if (number === 39) this.#ink = GREY
    else if (number >= 40 && number <= 47) this.#paper = FROM_ANSI[number - 40] ?? 0
    else if (number === 49) this.#paper = 0
  }
}

const BLANK: Cell = { character: ' ', ink: GREY, paper: 0 }

/** A whole escape sequence: a control sequence with parameters and final byte, or one that is passed over. */
const SEQUENCE = new RegExp(
  '^\u001B(?:' +
    String.raw`\[([0-9;?]*)([@-~])|` +
    '\\][^\u0007\u001B]*(?:\u0007|\u001B\\\\)|' +
    String.raw`[()][0-9A-Za-z]|[^[\]()])`,
)
