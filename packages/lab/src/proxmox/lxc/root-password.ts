import { sectionsOf } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'

const FILE = 'lxc/root-passwords'

/** The password of root inside a container; undefined for one without. */
export function rootPassword(world: ProxmoxWorld, vmid: number): string | undefined {
  const password = sectionsOf(world, FILE).get(String(vmid))?.['password']
  return typeof password === 'string' ? password : undefined
}

/** Gives root inside a container a password, or takes it away. */
export function setRootPassword(world: ProxmoxWorld, vmid: number, password: string | undefined): void {
  const passwords = sectionsOf(world, FILE)
  if (password === undefined) passwords.delete(String(vmid))
  else passwords.set(String(vmid), { password })
}
