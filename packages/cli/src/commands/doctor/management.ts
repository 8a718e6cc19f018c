import type { MachineClass, NodePool, ProxmoxCluster } from '@fochista/api'
import type { Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { tr } from '../../locale.ts'
import { accessFindings } from './access.ts'
import { clockFinding } from './clock.ts'
import { ok, warning, wrong, wordsOf, type Finding } from './finding.ts'

/** What the management cluster holds of ours. */
export interface Installed {
  readonly installation: string
  readonly clusters: readonly ProxmoxCluster[]
  readonly classes: readonly MachineClass[]
  readonly pools: readonly NodePool[]
}

/** The management cluster: it answers, its version and clock, Kamaji, our kinds, our roles. `installed` if the rest can be asked. */
export async function managementReport(
  kubernetes: Kubernetes,
): Promise<{ findings: Finding[]; installed?: Installed }> {
  const asked = Date.now()
  let version: string
  let server: number | undefined
  try {
    version = (await kubernetes.version()).gitVersion
    server = await serverTime(kubernetes)
  } catch (error) {
    const next = tr(
      'Set KUBECONFIG, or KAMAJI_URL and KAMAJI_TOKEN, to the cluster in which Kamaji runs.',
      'Imposta KUBECONFIG, oppure KAMAJI_URL e KAMAJI_TOKEN, sul cluster in cui gira Kamaji.',
    )
    return { findings: [wrong('management.reachable', 'management', wordsOf(error), next)] }
  }
  const findings = [
    ok('management.reachable', 'management', tr('It answers.', 'Risponde.'), {
      server: kubernetes.connection.server,
    }),
    versionFinding(version),
    ...(server === undefined
      ? []
      : [clockFinding('management.clock', 'management', server, { asked, answered: Date.now() })]),
    ...(await kamajiFindings(kubernetes)),
  ]
  const kinds = await kindsFinding(kubernetes)
  findings.push(kinds)
  if (kinds.state === 'wrong') return { findings }
  const installed = await readInstalled(kubernetes)
  if ('check' in installed) return { findings: [...findings, installed] }
  const namespaces = [...new Set(installed.pools.map(({ metadata }) => metadata.namespace ?? 'default'))]
  findings.push(...(await accessFindings(kubernetes, namespaces)), await leaderFinding(kubernetes))
  return { findings, installed }
}

/** The API server's clock, which it writes into a review; undefined where the server is too old for it. */
async function serverTime(kubernetes: Kubernetes): Promise<number | undefined> {
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const review = await orUndefined(
    isNotFound,
    kubernetes.request<KubernetesObject>('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    }),
  )
  const time = Date.parse(review?.metadata.creationTimestamp ?? '')
  return Number.isNaN(time) ? undefined : time
}

function versionFinding(version: string): Finding {
  const minor = Number(/^v?1\.(\d+)/.exec(version)?.[1] ?? 0)
  if (minor >= 29) return ok('management.version', 'management', `Kubernetes ${version}.`, { version })
  // CEL rules on CustomResourceDefinitions, on which our kinds rest, are stable from 1.29 on.
  return wrong(
    'management.version',
    'management',
    tr(
      `Kubernetes ${version}; our kinds need 1.29.`,
      `Kubernetes ${version}; i nostri tipi richiedono la 1.29.`,
    ),
    tr('Upgrade the management cluster.', 'Aggiorna il cluster di gestione.'),
    { facts: { version } },
  )
}

async function kamajiFindings(kubernetes: Kubernetes): Promise<Finding[]> {
  const { CustomResourceDefinition, Deployment, isNotFound, orUndefined } =
    await import('@fochista/kubernetes')
  const name = 'tenantcontrolplanes.kamaji.clastix.io'
  const crd = await orUndefined(isNotFound, kubernetes.get(CustomResourceDefinition, { name }))
  if (!crd)
    return [
      wrong(
        'kamaji.installed',
        name,
        tr('Kamaji is not installed here.', 'Kamaji non è installato qui.'),
        tr(
          'Is this the right cluster? If so: https://kamaji.clastix.io/getting-started/',
          'È il cluster giusto? Se sì: https://kamaji.clastix.io/getting-started/',
        ),
      ),
    ]
  const { items } = await kubernetes.list(Deployment, { labelSelector: 'app.kubernetes.io/name=kamaji' })
  const [deployment] = items
  if (!deployment)
    return [
      warning(
        'kamaji.version',
        name,
        tr(
          'Its kinds are there; no Deployment with the label app.kubernetes.io/name=kamaji is.',
          'I suoi tipi ci sono; nessun Deployment con l’etichetta app.kubernetes.io/name=kamaji.',
        ),
        tr('See that its controller runs.', 'Controlla che il suo controller sia in esecuzione.'),
      ),
    ]
  const subject = `${deployment.metadata.namespace}/${deployment.metadata.name}`
  const image = deployment.spec?.template.spec?.containers.map((one) => one.image ?? '')[0] ?? ''
  const tag = /:([^:/@]+)(@|$)/.exec(image)?.[1]
  const facts = { image, version: tag ?? null, available: deployment.status?.availableReplicas ?? 0 }
  if (facts.available === 0)
    return [
      wrong(
        'kamaji.version',
        subject,
        tr(`Kamaji (${image}) has no pod that is available.`, `Kamaji (${image}) non ha pod disponibili.`),
        `kubectl -n ${deployment.metadata.namespace} describe deployment ${deployment.metadata.name}`,
        { facts },
      ),
    ]
  return [ok('kamaji.version', subject, `Kamaji ${tag ?? ''} (${image}).`, facts)]
}

async function kindsFinding(kubernetes: Kubernetes): Promise<Finding> {
  const { crds } = await import('@fochista/api')
  const { CustomResourceDefinition } = await import('@fochista/kubernetes')
  const { items } = await kubernetes.list(CustomResourceDefinition)
  const missing = crds
    .map(({ metadata }) => metadata.name)
    .filter((name) => !items.some(({ metadata }) => metadata.name === name))
  if (missing.length === 0)
    return ok(
      'management.kinds',
      'fochista.dev',
      tr('Our kinds are installed.', 'I nostri tipi sono installati.'),
    )
  return wrong(
    'management.kinds',
    'fochista.dev',
    `${tr('Not installed', 'Non installati')}: ${missing.join(', ')}.`,
    `${tr('Install them', 'Installali')}: fochista install`,
    { facts: { missing } },
  )
}

async function readInstalled(kubernetes: Kubernetes): Promise<Installed | Finding> {
  const { machineClassKind, nodePoolKind, proxmoxClusterKind } = await import('@fochista/api')
  const { installationOf } = await import('@fochista/controllers')
  try {
    const [installation, clusters, classes, pools] = await Promise.all([
      installationOf(kubernetes),
      kubernetes.list<ProxmoxCluster>(proxmoxClusterKind),
      kubernetes.list<MachineClass>(machineClassKind),
      kubernetes.list<NodePool>(nodePoolKind),
    ])
    return { installation, clusters: clusters.items, classes: classes.items, pools: pools.items }
  } catch (error) {
    const next = tr(
      'If it is not installed: fochista install. If you may not look: an operator can bind fochista-operator to you.',
      'Se non è installato: fochista install. Se non puoi guardare: un operatore può assegnarti fochista-operator.',
    )
    return wrong('management.installation', 'fochista-system', wordsOf(error), next)
  }
}

async function leaderFinding(kubernetes: Kubernetes): Promise<Finding> {
  const { SYSTEM_NAMESPACE } = await import('@fochista/api')
  const { CONTROLLERS_LEASE } = await import('@fochista/controllers')
  const { isNotFound, Lease, orUndefined } = await import('@fochista/kubernetes')
  const ref = { name: CONTROLLERS_LEASE, namespace: SYSTEM_NAMESPACE }
  const lease = await orUndefined(isNotFound, kubernetes.get(Lease, ref))
  const { holderIdentity = '', renewTime, leaseDurationSeconds = 15 } = lease?.spec ?? {}
  // Twice its duration: clocks are never quite the same.
  const isFresh = renewTime !== undefined && Date.now() - Date.parse(renewTime) < leaseDurationSeconds * 2000
  if (holderIdentity !== '' && isFresh)
    return ok('controllers.leader', holderIdentity, tr('Leads.', 'È il leader.'))
  return warning(
    'controllers.leader',
    `${SYSTEM_NAMESPACE}/${CONTROLLERS_LEASE}`,
    tr('No controllers run.', 'Nessun controller in esecuzione.'),
    tr(
      'Start them: fochista serve, or in the cluster: fochista install --controllers --image IMAGE',
      'Avviali: fochista serve, oppure nel cluster: fochista install --controllers --image IMMAGINE',
    ),
  )
}
