import type { JsonObject, ResourceRegistry } from '../resources.ts'
import { HEALTH_CHECKS } from './health.ts'

/** Paths that are neither of an API nor a single check. */
const OTHERS = [
  '/.well-known/openid-configuration',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/',
  '/flagz',
  '/metrics',
  '/metrics/slis',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/',
  '/openid/v1/jwks',
  '/statusz',
  '/version',
]

/** The answer of `/`: every path that is served, sorted. */
export function rootPaths(registry: ResourceRegistry): JsonObject {
  const groups = registry.groups().filter((group) => group !== '')
  const paths = [
    ...OTHERS,
    ...groups.flatMap((group) => [
      `/apis/${group}`,
      ...registry.versions(group).map((version) => `/apis/${group}/${version}`),
    ]),
    ...Object.entries(HEALTH_CHECKS).flatMap(([root, checks]) => [
      `/${root}`,
      ...checks.map((check) => `/${root}/${check}`),
    ]),
  ]
  return { paths: paths.toSorted() }
}
