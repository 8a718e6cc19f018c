import { parse, stringify } from 'yaml'
import type { LabClock } from '../../clock.ts'
import type { Json } from '../../kubernetes/resources.ts'
import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import type { Disk } from '../disk.ts'
import { AnswerError, ApiClient } from '../kubelet/client.ts'
import { minorOf } from '../kubelet/exit.ts'
import type { Outcome } from '../shell/programs.ts'
import { discover } from './discover.ts'
import type { Discovered } from './discover.ts'
import { KubeadmError, phaseError } from './error.ts'
import { readRequest } from './request.ts'
import type { JoinRequest } from './request.ts'

/** What kubeadm has around it. */
export interface KubeadmHost {
  readonly disk: Disk
  readonly clock: LabClock
  readonly signal: AbortSignal
  /** Starts the kubelet anew. */
  startKubelet(): void
  /** Whether the kubelet's process is up and has stayed so. */
  kubeletIsHealthy(): boolean
}

const CA = '/etc/kubernetes/pki/ca.crt'
const BOOTSTRAP = '/etc/kubernetes/bootstrap-kubelet.conf'
const KUBECONFIG = '/etc/kubernetes/kubelet.conf'
const PREFLIGHT_MS = 400
const HEALTHY_MS = 240_000
const BOOTSTRAP_MS = 300_000
const POLL_MS = 1000

/** Runs `kubeadm` with its words: `version` and `join`, step by step as the original; everything else is refused. */
export async function runKubeadm(host: KubeadmHost, args: readonly string[]): Promise<Outcome> {
  const version = host.disk.kubeletVersion ?? ''
  if (args[0] === 'version')
    return { code: 0, output: args.includes('short') ? `${version}\n` : `kubeadm version: ${version}\n` }
  const said: string[] = []
  try {
    if (args[0] !== 'join') throw new KubeadmError(`unknown command "${args[0] ?? ''}" for "kubeadm"`)
    await join(host, readRequest(host.disk, args.slice(1)), version, (line) => said.push(line))
    return { code: 0, output: `${said.join('\n')}\n` }
  } catch (error) {
    if (host.signal.aborted) throw error
    const text = error instanceof Error ? error.message : String(error)
    said.push(`error: ${text}`, 'To see the stack trace of this error execute with --v=5 or higher')
    return { code: 1, output: `${said.join('\n')}\n` }
  }
}

async function join(
  host: KubeadmHost,
  request: JoinRequest,
  version: string,
  say: (line: string) => void,
): Promise<void> {
  const { disk, clock, signal } = host
  say('[preflight] Running pre-flight checks')
  await clock.sleep(PREFLIGHT_MS, signal)
  preflight(disk, request, say)
  const cluster = await discover(clock, request, signal)
  const name = request.nodeName || disk.hostname.toLowerCase()
  const client = new ApiClient({ ...cluster, token: request.tlsToken })
  let kubeletConfig: string
  try {
    kubeletConfig = await readCluster(client, name, version, signal, say)
  } finally {
    client.close()
  }
  writeFiles(disk, request, cluster, name, kubeletConfig, say)
  say('[kubelet-start] Starting the kubelet')
  host.startKubelet()
  say(
    '[kubelet-check] Waiting for a healthy kubelet at http://127.0.0.1:10248/healthz. This can take up to 4m0s',
  )
  const start = clock.now()
  if (!(await within(host, HEALTHY_MS, () => host.kubeletIsHealthy()))) {
    say('[kubelet-check] The kubelet is not healthy after 4m0s')
    throw phaseError(
      'kubelet-start',
      'The HTTP call equal to \'curl -sSL http://127.0.0.1:10248/healthz\' returned error: Get "http://127.0.0.1:10248/healthz": dial tcp 127.0.0.1:10248: connect: connection refused',
    )
  }
  say(
    `[kubelet-check] The kubelet is healthy after ${(((clock.now() - start) * clock.speed) / 1000).toFixed(3)}s`,
  )
  say('[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap')
  if (!(await within(host, BOOTSTRAP_MS, () => disk.exists(KUBECONFIG))))
    throw phaseError('kubelet-start', 'timed out waiting for the condition')
  disk.remove(BOOTSTRAP)
  say(`
This node has joined the cluster:
* Certificate signing request was sent to apiserver and a response was received.
* The Kubelet was informed of the new secure connection details.

Run 'kubectl get nodes' on the control-plane to see this node join the cluster.
`)
}

function preflight(disk: Disk, request: JoinRequest, say: (line: string) => void): void {
  const problems: [check: string, text: string][] = []
  for (const path of [KUBECONFIG, BOOTSTRAP, CA])
    if (disk.exists(path))
      problems.push([`FileAvailable-${path.replaceAll('/', '-')}`, `${path} already exists`])
  if (disk.list('/etc/kubernetes/manifests').length > 0)
    problems.push(['DirAvailable--etc-kubernetes-manifests', '/etc/kubernetes/manifests is not empty'])
  const fatal: string[] = []
  for (const [check, text] of problems) {
    const ignored = request.ignoredErrors.has('all') || request.ignoredErrors.has(check.toLowerCase())
    if (ignored) say(`\t[WARNING ${check}]: ${text}`)
    else fatal.push(`\t[ERROR ${check}]: ${text}`)
  }
  if (fatal.length === 0) return
  say(`[preflight] Some fatal errors occurred:\n${fatal.join('\n')}`)
  say(
    '[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`',
  )
  throw phaseError('preflight', 'preflight checks failed')
}

/** Reads what the cluster says to joining nodes. Returns the kubelet's configuration. */
async function readCluster(
  client: ApiClient,
  name: string,
  version: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<string> {
  const get = (path: string): Promise<Json> =>
    client.call('GET', `${path}?timeout=10s`, undefined, { signal })
  const configMap = (each: string): Promise<Json> => get(`/api/v1/namespaces/kube-system/configmaps/${each}`)
  say('[preflight] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...')
  say("[preflight] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.")
  const failed = (error: unknown, what: string): Error =>
    phaseError(
      'preflight',
      `unable to fetch the kubeadm-config ConfigMap: ${what}: ${error instanceof Error ? error.message : String(error)}`,
    )
  const settings = await configMap('kubeadm-config').catch((error: unknown) => {
    throw failed(error, 'failed to get config map')
  })
  checkVersion(asText(at(settings, ['data', 'ClusterConfiguration'])), version)
  // kube-proxy may be somebody else's business.
  await configMap('kube-proxy').catch((error: unknown) => {
    if (!(error instanceof AnswerError) || ![403, 404].includes(error.status))
      throw failed(error, 'kube-proxy')
  })
  const kubelet = await configMap('kubelet-config').catch((error: unknown) => {
    throw failed(error, 'failed to get component configs')
  })
  const node = await get(`/api/v1/nodes/${name}`).catch((error: unknown) => {
    if (error instanceof AnswerError && error.status === 404) return undefined
    throw phaseError(
      'kubelet-start',
      `cannot get Node ${JSON.stringify(name)}: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
  const conditions = at(node, ['status', 'conditions'])
  const isReady =
    Array.isArray(conditions) &&
    conditions.filter(isObject).some((each) => each['type'] === 'Ready' && each['status'] === 'True')
  if (isReady)
    throw phaseError(
      'kubelet-start',
      `a Node with name "${name}" and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node`,
    )
  return asText(at(kubelet, ['data', 'kubelet']))
}

/** kubeadm works with clusters of its own minor and the one before. */
function checkVersion(configuration: string, version: string): void {
  const document = parse(configuration) as Json
  const own = minorOf(version)
  if (asText(at(document, ['apiVersion'])) === 'kubeadm.k8s.io/v1beta4' && own < 28)
    throw phaseError(
      'preflight',
      'failed to decode cluster configuration data: no kind "ClusterConfiguration" is registered for version "kubeadm.k8s.io/v1beta4" in scheme "k8s.io/kubernetes/cmd/kubeadm/app/apis/kubeadm/scheme/scheme.go:31"',
    )
  const current = asText(at(document, ['kubernetesVersion']))
  if (minorOf(current) < own - 1)
    throw phaseError(
      'preflight',
      `this version of kubeadm only supports deploying clusters with the control plane version >= 1.${own - 1}.0. Current version: ${current}`,
    )
}

function writeFiles(
  disk: Disk,
  request: JoinRequest,
  cluster: Discovered,
  name: string,
  kubeletConfig: string,
  say: (line: string) => void,
): void {
  disk.write(CA, cluster.caPem)
  disk.write(BOOTSTRAP, bootstrapKubeconfig(cluster, request.tlsToken), { mode: 0o600 })
  say('[kubelet-start] Writing kubelet configuration to file "/var/lib/kubelet/config.yaml"')
  disk.write('/var/lib/kubelet/config.yaml', kubeletConfig)
  say(
    '[kubelet-start] Writing kubelet environment file with flags to file "/var/lib/kubelet/kubeadm-flags.env"',
  )
  const flags = [
    ...(name === disk.hostname ? [] : [`--hostname-override=${name}`]),
    ...(request.taints.length === 0
      ? []
      : [`--register-with-taints=${request.taints.map(printTaint).join(',')}`]),
    ...request.kubeletExtraArgs.map(([flag, value]) => `--${flag}=${value}`),
  ]
  disk.write('/var/lib/kubelet/kubeadm-flags.env', `KUBELET_KUBEADM_ARGS="${flags.join(' ')}"\n`)
}

function printTaint(taint: { [key: string]: Json | undefined }): string {
  return `${asText(taint['key'])}=${asText(taint['value'])}:${asText(taint['effect'])}`
}

function bootstrapKubeconfig({ server, caPem }: Discovered, token: string): string {
  return stringify(
    {
      apiVersion: 'v1',
      clusters: [
        {
          cluster: { 'certificate-authority-data': Buffer.from(caPem).toString('base64'), server },
          name: 'kubernetes',
        },
      ],
      contexts: [
        {
          context: { cluster: 'kubernetes', user: 'tls-bootstrap-token-user' },
          name: 'tls-bootstrap-token-user@kubernetes',
        },
      ],
      'current-context': 'tls-bootstrap-token-user@kubernetes',
      kind: 'Config',
      users: [{ name: 'tls-bootstrap-token-user', user: { token } }],
    },
    { lineWidth: 0 },
  )
}

/** Looks each second of hardware time until something holds; false when it did not within the time. */
async function within(host: KubeadmHost, ms: number, holds: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += POLL_MS) {
    if (holds()) return true
    await host.clock.sleep(POLL_MS, host.signal)
  }
  return holds()
}
