import type { ProxmoxCluster } from '@fochista/api'
import { choice, command, list, text } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { bridgeFindings } from './bridges.ts'
import { ok, wrong, type Finding } from './finding.ts'
import { managementReport, type Installed } from './management.ts'
import { printFindings } from './print.ts'
import { reach, type Reached } from './proxmox.ts'
import { tokenCommands } from './pveum.ts'
import { rightsFindings } from './rights.ts'
import { storageFindings } from './storages.ts'
import type { Target } from './target.ts'
import { templateReport } from './templates.ts'
import { vmidFindings } from './vmids.ts'

const formats = ['table', 'json', 'pveum'] as const

/** `fochista doctor`: looks at both back ends and says of each thing how it stands and what to do next. Changes nothing. */
export const doctor = command({
  path: 'doctor',
  summary: tr(
    'check both back ends: reachability, rights, storages, templates; and say what to do next',
    'controlla entrambi i back end: raggiungibilità, diritti, storage, template; e dice cosa fare',
  ),
  options: {
    proxmox: text('--proxmox <name>', tr('only this ProxmoxCluster', 'solo questo ProxmoxCluster')),
    namespaces: list(
      '--namespaces <names>',
      tr(
        'namespaces that are to get machines, beside those that have pools; commas or repeated',
        'namespace che avranno macchine, oltre a quelli che hanno già pool; con virgole o ripetibile',
      ),
    ),
    output: choice(
      '-o, --output <format>',
      tr(
        'how to print; pveum: only the commands that grant what lacks',
        'come mostrare; pveum: solo i comandi che concedono ciò che manca',
      ),
      formats,
      'table',
    ),
  },
  examples: [
    'fochista doctor',
    'fochista doctor --proxmox dc1 --namespaces team-a -o pveum | ssh root@pve1 sh',
  ],
  run: async (context, _args, options) => {
    const findings = await examine(context, {
      only: options.proxmox,
      namespaces: options.namespaces.flatMap((names) => names.split(',').filter(Boolean)),
    })
    printFindings(context.io, options.output, findings)
    const bad = findings.filter(({ state }) => state === 'wrong').length
    if (bad === 0) return
    throw new CommandError(
      bad === 1
        ? tr('1 thing is wrong.', '1 cosa non va.')
        : tr(`${bad} things are wrong.`, `${bad} cose non vanno.`),
    )
  },
})

interface Question {
  readonly only: string | undefined
  readonly namespaces: readonly string[]
}

async function examine(context: Context, question: Question): Promise<Finding[]> {
  const kubernetes = await context.kubernetes()
  const { findings, installed } = await managementReport(kubernetes)
  if (!installed) return findings
  const clusters = installed.clusters.filter(
    ({ metadata }) => question.only === undefined || metadata.name === question.only,
  )
  if (clusters.length === 0) return [...findings, noProxmox(question.only)]
  const reached = new Map<string, Reached>()
  try {
    // All are reached, also those that were not asked for: two may be the same Proxmox cluster.
    await Promise.all(
      installed.clusters.map(async (cluster) => {
        const classes = installed.classes.filter(
          ({ spec }) => spec.proxmoxClusterName === cluster.metadata.name,
        )
        reached.set(cluster.metadata.name, await reach(kubernetes, cluster, classes))
      }),
    )
    for (const { metadata } of clusters) {
      const { findings: about, target } = reached.get(metadata.name) ?? { findings: [] }
      findings.push(...about)
      if (target)
        findings.push(
          ...(await inside(target, installed, question, siblingsOf(metadata.name, installed, reached))),
        )
    }
  } finally {
    await Promise.all([...reached.values()].map(async ({ target }) => target?.proxmox.close()))
  }
  return [...findings, ...classFindings(installed)]
}

/** What is looked at inside a Proxmox cluster that answers. */
async function inside(
  target: Target,
  { installation, pools }: Installed,
  { namespaces }: Question,
  siblings: readonly ProxmoxCluster[],
): Promise<Finding[]> {
  const { fencePool, poolNameOf, rightsNeeded } = await import('@fochista/controllers')
  const used = new Set([...pools.map(({ metadata }) => metadata.namespace ?? 'default'), ...namespaces])
  const templates = await templateReport(target)
  const needed = rightsNeeded(
    target.cluster,
    target.classes,
    [...used].map((namespace) => poolNameOf(target.cluster, namespace)),
    fencePool(installation),
    target.resources,
    templates.cards,
  )
  return [
    ...(await rightsFindings(target, needed)),
    ...(await storageFindings(target)),
    ...(await bridgeFindings(target)),
    ...templates.findings,
    ...vmidFindings(target, siblings),
  ]
}

/** Other ProxmoxClusters that are the same Proxmox cluster: by an endpoint that both name, or by what both say of themselves. */
function siblingsOf(
  name: string,
  { clusters }: Installed,
  reached: ReadonlyMap<string, Reached>,
): ProxmoxCluster[] {
  const own = clusters.find(({ metadata }) => metadata.name === name)
  const identity = reached.get(name)?.identity
  return clusters.filter((other) => {
    if (other.metadata.name === name) return false
    const sharesEndpoint = other.spec.endpoints.some((one) => own?.spec.endpoints.includes(one))
    return (
      sharesEndpoint || (identity !== undefined && reached.get(other.metadata.name)?.identity === identity)
    )
  })
}

function noProxmox(name: string | undefined): Finding {
  const tokenId = 'fochista@pve!main'
  if (name !== undefined)
    return wrong(
      'proxmox.added',
      name,
      tr('There is no ProxmoxCluster of this name.', 'Non esiste un ProxmoxCluster con questo nome.'),
      'fochista proxmox list',
    )
  return wrong(
    'proxmox.added',
    'proxmox',
    tr('No Proxmox cluster has been added yet.', 'Non è ancora stato aggiunto nessun cluster Proxmox.'),
    tr(
      `Make a token on a Proxmox host, then: fochista proxmox add dc1 --url https://HOST:8006 --token-id '${tokenId}' --secret-stdin`,
      `Crea un token su un host Proxmox, poi: fochista proxmox add dc1 --url https://HOST:8006 --token-id '${tokenId}' --secret-stdin`,
    ),
    { commands: tokenCommands(tokenId) },
  )
}

/** Classes, and whether their ProxmoxCluster is there. */
function classFindings({ classes, clusters }: Installed): Finding[] {
  if (classes.length === 0)
    return [
      wrong(
        'class.offered',
        'classes',
        tr('No class of machines is offered yet.', 'Non è ancora offerta nessuna classe di macchine.'),
        'fochista class create small --proxmox NAME --template-tags TAG --storage STORAGE --iso-storage STORAGE --default',
      ),
    ]
  return classes.map(({ metadata, spec }) =>
    clusters.some((one) => one.metadata.name === spec.proxmoxClusterName)
      ? ok(
          'class.offered',
          metadata.name,
          tr(`Made in ${spec.proxmoxClusterName}.`, `Fatta in ${spec.proxmoxClusterName}.`),
        )
      : wrong(
          'class.offered',
          metadata.name,
          tr(
            `ProxmoxCluster ${spec.proxmoxClusterName} is not there.`,
            `Il ProxmoxCluster ${spec.proxmoxClusterName} non esiste.`,
          ),
          `fochista proxmox add ${spec.proxmoxClusterName} …`,
        ),
  )
}
