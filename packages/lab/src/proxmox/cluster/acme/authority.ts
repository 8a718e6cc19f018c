import { createCa, issueCertificate, type KeyPair } from '../../../pki.ts'
import { sectionsOf } from '../../sections.ts'
import type { ProxmoxWorld } from '../../world.ts'

/** Authorities that a host offers to choose from. */
export const DIRECTORIES = [
  { name: "Let's Encrypt V2", url: 'https://acme-v02.api.letsencrypt.org/directory' },
  { name: "Let's Encrypt V2 Staging", url: 'https://acme-staging-v02.api.letsencrypt.org/directory' },
] as const
/** The one that is meant when none is named. */
export const DEFAULT_DIRECTORY = DIRECTORIES[0].url
/** What must be agreed to. */
export const TERMS = 'https://letsencrypt.org/documents/LE-SA-v1.6-August-18-2025.pdf'

/** Days that a certificate lasts. */
const DAYS = 90

/** Where an authority keeps something: its directory's address with another end. */
export function addressAt(directory: string, end: string): string {
  return `${directory.replace(/\/directory$/, '')}/acme/${end}`
}

/** Issues a certificate for these names. Whatever the directory, it is an authority of the lab's own that signs. */
export async function issueFor(
  world: ProxmoxWorld,
  domains: readonly string[],
): Promise<{ chain: string; key: string }> {
  const authority = await authorityOf(world)
  const { certPem, keyPem } = await issueCertificate(authority, {
    commonName: domains[0] ?? '',
    dns: domains,
    usages: ['server'],
    days: DAYS,
    now: world.clock.now(),
  })
  return { chain: `${certPem.trimEnd()}\n${authority.certPem}`, key: keyPem }
}

async function authorityOf(world: ProxmoxWorld): Promise<KeyPair> {
  const kept = sectionsOf(world, 'acme/authority')
  const { certPem, keyPem } = kept.get('ca') ?? {}
  if (typeof certPem === 'string' && typeof keyPem === 'string') return { certPem, keyPem }
  const made = await createCa({ commonName: 'ACME authority of the lab', now: world.clock.now() })
  kept.set('ca', { ...made })
  return made
}
