import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { command, flag, invoke, textOr, type Arguments, type Command } from '../command.ts'
import { createContext, type Context } from '../context.ts'
import { CancelledError, CommandError, UsageError } from '../errors.ts'
import { tr } from '../locale.ts'
import { untilAborted } from '../wait.ts'
import { classCreate } from './class/create.ts'
import { clusterCreate } from './cluster/create.ts'
import { clusterDelete } from './cluster/delete.ts'
import { clusters } from './cluster/resource.ts'
import { install } from './install/install.ts'
import { exportLines, removeLabRecord, writeLabRecord } from './lab/environment-file.ts'
import { proxmoxAdd } from './proxmox/add.ts'
import { requireObject } from './resources.ts'
import { serve } from './serve.ts'

const example = (name: string): string =>
  fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url))
const clusterName = 'tenant-test'

/** `fochista demo`: lab, controllers and a first cluster in one go; each step is the command that a person would type. */
export const demo = command({
  path: 'demo',
  summary: tr(
    'lab, controllers and a first cluster with three workers, in one go',
    'lab, controller e un primo cluster con tre worker, in un colpo solo',
  ),
  options: {
    exit: flag(
      '--exit',
      tr(
        'tear down at the end instead of waiting for Ctrl-C',
        'smonta tutto alla fine invece di attendere Ctrl-C',
      ),
    ),
    speed: textOr(
      '--speed <factor>',
      tr('how many times faster than real hardware', 'quante volte più veloce dell’hardware reale'),
      '10',
    ),
  },
  examples: ['fochista demo', 'fochista demo --exit --speed 20'],
  run: async ({ io, signal }, _args, options) => {
    const speed = Number(options.speed)
    if (!(speed > 0))
      throw new UsageError(
        `--speed: "${options.speed}" ${tr('is not a positive number', 'non è un numero positivo')}`,
      )
    io.note(
      io.paint(
        'strong',
        tr(
          'Starting the lab: an emulated Proxmox VE cluster and an emulated Kamaji management cluster',
          'Avvio il lab: un cluster Proxmox VE e un cluster di gestione Kamaji emulati',
        ),
      ),
    )
    const { startLab } = await import('@fochista/lab')
    const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed })
    const folder = await mkdtemp(join(tmpdir(), 'fochista-demo-'))
    const logFile = join(folder, 'serve.log')
    const stopServing = new AbortController()
    let serving: Promise<unknown> = Promise.resolve()
    try {
      const environment = { ...lab.environment }
      await writeLabRecord({ pid: process.pid, started: new Date().toISOString(), speed, environment })
      const settings = { ...process.env, ...environment }
      const context = createContext(io, signal, {}, settings)
      try {
        const step = async (
          line: string,
          definition: Command,
          args: Arguments,
          given: Record<string, unknown>,
        ): Promise<void> => {
          io.note(`\n${io.paint('accent', '$')} ${io.paint('strong', line)}`)
          await invoke(definition, context, args, given)
        }
        await step('fochista install', install, {}, {})
        await step('fochista proxmox add lab', proxmoxAdd, { name: 'lab' }, {})
        await step(
          'fochista class create small --proxmox lab --template-tags kubelet-v1.30.4 --storage local-lvm --iso-storage local --bridge vmbr0 --default',
          classCreate,
          { name: 'small' },
          {
            proxmox: 'lab',
            templateTags: ['kubelet-v1.30.4'],
            storage: 'local-lvm',
            isoStorage: 'local',
            bridge: ['vmbr0'],
            isDefault: true,
          },
        )
        io.note(`\n${io.paint('accent', '$')} ${io.paint('strong', 'fochista serve &')}`)
        serving = invoke(serve, createContext(io, stopServing.signal, {}, settings), {}, { logFile })
        // A controller that cannot start ends the demo with its reason, not with a time-out.
        const failed = serving.then(() => new Promise<never>(() => {}))
        const create = step(
          `fochista cluster create -f examples/tenant-test.yaml --pool workers=3 --apply examples/network.yaml`,
          clusterCreate,
          {},
          { file: example('tenant-test.yaml'), pool: ['workers=3'], apply: [example('network.yaml')] },
        )
        await Promise.race([create, failed])
        const kubeconfig = await writeKubeconfig(context, folder)
        await requireNodesReady(context, 3)
        printWhatNow(io, environment, kubeconfig)
        if (options.exit) {
          await step(`fochista cluster delete ${clusterName}`, clusterDelete, { name: clusterName }, {})
          return
        }
        io.note(
          tr(
            '\nThe lab stays up. Ctrl-C ends it and removes everything.',
            '\nIl lab resta attivo. Ctrl-C lo termina e rimuove tutto.',
          ),
        )
        await Promise.race([untilAborted(signal), failed])
      } finally {
        await context.close()
      }
    } catch (error) {
      // What goes on without us after a Ctrl-C elsewhere ends here with the lab.
      if (signal.aborted) throw new CancelledError()
      for (const line of await lastProblems(logFile)) io.note(line)
      throw error
    } finally {
      stopServing.abort()
      await serving.catch(() => {})
      await lab.stop()
      await removeLabRecord(process.pid)
      await rm(folder, { recursive: true, force: true })
    }
  },
})

/** The last warnings and errors of the controllers' log: it goes with the lab, and may hold the reason. */
async function lastProblems(logFile: string): Promise<string[]> {
  const text = await readFile(logFile, 'utf8').catch(() => '')
  // Levels of pino: 40 is a warning, 50 an error.
  return text
    .split('\n')
    .filter((line) => /"level":[456]0/.test(line))
    .slice(-5)
}

async function writeKubeconfig(context: Context, folder: string): Promise<string> {
  const { kubeconfigOf } = await import('@fochista/kamaji')
  const cluster = await requireObject(context, await clusters.kind(), 'cluster', clusterName)
  const path = join(folder, `${clusterName}.kubeconfig`)
  await writeFile(path, await kubeconfigOf(await context.kubernetes(), cluster), { mode: 0o600 })
  return path
}

/** Asks the tenant's own API server, as its user would: what our objects say is not proof. */
async function requireNodesReady(context: Context, wanted: number): Promise<void> {
  const { connectTenant } = await import('@fochista/kamaji')
  const { Node } = await import('@fochista/kubernetes')
  const cluster = await requireObject(context, await clusters.kind(), 'cluster', clusterName)
  const tenant = await connectTenant(await context.kubernetes(), cluster)
  try {
    const { items } = await tenant.kubernetes.list(Node, {})
    const ready = items.filter((node) =>
      node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    )
    if (ready.length !== wanted) {
      throw new CommandError(
        tr(
          `the tenant cluster has ${ready.length} Ready Nodes, not ${wanted}`,
          `il cluster tenant ha ${ready.length} Node Ready, non ${wanted}`,
        ),
      )
    }
    context.io.note()
    for (const node of ready) {
      const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address
      context.io.note(
        `${context.io.paint('ready', '✔')} Node ${node.metadata.name}  Ready  ${node.status?.nodeInfo?.kubeletVersion ?? ''}  ${address ?? ''}`,
      )
    }
  } finally {
    await tenant.close()
  }
}

function printWhatNow(io: Context['io'], environment: Record<string, string>, kubeconfig: string): void {
  const lines = [
    `\n${tr('Kubeconfig of the tenant cluster:', 'Kubeconfig del cluster tenant:')} ${kubeconfig}`,
    `\n${tr('In another terminal (in a clone write npx fochista):', 'In un altro terminale (in un clone scrivi npx fochista):')}`,
    ...exportLines({ KUBECONFIG: environment['KUBECONFIG'] ?? '' }).map((line) => `  ${line}`),
    `  kubectl get tcp && kubectl get np,machines -o wide`,
    `  kubectl --kubeconfig ${kubeconfig} get nodes -o wide`,
    `  kubectl scale np/workers --replicas=5`,
    '  eval "$(npx fochista lab env)"',
    '  npx fochista cluster describe tenant-test',
    '  curl --cacert "$PROXMOX_CA" -H "Authorization: PVEAPIToken=$PROXMOX_TOKEN_ID=$PROXMOX_SECRET" "$PROXMOX_URL/api2/json/cluster/resources?type=vm"',
    '  curl --cacert "$KAMAJI_CA" -H "Authorization: Bearer $KAMAJI_TOKEN" "$KAMAJI_URL/apis/kamaji.clastix.io/v1alpha1/tenantcontrolplanes"',
  ]
  for (const line of lines) io.out(line)
}
