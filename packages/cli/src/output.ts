import { choice, type Option } from './command.ts'
import type { Io } from './io.ts'
import { tr } from './locale.ts'
import { toYaml } from './yaml.ts'

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const

/** How results are printed. */
export type Format = (typeof formats)[number]

/** The `-o` option of every command that prints objects. */
export const outputOption: Option<Format> = choice(
  '-o, --output <format>',
  tr('how to print', 'come mostrare'),
  formats,
  'table',
)

/** One column of a table: its heading, its cell, and whether only `-o wide` shows it. */
export interface Column<T> {
  readonly heading: string
  readonly cell: (item: T) => string | number | undefined
  readonly wide?: boolean
  /** Numbers stand to the right. */
  readonly right?: boolean
}

interface Named {
  readonly kind: string
  readonly metadata: { readonly name: string }
}

/**
 * Prints objects in the asked format. Tables are padded for people; `json` and `yaml` print a List of the objects as they are.
 * @param nothing What people are told instead of an empty table. Default: its heading.
 */
export function printList<T extends Named>(
  io: Io,
  format: Format,
  items: readonly T[],
  columns: readonly Column<T>[],
  nothing?: string,
): void {
  if (format === 'json') return io.out(JSON.stringify(listOf(items), null, 2))
  if (format === 'yaml') return io.raw(toYaml(listOf(items)))
  if (format === 'name') return items.forEach((item) => io.out(nameOf(item)))
  if (items.length === 0 && nothing !== undefined) return io.note(nothing)
  printTable(io, columnsOf(format, columns), items)
}

/** Prints objects as they come, for `--watch`: a table grows by rows, `json` gives one object a line, `yaml` one document each. */
export function createListPrinter<T extends Named>(
  io: Io,
  format: Format,
  columns: readonly Column<T>[],
): (items: readonly T[]) => void {
  if (format === 'json') return (items) => items.forEach((item) => io.out(JSON.stringify(item)))
  if (format === 'yaml') return (items) => items.forEach((item) => io.raw(`---\n${toYaml(item)}`))
  if (format === 'name') return (items) => items.forEach((item) => io.out(nameOf(item)))
  return createTable(io, columnsOf(format, columns))
}

function columnsOf<T>(format: Format, columns: readonly Column<T>[]): readonly Column<T>[] {
  return columns.filter((column) => format === 'wide' || !column.wide)
}

/** Prints one object in the asked format. */
export function printObject<T extends Named>(
  io: Io,
  format: Format,
  item: T,
  columns: readonly Column<T>[],
): void {
  if (format === 'json') return io.out(JSON.stringify(item, null, 2))
  if (format === 'yaml') return io.raw(toYaml(item))
  printList(io, format, [item], columns)
}

/** Prints a table with a heading line; cells are separated by at least two spaces. */
export function printTable<T>(io: Io, columns: readonly Column<T>[], items: readonly T[]): void {
  createTable(io, columns)(items)
}

/** A table that grows: the first call prints the heading and sets the widths, which later rows only widen. */
export function createTable<T>(io: Io, columns: readonly Column<T>[]): (items: readonly T[]) => void {
  const widths = columns.map((column) => column.heading.length)
  let hasHeading = false
  // A row at a time and counted: a process that prints a thousand rows and ends lives too short to make other loops fast.
  const cellsOf = (item: T): string[] => {
    const cells: string[] = []
    for (let index = 0; index < columns.length; index += 1) {
      const cell = oneLine(columns[index]?.cell(item))
      if (cell.length > (widths[index] ?? 0)) widths[index] = cell.length
      cells.push(cell)
    }
    return cells
  }
  const line = (cells: readonly string[]): string => {
    let text = ''
    for (let index = 0; index < columns.length; index += 1) {
      const cell = cells[index] ?? ''
      const width = widths[index] ?? 0
      text += `${columns[index]?.right ? cell.padStart(width) : cell.padEnd(width)}  `
    }
    return text.trimEnd()
  }
  return (items) => {
    const rows = items.map(cellsOf)
    const lines = rows.map(line)
    if (!hasHeading) lines.unshift(line(columns.map((column) => column.heading)))
    hasHeading = true
    // In one piece: a thousand rows are a thousand system calls else.
    if (lines.length > 0) io.out(lines.join('\n'))
  }
}

/** `machine/workers-x7k2`, as kubectl prints names. */
export function nameOf(item: Named): string {
  return `${item.kind.toLowerCase()}/${item.metadata.name}`
}

/** How long ago, in Kubernetes' short form: `45s`, `3m`, `5h`, `2d`. */
export function age(since: string | undefined, now = Date.now()): string {
  if (!since) return '<unknown>'
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 3 * 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** Prints manifests as one YAML stream that `kubectl apply -f -` takes. */
export function printManifests(io: Io, manifests: readonly object[]): void {
  io.raw(manifests.map((manifest) => toYaml(manifest)).join('---\n'))
}

function listOf(items: readonly Named[]): object {
  return { apiVersion: 'v1', kind: 'List', metadata: {}, items }
}

// oxlint-disable-next-line no-control-regex
const controls = /[\u0000-\u001f\u007f-\u009f]+/

/** Text on one line of a terminal. It may be what a tenant wrote: control characters must not reach the terminal. */
export function oneLine(cell: string | number | undefined): string {
  if (cell === undefined || cell === '') return '-'
  const text = String(cell)
  return controls.test(text) ? text.replaceAll(new RegExp(controls, 'g'), ' ') : text
}
