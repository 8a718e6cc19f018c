import { stringify } from 'yaml'
import type { Option } from './command.ts'
import { UsageError } from './errors.ts'
import type { Io } from './io.ts'
import { tr } from './locale.ts'

const formats = ['table', 'wide', 'json', 'yaml', 'name'] as const

/** How results are printed. */
export type Format = (typeof formats)[number]

/** The `-o` option of every command that prints objects. */
export const outputOption: Option<Format> = {
  flags: '-o, --output <format>',
  description: tr(`one of ${formats.join(', ')}`, `uno fra ${formats.join(', ')}`),
  initial: 'table',
  parse: (given) => {
    const format = formats.find((known) => known === given)
    if (format) return format
    throw new UsageError(`-o: "${given}" ${tr('is not one of', 'non è uno fra')} ${formats.join(', ')}`)
  },
}

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

/** Prints objects in the asked format. Tables are padded for people; `json` and `yaml` print a List of the objects as they are. */
export function printList<T extends Named>(
  io: Io,
  format: Format,
  items: readonly T[],
  columns: readonly Column<T>[],
): void {
  if (format === 'json') return io.out(JSON.stringify(listOf(items), null, 2))
  if (format === 'yaml') return io.raw(stringify(listOf(items)))
  if (format === 'name') return items.forEach((item) => io.out(nameOf(item)))
  const shown = columns.filter((column) => format === 'wide' || !column.wide)
  printTable(io, shown, items)
}

/** Prints one object in the asked format. */
export function printObject<T extends Named>(
  io: Io,
  format: Format,
  item: T,
  columns: readonly Column<T>[],
): void {
  if (format === 'json') return io.out(JSON.stringify(item, null, 2))
  if (format === 'yaml') return io.raw(stringify(item))
  printList(io, format, [item], columns)
}

/** Prints a table with a heading line; cells are separated by at least two spaces. */
export function printTable<T>(io: Io, columns: readonly Column<T>[], items: readonly T[]): void {
  const rows = items.map((item) => columns.map((column) => oneLine(column.cell(item))))
  const widths = columns.map((column, index) =>
    rows.reduce((widest, row) => Math.max(widest, row[index]?.length ?? 0), column.heading.length),
  )
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0
        return columns[index]?.right ? cell.padStart(width) : cell.padEnd(width)
      })
      .join('  ')
      .trimEnd()
  io.out(line(columns.map((column) => column.heading)))
  for (const row of rows) io.out(line(row))
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
  io.raw(manifests.map((manifest) => stringify(manifest)).join('---\n'))
}

function listOf(items: readonly Named[]): object {
  return { apiVersion: 'v1', kind: 'List', metadata: {}, items }
}

function oneLine(cell: string | number | undefined): string {
  // A cell may hold what a tenant wrote: control characters must not reach the terminal.
  // eslint-disable-next-line no-control-regex
  return cell === undefined || cell === '' ? '-' : String(cell).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
}
