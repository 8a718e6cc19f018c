import type { MachineClass } from '@fochista/api'
import { tr } from '../../locale.ts'
import { ok, warning, wrong, type Finding } from './finding.ts'
import { few, hostsOf, type Target } from './target.ts'

/** Less than this share of a storage free is worth a word. */
const LITTLE = 0.1

const roles = [
  { role: 'disks', content: 'images', pick: ({ spec }: MachineClass) => spec.storage },
  { role: 'images', content: 'iso', pick: ({ spec }: MachineClass) => spec.isoStorage },
] as const

/** Storages by their role: there, allowed to hold what is put there, on every host, and not full. */
export async function storageFindings(target: Target): Promise<Finding[]> {
  const configured = new Map(
    (await target.proxmox.get('/storage')).map((entry) => {
      const { storage, content } = entry as { storage: string; content?: string }
      return [storage, (content ?? '').split(/[,; ]+/)]
    }),
  )
  const findings: Finding[] = []
  for (const { role, content, pick } of roles)
    for (const storage of new Set(target.classes.map(pick))) {
      const classes = target.classes.filter((one) => pick(one) === storage)
      const hosts = new Set(classes.flatMap((one) => hostsOf(target, one)))
      findings.push(findingOf(target, { storage, role, content, hosts, allowed: configured.get(storage) }))
    }
  return findings
}

interface Question {
  readonly storage: string
  readonly role: string
  readonly content: string
  readonly hosts: ReadonlySet<string>
  /** What it may hold; undefined where the token sees no such storage. */
  readonly allowed: readonly string[] | undefined
}

function findingOf(target: Target, { storage, role, content, hosts, allowed }: Question): Finding {
  const check = `proxmox.storage.${role}`
  const subject = `${target.name}/${storage}`
  if (!allowed)
    return wrong(
      check,
      subject,
      tr('The token sees no storage of this name.', 'Il token non vede nessuno storage con questo nome.'),
      tr(
        'If the rights above are in order, name another in the class (pvesm status lists them).',
        'Se i diritti qui sopra sono a posto, indicane un altro nella classe (pvesm status li elenca).',
      ),
    )
  if (!allowed.includes(content)) {
    const line = `pvesm set ${storage} --content ${[...allowed.filter(Boolean), content].join(',')}`
    return wrong(
      check,
      subject,
      tr(`It does not allow ${content} content.`, `Non ammette contenuto ${content}.`),
      tr('Allow it on a Proxmox host:', 'Ammettilo da un host Proxmox:'),
      { commands: [line] },
    )
  }
  const seen = target.resources.filter((one) => one.type === 'storage' && one.storage === storage)
  const missing = [...hosts].filter(
    (host) => !seen.some((one) => one.node === host && one.status === 'available'),
  )
  if (missing.length > 0)
    return (missing.length === hosts.size ? wrong : warning)(
      check,
      subject,
      tr(`It is not available on ${few(missing)}.`, `Non è disponibile su ${few(missing)}.`),
      tr(
        'Make it available there, or name in the class the hosts that have it.',
        'Rendilo disponibile lì, oppure indica nella classe gli host che lo hanno.',
      ),
      { facts: { hosts: missing } },
    )
  const full = seen.filter(
    (one) =>
      hosts.has(one.node ?? '') && one.maxdisk && (one.maxdisk - (one.disk ?? 0)) / one.maxdisk < LITTLE,
  )
  if (full.length > 0)
    return warning(
      check,
      subject,
      tr(
        `Less than a tenth is free on ${few(full.map(({ node = '' }) => node))}.`,
        `Meno di un decimo è libero su ${few(full.map(({ node = '' }) => node))}.`,
      ),
      tr('Free some space or name another storage.', 'Libera spazio o indica un altro storage.'),
    )
  return ok(check, subject, `${tr('Available on', 'Disponibile su')} ${few(hosts)}.`, {
    hosts: [...hosts].sort(),
  })
}
