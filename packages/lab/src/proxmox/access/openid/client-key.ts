import { sectionsOf } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'

const FILE = 'access/client-keys'

/** The secret by which hosts show a realm's issuer who they are; undefined for none. */
export function clientKey(world: ProxmoxWorld, realm: string): string | undefined {
  const key = sectionsOf(world, FILE).get(realm)?.['key']
  return typeof key === 'string' ? key : undefined
}

/** Keeps the secret of a realm; undefined forgets it. */
export function setClientKey(world: ProxmoxWorld, realm: string, key: string | undefined): void {
  if (key === undefined) sectionsOf(world, FILE).delete(realm)
  else sectionsOf(world, FILE).set(realm, { key })
}
