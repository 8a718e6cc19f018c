import type { MachineClass, ProxmoxCluster } from '@fochista/api'
import type { Kubernetes } from '@fochista/kubernetes'
import type { Proxmox, ProxmoxConfig } from '@fochista/proxmox'
import { tr } from '../../locale.ts'
import { shownFingerprint } from '../proxmox/certificate.ts'
import { clockFinding } from './clock.ts'
import { ok, warning, wrong, wordsOf, type Finding } from './finding.ts'
import { tokenCommands } from './pveum.ts'
import { few, type Target } from './target.ts'

/** How long an endpoint may take to answer, milliseconds: a person waits. */
const PATIENCE_MS = 10_000
/** The major version of Proxmox VE that the calls are pinned to; privileges have other names before it. */
const MAJOR = 9

/** What was found out about a Proxmox cluster, and a way to ask more if it answers. */
export interface Reached {
  readonly findings: readonly Finding[]
  readonly target?: Target
  /** Equal for two ProxmoxClusters that are the same Proxmox cluster. */
  readonly identity?: string
}

/** Reaches a Proxmox cluster: each endpoint, its certificate, the token, version, hosts and clocks. */
export async function reach(
  kubernetes: Kubernetes,
  cluster: ProxmoxCluster,
  classes: readonly MachineClass[],
): Promise<Reached> {
  const { readAccess } = await import('@fochista/controllers')
  const { createProxmox } = await import('@fochista/proxmox')
  const { name } = cluster.metadata
  let config: ProxmoxConfig
  try {
    config = (await readAccess(kubernetes, cluster)).config
  } catch (error) {
    const next = tr(
      `Give the token again: fochista proxmox add ${name} …`,
      `Indica di nuovo il token: fochista proxmox add ${name} …`,
    )
    return { findings: [wrong('proxmox.credentials', name, wordsOf(error), next)] }
  }
  const endpoints = await Promise.all(
    config.endpoints.map((endpoint) => endpointFindings(createProxmox, name, config, endpoint)),
  )
  const findings = endpoints.flatMap((one) => one.findings)
  const answering = endpoints.filter((one) => one.answers).map((one) => one.endpoint)
  if (answering.length === 0) return { findings }
  const proxmox = createProxmox({ ...config, endpoints: answering, timeoutMs: PATIENCE_MS })
  try {
    const about = await aboutCluster(name, proxmox)
    const tokenId = 'tokenId' in config.credentials ? config.credentials.tokenId : ''
    return {
      findings: [...findings, ...about.findings],
      identity: about.identity,
      target: { name, cluster, proxmox, tokenId, classes, hosts: about.hosts, resources: about.resources },
    }
  } catch (error) {
    await proxmox.close()
    const next = tr(
      'See whether the host is in order: pvecm status',
      'Controlla se l’host è a posto: pvecm status',
    )
    return { findings: [...findings, wrong('proxmox.answers', name, wordsOf(error), next)] }
  }
}

async function endpointFindings(
  createProxmox: (config: ProxmoxConfig) => Proxmox,
  name: string,
  config: ProxmoxConfig,
  endpoint: string,
): Promise<{ endpoint: string; answers: boolean; findings: Finding[] }> {
  const { isTlsError, isUnauthorized } = await import('@fochista/proxmox')
  const subject = `${name} ${endpoint}`
  const proxmox = createProxmox({ ...config, endpoints: [endpoint], timeoutMs: PATIENCE_MS, retries: 0 })
  const fingerprint = await shownFingerprint(endpoint)
  const facts = { endpoint, fingerprint: fingerprint ?? null }
  const reachable = ok('proxmox.reachable', subject, tr('It answers.', 'Risponde.'), { endpoint })
  try {
    const { version } = await proxmox.get('/version')
    return {
      endpoint,
      answers: true,
      findings: [reachable, tlsFinding(subject, config, facts), versionFinding(subject, version)],
    }
  } catch (error) {
    if (isTlsError(error))
      return {
        endpoint,
        answers: false,
        findings: [reachable, refusedCertificate(name, subject, error, facts)],
      }
    if (isUnauthorized(error)) {
      const tokenId = 'tokenId' in config.credentials ? config.credentials.tokenId : ''
      const next = tr(
        `If there is no such token yet, make it on a Proxmox host, then: fochista proxmox add ${name} …`,
        `Se il token non esiste ancora, crealo su un host Proxmox, poi: fochista proxmox add ${name} …`,
      )
      const message = tr(`Proxmox refused the token ${tokenId}.`, `Proxmox ha rifiutato il token ${tokenId}.`)
      const refused = wrong('proxmox.token', subject, message, next, { commands: tokenCommands(tokenId) })
      return { endpoint, answers: false, findings: [reachable, tlsFinding(subject, config, facts), refused] }
    }
    const next = tr(
      'Is the address right, the host up, and port 8006 open from here?',
      'L’indirizzo è corretto, l’host è acceso e la porta 8006 è aperta da qui?',
    )
    return {
      endpoint,
      answers: false,
      findings: [wrong('proxmox.reachable', subject, wordsOf(error), next, { facts: { endpoint } })],
    }
  } finally {
    await proxmox.close()
  }
}

type TlsFacts = { endpoint: string; fingerprint: string | null }

function tlsFinding(subject: string, { tls }: ProxmoxConfig, facts: TlsFacts): Finding {
  const shown = `SHA-256 ${facts.fingerprint ?? '?'}`
  if (tls && 'insecureSkipVerify' in tls)
    return warning(
      'proxmox.tls',
      subject,
      tr(`The certificate is not verified (${shown}).`, `Il certificato non è verificato (${shown}).`),
      tr(
        `If \`pvenode cert info\` on the host shows the same, pin it: fochista proxmox add … --fingerprint ${facts.fingerprint}`,
        `Se \`pvenode cert info\` sull’host mostra lo stesso, fissalo: fochista proxmox add … --fingerprint ${facts.fingerprint}`,
      ),
      { facts },
    )
  const how =
    tls && 'fingerprints' in tls
      ? tr('by its fingerprint', 'dalla sua impronta')
      : tr('by its CA', 'dalla sua CA')
  return ok('proxmox.tls', subject, tr(`Verified ${how}; ${shown}.`, `Verificato ${how}; ${shown}.`), facts)
}

function refusedCertificate(name: string, subject: string, error: unknown, facts: TlsFacts): Finding {
  const next = tr(
    `If \`pvenode cert info\` on the host shows SHA-256 ${facts.fingerprint}, pin it: fochista proxmox add ${name} … --fingerprint ${facts.fingerprint}`,
    `Se \`pvenode cert info\` sull’host mostra SHA-256 ${facts.fingerprint}, fissalo: fochista proxmox add ${name} … --fingerprint ${facts.fingerprint}`,
  )
  return wrong('proxmox.tls', subject, wordsOf(error), next, { facts })
}

function versionFinding(subject: string, version: string): Finding {
  const major = Number(version.split('.')[0])
  if (major === MAJOR) return ok('proxmox.version', subject, `Proxmox VE ${version}.`, { version })
  return (major < MAJOR ? wrong : warning)(
    'proxmox.version',
    subject,
    tr(
      `Proxmox VE ${version}; Fochista is made for ${MAJOR}.`,
      `Proxmox VE ${version}; Fochista è fatto per la ${MAJOR}.`,
    ),
    major < MAJOR
      ? tr('Upgrade it: pve8to9 says what is in the way.', 'Aggiornalo: pve8to9 dice cosa lo impedisce.')
      : tr('Try it on a cluster without workloads first.', 'Provalo prima su un cluster senza carichi.'),
    { facts: { version } },
  )
}

interface About {
  readonly findings: Finding[]
  readonly identity: string
  readonly hosts: string[]
  readonly resources: Target['resources']
}

async function aboutCluster(name: string, proxmox: Proxmox): Promise<About> {
  const { isPermissionDenied, orUndefined } = await import('@fochista/proxmox')
  // Without Sys.Audit on / the first is refused and the second shows little; the check of the rights says so.
  const status = (await orUndefined(isPermissionDenied, proxmox.get('/cluster/status'))) ?? []
  const resources = await proxmox.get('/cluster/resources')
  const nodes = await proxmox.get('/nodes')
  const hosts = nodes.filter((node) => node.status === 'online').map(({ node }) => node)
  const off = nodes.filter((node) => node.status !== 'online').map(({ node }) => node)
  const clusterEntry = status.find(({ type }) => type === 'cluster')
  const isQuorate = clusterEntry === undefined || clusterEntry.quorate === true
  const facts = { online: [...hosts].sort(), offline: [...off].sort(), quorate: isQuorate }
  const counted = tr(
    `${hosts.length} of ${nodes.length} hosts are online`,
    `${hosts.length} host su ${nodes.length} sono online`,
  )
  const hostFinding = !isQuorate
    ? wrong(
        'proxmox.hosts',
        name,
        `${counted}; ${tr('there is no quorum', 'manca il quorum')}.`,
        'pvecm status',
        { facts },
      )
    : off.length > 0
      ? warning(
          'proxmox.hosts',
          name,
          `${counted}: ${few(off)} ${tr('is not', 'no')}.`,
          tr('Start it, or leave it out of the classes.', 'Avvialo, oppure escludilo dalle classi.'),
          { facts },
        )
      : ok('proxmox.hosts', name, `${counted}: ${few(hosts)}.`, facts)
  const clocks = await Promise.all(hosts.map((node) => hostClock(name, proxmox, node)))
  const members = status.filter(({ type }) => type === 'node').map((one) => one.name)
  return {
    findings: [hostFinding, ...clocks.flat()],
    identity: JSON.stringify([clusterEntry?.name ?? '', members.sort()]),
    hosts: hosts.sort(),
    resources: resources as Target['resources'],
  }
}

async function hostClock(name: string, proxmox: Proxmox, node: string): Promise<Finding[]> {
  const { isPermissionDenied, orUndefined } = await import('@fochista/proxmox')
  const asked = Date.now()
  const told = await orUndefined(isPermissionDenied, proxmox.get('/nodes/{node}/time', { path: { node } }))
  if (!told) return []
  return [clockFinding('proxmox.clock', `${name}/${node}`, told.time * 1000, { asked, answered: Date.now() })]
}
