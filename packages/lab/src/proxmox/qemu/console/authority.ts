import type { Call } from '../../handler.ts'

/** The certificate of the cluster's authority, PEM, which every host has; empty in a world without one. */
export function authorityOf({ world, contact }: Call, node: string): string {
  const { certificates } = world.cluster
  return (certificates.get(node) ?? certificates.get(contact))?.at(-1) ?? ''
}
