import type { Json } from '../resources.ts'

const SECOND = 1000
const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const YEAR = 365 * DAY

function pair(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`
}

/** A duration as kubectl shows ages: `90s`, `3m5s`, `42m`, `7h30m`, `30h`, `3d4h`, `200d`, `3y40d`. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / SECOND)
  // A clock that is a little ahead is no error; one that is far ahead is.
  if (seconds < -1) return '<invalid>'
  if (seconds < 0) return '0s'
  if (seconds < 2 * MINUTE) return `${seconds}s`
  const minutes = Math.trunc(seconds / MINUTE)
  if (minutes < 10) return pair(minutes, 'm', seconds % MINUTE, 's')
  if (minutes < 180) return `${minutes}m`
  const hours = Math.trunc(seconds / HOUR)
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  const days = Math.trunc(seconds / DAY)
  if (days < 8) return pair(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  const years = Math.trunc(seconds / YEAR)
  if (years < 8) return pair(years, 'y', days % 365, 'd')
  return `${years}y`
}

/** The age of a time stamp; `<unknown>` when there is none. */
export function age(time: Json | undefined, now: number): string {
  if (typeof time !== 'string' || time === '') return '<unknown>'
  const at = Date.parse(time)
  return Number.isNaN(at) ? '<invalid>' : humanDuration(now - at)
}
