import type { NodePool } from '@fochista/api'
import type { Kind, Kubernetes, KubernetesObject } from '@fochista/kubernetes'
import { choice, command, flag, integer, list, parseInteger, parsePairs, text } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { requireAllowed } from '../pool/refusal.ts'
import { pools } from '../pool/resource.ts'
import { dryRunOption, timeoutOption } from '../waiting.ts'
import { readManifests } from './manifests.ts'
import { clusters } from './resource.ts'
import { waitForCluster } from './wait.ts'
const serviceTypes = ['LoadBalancer', 'NodePort', 'ClusterIP'] as const

const shared = {
  file: text(
    '-f, --file <file>',
    tr(
      'manifest of the TenantControlPlane, - for standard input',
      'manifest del TenantControlPlane, - per lo standard input',
    ),
  ),
  pool: list(
    '--pool <name=replicas>',
    tr('add a pool of workers; may be repeated', 'aggiunge un pool di worker; ripetibile'),
  ),
  className: text(
    '--class <name>',
    tr(
      'MachineClass of the pools (default: the default class)',
      'MachineClass dei pool (predefinita: la classe predefinita)',
    ),
  ),
  apply: list(
    '--apply <file>',
    tr(
      'manifests that the tenant cluster gets once it answers (a network plugin)',
      'manifest che il cluster tenant riceve appena risponde (un network plugin)',
    ),
  ),
  noWait: flag('--no-wait', tr('return once the objects are made', 'termina appena gli oggetti sono creati')),
  timeout: timeoutOption('30m'),
  dryRun: dryRunOption,
}

interface SharedOptions {
  readonly file: string | undefined
  readonly pool: string[]
  readonly className: string | undefined
  readonly apply: string[]
  readonly noWait: boolean
  readonly timeout: number
  readonly dryRun: boolean
}

/** `fochista cluster create`: control plane and pools in one go, then waits with live progress. */
export const clusterCreate = command({
  path: 'cluster create [name]',
  summary: tr(
    'create a cluster and its pools, and wait until it is ready',
    'crea un cluster con i suoi pool e attende che sia pronto',
  ),
  options: {
    ...shared,
    version: text(
      '--version <version>',
      tr('Kubernetes version, such as v1.30.0', 'versione di Kubernetes, ad esempio v1.30.0'),
    ),
    replicas: integer(
      '--replicas <n>',
      tr('control plane replicas (default 2)', 'repliche del control plane (predefinito 2)'),
      { min: 0, max: 10 },
    ),
    serviceType: choice(
      '--service-type <type>',
      tr('how the control plane is reached', 'come si raggiunge il control plane'),
      serviceTypes,
      'LoadBalancer',
    ),
    label: list(
      '--label <key=value>',
      tr('label of the cluster; may be repeated', 'etichetta del cluster; ripetibile'),
    ),
  },
  examples: [
    'fochista cluster create -f examples/tenant-test.yaml --pool workers=3 --apply examples/network.yaml',
    'fochista cluster create team-a --version v1.30.0 --pool workers=3 --class small --dry-run',
  ],
  run: async (context, args, options) => {
    if (
      options.file &&
      (options.version !== undefined || options.replicas !== undefined || options.label.length > 0)
    )
      throw new UsageError(
        tr(
          '--version, --replicas and --label do not go with -f: the manifest says them',
          '--version, --replicas e --label non vanno con -f: li dice il manifest',
        ),
      )
    const manifest = options.file
      ? await readControlPlane(context, options.file, args['name'])
      : await controlPlaneFromFlags(context, args['name'], options)
    await bringUp(context, manifest, options, 'create')
  },
})

/** `fochista cluster apply`: the same for a cluster that may already exist; server-side apply. */
export const clusterApply = command({
  path: 'cluster apply',
  summary: tr('create or change a cluster from its manifest', 'crea o modifica un cluster dal suo manifest'),
  options: shared,
  examples: ['fochista cluster apply -f examples/tenant-test.yaml --pool workers=5'],
  run: async (context, _args, options) => {
    if (!options.file) throw new UsageError(tr('-f FILE is missing', 'manca -f FILE'))
    await bringUp(context, await readControlPlane(context, options.file, undefined), options, 'apply')
  },
})

async function bringUp(
  context: Context,
  cluster: KubernetesObject,
  options: SharedOptions,
  verb: 'create' | 'apply',
): Promise<void> {
  const namespace = cluster.metadata.namespace ?? 'default'
  const { name } = cluster.metadata
  // Everything is read and checked before the first change.
  const manifests = (await Promise.all(options.apply.map((file) => readManifests(context.io, file)))).flat()
  const nodePools = await nodePoolsFrom(options, name, namespace)
  if (options.dryRun) return printPlan(context, [cluster, ...nodePools], manifests)
  const kubernetes = await context.kubernetes()
  for (const pool of nodePools) await requireAllowed(context, pool)
  if (verb === 'apply') {
    // The server checks all before it changes any.
    for (const dryRun of [true, false])
      for (const object of [cluster, ...nodePools]) await kubernetes.apply(object, { force: true, dryRun })
  } else {
    for (const dryRun of [true, false]) await createAll(kubernetes, cluster, nodePools, dryRun)
  }
  const done = verb === 'apply' ? tr('applied', 'applicato') : tr('created', 'creato')
  for (const object of [cluster, ...nodePools])
    context.io.note(`${object.kind.toLowerCase()}/${object.metadata.name} ${done}`)
  if (options.noWait) return
  await waitForCluster(context, { name, namespace, manifests, timeoutMs: options.timeout })
  context.io.out(`cluster/${name} ${tr('is ready', 'è pronto')}`)
}

/** What goes to the management cluster as YAML to pipe on; what goes to the tenant cluster as comments, for it is sent elsewhere. */
function printPlan(
  { io }: Context,
  objects: readonly KubernetesObject[],
  manifests: readonly KubernetesObject[],
): void {
  printManifests(io, objects)
  if (manifests.length === 0) return
  io.out(tr('# then, to the tenant cluster once it answers:', '# poi, al cluster tenant appena risponde:'))
  for (const { kind, metadata } of manifests)
    io.out(`#   ${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`)
}

async function createAll(
  kubernetes: Kubernetes,
  cluster: KubernetesObject,
  nodePools: readonly NodePool[],
  dryRun: boolean,
): Promise<void> {
  const { isAlreadyExists } = await import('@fochista/kubernetes')
  const { name, namespace } = cluster.metadata
  const explained = (what: string, hint: string) => (error: unknown) => {
    if (!isAlreadyExists(error)) throw error
    throw new CommandError(
      `${what} ${tr(`already exists in namespace "${namespace}"`, `esiste già nel namespace "${namespace}"`)}`,
      { hint, cause: error },
    )
  }
  const clusterKind: Kind = await clusters.kind()
  await kubernetes
    .create(clusterKind, cluster, { dryRun })
    .catch(
      explained(
        `cluster "${name}"`,
        `${tr('Change it with:', 'Modificalo con:')}  fochista cluster apply -f FILE\n${tr('Give it workers with:', 'Dagli dei worker con:')}  fochista pool create workers --cluster ${name}`,
      ),
    )
  const poolKind = await pools.kind()
  for (const pool of nodePools)
    await kubernetes
      .create(poolKind, pool, { dryRun })
      .catch(
        explained(
          `pool "${pool.metadata.name}"`,
          `${tr('Look at it with:', 'Guardalo con:')}  fochista pool get ${pool.metadata.name} -n ${namespace}`,
        ),
      )
}

async function readControlPlane(
  context: Context,
  file: string,
  name: string | undefined,
): Promise<KubernetesObject> {
  const [object, ...more] = await readManifests(context.io, file)
  const kind = await clusters.kind()
  if (!object || more.length > 0 || object.kind !== kind.kind) {
    const found = [object, ...more].map((one) => one?.kind ?? tr('nothing', 'nulla')).join(', ')
    throw new UsageError(
      `${file}: ${tr(`expected one ${kind.kind}, found`, `atteso un ${kind.kind}, trovato`)} ${found}`,
    )
  }
  if (name && name !== object.metadata.name) {
    throw new UsageError(
      tr(
        `the manifest is named "${object.metadata.name}", the command line says "${name}"`,
        `il manifest si chiama "${object.metadata.name}", la riga di comando dice "${name}"`,
      ),
    )
  }
  return {
    ...object,
    metadata: { ...object.metadata, namespace: object.metadata.namespace ?? (await context.namespace()) },
  }
}

async function controlPlaneFromFlags(
  context: Context,
  name: string | undefined,
  options: {
    version: string | undefined
    replicas: number | undefined
    serviceType: (typeof serviceTypes)[number]
    label: string[]
  },
): Promise<KubernetesObject> {
  if (!name)
    throw new UsageError(tr('give a name, or a manifest with -f', 'indica un nome, o un manifest con -f'))
  if (!options.version) throw new UsageError(tr('--version is missing', 'manca --version'))
  const { tenantControlPlaneManifest } = await import('@fochista/api')
  return tenantControlPlaneManifest({
    name,
    namespace: await context.namespace(),
    version: options.version,
    replicas: options.replicas,
    serviceType: options.serviceType,
    labels: parsePairs('--label', options.label),
  })
}

async function nodePoolsFrom(
  options: SharedOptions,
  clusterName: string,
  namespace: string,
): Promise<NodePool[]> {
  const { nodePoolManifest } = await import('@fochista/api')
  if (options.className !== undefined && options.pool.length === 0)
    throw new UsageError(tr('--class is for the pools of --pool', '--class riguarda i pool di --pool'))
  return Object.entries(parsePairs('--pool', options.pool)).map(([name, replicas]) =>
    nodePoolManifest({
      name,
      namespace,
      clusterName,
      className: options.className,
      replicas: parseInteger(`--pool ${name}`, replicas, { min: 0 }),
    }),
  )
}
