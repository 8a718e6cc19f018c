import type { Io } from '../../io.ts'
import { printTable } from '../../output.ts'

/** Prints what Proxmox answered. A table has a column for each plain field that an entry has; one object is a table of its fields. */
export async function printResult(io: Io, format: 'json' | 'yaml' | 'table', result: unknown): Promise<void> {
  if (format === 'json') return io.out(JSON.stringify(result, null, 2))
  if (format === 'yaml') {
    const { stringify } = await import('yaml')
    return io.raw(stringify(result))
  }
  const entries = Array.isArray(result) ? (result as unknown[]) : undefined
  if (entries?.every(isRecord)) {
    const names = [...new Set(entries.flatMap((entry) => Object.keys(entry)))].sort()
    const columns = names.map((name) => ({
      heading: name,
      cell: (entry: Record<string, unknown>) => cellOf(entry[name]),
      right: entries.every((entry) => entry[name] === undefined || typeof entry[name] === 'number'),
    }))
    return printTable(io, columns, entries)
  }
  if (entries) return entries.forEach((entry) => io.out(cellOf(entry)))
  if (!isRecord(result)) return io.out(cellOf(result))
  printTable(
    io,
    [
      { heading: 'key', cell: ([name]: [string, unknown]) => name },
      { heading: 'value', cell: ([, value]: [string, unknown]) => cellOf(value) },
    ],
    Object.entries(result),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function cellOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)
}
