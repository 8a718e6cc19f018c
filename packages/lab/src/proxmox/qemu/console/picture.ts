import { CELL, glyphRows } from './font.ts'
import { SIZE, type TextScreen } from './text-screen.ts'

/** The sixteen colours of a VGA card's text mode: red, green and blue, 0 to 255. */
export const PALETTE: readonly (readonly [number, number, number])[] = Array.from(
  { length: 16 },
  (_, index) => {
    const [base, light] = index > 7 ? [85, 255] : [0, 170]
    const part = (bit: number): number => (index & bit ? light : base)
    // Dark yellow would be: the card makes it brown.
    return index === 6 ? [170, 85, 0] : [part(4), part(2), part(1)]
  },
)

/** How a client wants its pixels (RFC 6143, 7.4). */
export interface PixelFormat {
  readonly bytes: 1 | 2 | 4
  readonly isBigEndian: boolean
  /** False: pixels are indices of the palette. */
  readonly isTrueColour: boolean
  readonly max: readonly [red: number, green: number, blue: number]
  readonly shift: readonly [red: number, green: number, blue: number]
}

/** A part of a picture, pixels. */
interface Rectangle {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Rows of a cell, from the top, that the cursor covers. */
const CURSOR = [13, 14]

/** A text screen as one client's picture: it knows what the client has seen. */
export class Picture {
  readonly width = SIZE.columns * CELL.width
  readonly height = SIZE.rows * CELL.height
  readonly #screen: TextScreen
  /** What each cell was like when it was sent last. */
  readonly #sent: string[] = []

  constructor(screen: TextScreen) {
    this.#screen = screen
  }

  /** What has changed since the last call, a rectangle for each row of text; or the whole, if it is asked for. */
  changes(isWhole: boolean): Rectangle[] {
    const rectangles: Rectangle[] = []
    for (let row = 0; row < SIZE.rows; row += 1) {
      let from: number = SIZE.columns
      let to = -1
      for (let column = 0; column < SIZE.columns; column += 1) {
        const now = this.#look(row, column)
        const at = row * SIZE.columns + column
        if (this.#sent[at] === now) continue
        this.#sent[at] = now
        from = Math.min(from, column)
        to = column
      }
      if (to >= 0)
        rectangles.push({
          x: from * CELL.width,
          y: row * CELL.height,
          width: (to - from + 1) * CELL.width,
          height: CELL.height,
        })
    }
    return isWhole ? [{ x: 0, y: 0, width: this.width, height: this.height }] : rectangles
  }

  /** Pixels of whole cells, row by row, as a client wants them. */
  pixels({ x, y, width, height }: Rectangle, format: PixelFormat): Buffer {
    const bytes = Buffer.alloc(width * height * format.bytes)
    const colours = PALETTE.map((_, index) => encode(index, format))
    for (let top = 0; top < height; top += CELL.height)
      for (let left = 0; left < width; left += CELL.width) {
        const [row, column] = [(y + top) / CELL.height, (x + left) / CELL.width]
        const { character, ink, paper } = this.#screen.at(row, column)
        const rows = glyphRows(character)
        const isCursor = this.#isCursor(row, column)
        for (let line = 0; line < CELL.height; line += 1) {
          const bits = isCursor && CURSOR.includes(line) ? -1 : (rows[line] ?? 0)
          for (let dot = 0; dot < CELL.width; dot += 1) {
            const colour = colours[bits & (1 << (CELL.width - 1 - dot)) ? ink : paper]
            colour?.copy(bytes, ((top + line) * width + left + dot) * format.bytes)
          }
        }
      }
    return bytes
  }

  #look(row: number, column: number): string {
    const { character, ink, paper } = this.#screen.at(row, column)
    return `${character}${ink}/${paper}${this.#isCursor(row, column) ? '_' : ''}`
  }

  #isCursor(row: number, column: number): boolean {
    const { cursor } = this.#screen
    return cursor.row === row && cursor.column === column
  }
}

/** A colour as the bytes of one pixel. */
function encode(index: number, { bytes, isBigEndian, isTrueColour, max, shift }: PixelFormat): Buffer {
  let value = index
  if (isTrueColour)
    value = (PALETTE[index] ?? [0, 0, 0]).reduce(
      (sum, part, at) => sum + Math.round((part * (max[at] ?? 0)) / 255) * 2 ** (shift[at] ?? 0),
      0,
    )
  const pixel = Buffer.alloc(bytes)
  // A format whose parts do not fit is the client's own fault.
  const fitting = value % 2 ** (bytes * 8)
  if (isBigEndian) pixel.writeUIntBE(fitting, 0, bytes)
  else pixel.writeUIntLE(fitting, 0, bytes)
  return pixel
}
