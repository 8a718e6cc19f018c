import { parameterError } from '../api-error.ts'
import type { Volume } from '../world.ts'

/** What is done with a backup. */
type Mark = 'keep' | 'remove' | 'protected' | 'renamed'

/** Kinds of `keep-…` that keep the newest backup of each period, and the text that names a period. */
const PERIODS: readonly (readonly [keep: string, period: (date: Date) => string])[] = [
  ['keep-last', (date) => date.toISOString()],
  ['keep-hourly', (date) => date.toISOString().slice(0, 13)],
  ['keep-daily', (date) => date.toISOString().slice(0, 10)],
  ['keep-weekly', weekOf],
  ['keep-monthly', (date) => date.toISOString().slice(0, 7)],
  ['keep-yearly', (date) => date.toISOString().slice(0, 4)],
]

/** Reads a retention, `keep-last=3,keep-daily=7`; undefined for none. Throws 400 for one that keeps nothing. */
export function readRetention(text: string | undefined): Readonly<Record<string, number>> | undefined {
  if (text === undefined) return undefined
  const retention = Object.fromEntries(
    text.split(/[,;]/).map((part): [string, number] => {
      const [name = '', value = ''] = part.split('=')
      return [name, Number(value)]
    }),
  )
  if (retention['keep-all'] && Object.values(retention).filter((count) => count > 0).length > 1)
    parameterError({ 'prune-backups': 'keep-all cannot be set together with other options.' })
  return retention
}

/** Marks the backups of each guest, by number and kind, newest first in each. */
export function markBackups(
  backups: readonly Volume[],
  retention: Readonly<Record<string, number>>,
): Map<Volume, Mark> {
  const marks = new Map<Volume, Mark>()
  const groups = new Map<string, Volume[]>()
  for (const backup of backups) {
    const group = /\/vzdump-(\w+-\d+)-\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d\./.exec(backup.volid)?.[1]
    if (group === undefined) marks.set(backup, 'renamed')
    else if (backup.protected) marks.set(backup, 'protected')
    else groups.set(group, [...(groups.get(group) ?? []), backup])
  }
  for (const group of groups.values())
    markGroup(
      group.toSorted((one, other) => other.ctime - one.ctime),
      retention,
      marks,
    )
  return marks
}

/** Each kind counts only periods that no kind before it has kept a backup of. */
function markGroup(
  group: readonly Volume[],
  retention: Readonly<Record<string, number>>,
  marks: Map<Volume, Mark>,
): void {
  const counts = PERIODS.map(([keep]) => retention[keep] ?? 0)
  if (retention['keep-all'] || counts.every((count) => count === 0)) {
    for (const backup of group) marks.set(backup, 'keep')
    return
  }
  for (const [index, [, period]] of PERIODS.entries()) {
    const periodOf = ({ ctime }: Volume): string => period(new Date(ctime * 1000))
    const before = new Set(group.filter((backup) => marks.get(backup) === 'keep').map(periodOf))
    const kept = new Set<string>()
    for (const backup of group) {
      if (marks.has(backup)) continue
      const own = periodOf(backup)
      if (before.has(own)) continue
      if (kept.has(own)) marks.set(backup, 'remove')
      else if (kept.size < (counts[index] ?? 0)) {
        kept.add(own)
        marks.set(backup, 'keep')
      }
    }
  }
  for (const backup of group) if (!marks.has(backup)) marks.set(backup, 'remove')
}

/** Year and number of a week, as ISO 8601 counts them. */
function weekOf(date: Date): string {
  const thursday = new Date(date)
  thursday.setUTCDate(date.getUTCDate() + 4 - (date.getUTCDay() || 7))
  const start = Date.UTC(thursday.getUTCFullYear(), 0, 1)
  return `${thursday.getUTCFullYear()}/${Math.ceil(((thursday.getTime() - start) / 86_400_000 + 1) / 7)}`
}
