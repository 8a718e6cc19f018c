import type { JsonObject } from '../resources.ts'

/** The Go release a Kubernetes minor was built with. */
const GO: { [minor: string]: string } = {
  '29': 'go1.21.13',
  '30': 'go1.22.12',
  '31': 'go1.23.8',
  '32': 'go1.23.10',
  '33': 'go1.24.6',
  '34': 'go1.24.9',
  '35': 'go1.25.5',
  '36': 'go1.26.8',
}

/** The first minor that tells which older one it can emulate. */
const EMULATES = 33

/** The answer of /version for a git version such as `v1.30.4`. */
export function versionBody(gitVersion: string): JsonObject {
  const [, major = '1', minor = '36'] = /^v(\d+)\.(\d+)/.exec(gitVersion) ?? []
  const emulation =
    Number(minor) < EMULATES
      ? {}
      : {
          emulationMajor: major,
          emulationMinor: minor,
          minCompatibilityMajor: major,
          minCompatibilityMinor: String(Number(minor) - 1),
        }
  return {
    major,
    minor,
    ...emulation,
    gitVersion,
    gitCommit: '0000000000000000000000000000000000000000',
    gitTreeState: 'clean',
    buildDate: '2026-07-01T00:00:00Z',
    goVersion: GO[minor] ?? 'go1.26.8',
    compiler: 'gc',
    platform: 'linux/amd64',
  }
}
