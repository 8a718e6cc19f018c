import { CELL, glyphRows } from '../qemu/console/font.ts'
import type { Row } from './frames.ts'
import { encodePng } from './png.ts'

/** Size of a graph, pixels, as the original's are. */
const [WIDTH, HEIGHT] = [800, 200]
/** Where the curves are. */
const PLOT = { left: 90, top: 24, right: WIDTH - 16, bottom: HEIGHT - 44 }

type Colour = readonly [number, number, number]
const BLACK: Colour = [0, 0, 0]
const GREY: Colour = [220, 220, 220]
/** Of the curves, one after the other. */
const CURVES: readonly Colour[] = [
  [31, 119, 180],
  [255, 127, 14],
  [44, 160, 44],
  [214, 39, 40],
  [148, 103, 189],
]

/** Draws the curves of some sources as a PNG image: time from left to right, nothing where a row knows nothing. */
export function drawGraph(title: string, sources: readonly string[], rows: readonly Row[]): Buffer {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 3, 255)
  const dot = (x: number, y: number, colour: Colour): void => {
    if (x >= 0 && x < WIDTH && y >= 0 && y < HEIGHT) pixels.set(colour, (y * WIDTH + x) * 3)
  }
  const line = (x: number, y: number, toX: number, toY: number, colour: Colour): void => {
    const steps = Math.max(Math.abs(toX - x), Math.abs(toY - y), 1)
    for (let step = 0; step <= steps; step += 1)
      dot(Math.round(x + ((toX - x) * step) / steps), Math.round(y + ((toY - y) * step) / steps), colour)
  }
  const write = (x: number, y: number, text: string, colour: Colour): void => {
    for (const [index, character] of Array.from(text).entries())
      for (const [row, bits] of glyphRows(character).entries())
        for (let column = 0; column < CELL.width; column += 1)
          if (bits & (1 << (CELL.width - 1 - column))) dot(x + index * CELL.width + column, y + row, colour)
  }
  const top = Math.max(...rows.flatMap((row) => sources.map((source) => row[source] ?? 0)), 1e-9) * 1.1
  const xOf = (index: number): number =>
    PLOT.left + Math.round(((PLOT.right - PLOT.left) * index) / Math.max(1, rows.length - 1))
  const yOf = (value: number): number => PLOT.bottom - Math.round(((PLOT.bottom - PLOT.top) * value) / top)

  write(PLOT.left, 4, title, BLACK)
  for (const part of [0, 0.5, 1]) {
    line(PLOT.left, yOf(top * part), PLOT.right, yOf(top * part), GREY)
    write(4, yOf(top * part) - CELL.height / 2, shorten(top * part), BLACK)
  }
  for (const [number, source] of sources.entries()) {
    const colour = CURVES[number % CURVES.length] ?? BLACK
    let before: [number, number] | undefined
    for (const [index, row] of rows.entries()) {
      const value = row[source]
      const now: [number, number] | undefined = value === undefined ? undefined : [xOf(index), yOf(value)]
      if (now !== undefined) line(...(before ?? now), ...now, colour)
      before = now
    }
    write(PLOT.left + number * 180, HEIGHT - 20, `# ${source}`, colour)
  }
  line(PLOT.left, PLOT.top, PLOT.left, PLOT.bottom, BLACK)
  line(PLOT.left, PLOT.bottom, PLOT.right, PLOT.bottom, BLACK)
  for (const index of [0, rows.length - 1]) {
    const time = new Date((rows[index]?.time ?? 0) * 1000).toISOString().slice(0, 16).replace('T', ' ')
    write(index === 0 ? PLOT.left : PLOT.right - time.length * CELL.width, PLOT.bottom + 4, time, BLACK)
  }
  return encodePng(WIDTH, HEIGHT, pixels)
}

/** A value with a decimal prefix. */
function shorten(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P']
  let [rest, unit] = [value, 0]
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000
    unit += 1
  }
  return `${rest < 10 ? rest.toFixed(2) : rest.toFixed(1)} ${units[unit]}`.trimEnd()
}
