/** A Kubernetes version's numbers. */
export interface Version {
  major: number
  minor: number
  patch: number
}

/**
 * Reads a version as Kamaji's library does; a leading `v` may be left out. Throws an Error with that library's words.
 */
export function parseVersion(text: string): Version {
  if (text === '') throw new Error('Version string empty')
  const parts = text.replace(/^v/, '').split(/[-+]/)
  const elements = splitThree(text.replace(/^v/, ''))
  if (elements === undefined || parts[0] === undefined) throw new Error('No Major.Minor.Patch elements found')
  const [major, minor, rest] = elements
  // Only the patch may carry a pre-release or build.
  const patch = rest.split('+')[0]?.split('-')[0] ?? ''
  const check = (what: string, value: string): number => {
    if (!/^[0-9]+$/.test(value))
      throw new Error(`Invalid character(s) found in ${what} number ${JSON.stringify(value)}`)
    if (value.length > 1 && value.startsWith('0'))
      throw new Error(
        `${what[0]?.toUpperCase()}${what.slice(1)} number must not contain leading zeroes ${JSON.stringify(value)}`,
      )
    return Number(value)
  }
  return { major: check('major', major), minor: check('minor', minor), patch: check('patch', patch) }
}

function splitThree(text: string): [string, string, string] | undefined {
  const first = text.indexOf('.')
  const second = first < 0 ? -1 : text.indexOf('.', first + 1)
  if (second < 0) return undefined
  return [text.slice(0, first), text.slice(first + 1, second), text.slice(second + 1)]
}

/** -1, 0 or 1 by major and minor; patch levels do not count. */
export function compareMinor(a: Version, b: { major: number; minor: number }): number {
  return Math.sign(a.major - b.major || a.minor - b.minor)
}

/** `v1.30.0` whether or not the `v` was written. */
export function withPrefix(version: string): string {
  return version.startsWith('v') ? version : `v${version}`
}
