import { isIP } from 'node:net'
import type { Json } from '../../kubernetes/resources.ts'
import { asText, at } from '../../kubernetes/rest/json.ts'
import { bootstrap } from './bootstrap.ts'
import { AnswerError, ApiClient } from './client.ts'
import type { KubeletConfig } from './config.ts'
import { loadConfig, parseTaints } from './config.ts'
import { KubeletExit } from './exit.ts'
import { parseFlags } from './flags.ts'
import type { KubeletHost } from './host.ts'
import { logLine } from './host.ts'
import type { Bootstrap } from './kubeconfig.ts'
import { CERTIFICATE, loadBootstrap, storedCertificate, writeKubeconfig } from './kubeconfig.ts'
import { parseNodeLabels } from './labels.ts'
import { conditions, csiNode, newNode, nodeLease, nodeStatus } from './node.ts'
import type { NodeFacts } from './node.ts'
import { PodRunner } from './pods.ts'

/** Time between program start and the first request, ms. */
const START_MS = 600
/** Time between certificate and registration, ms. */
const REGISTER_MS = 350
const HEARTBEAT_MS = 10_000
/** Heartbeats between two full reports. */
const FULL_REPORT = 30
/** Time until the runtime's network shows in the Node, ms. */
const NETWORK_NOTICE_MS = 3500

/** Runs a kubelet until it ends itself (throws KubeletExit) or `signal` is aborted. */
export async function runKubelet(
  host: KubeletHost,
  argv: readonly string[],
  version: string,
  signal: AbortSignal,
): Promise<void> {
  const flags = parseFlags(argv, version)
  const labels = parseNodeLabels(flags.get('node-labels'))
  const configPath = flags.get('config')
  const config: KubeletConfig =
    configPath === undefined
      ? { rotateCertificates: false, providerId: '', taints: [], maxPods: 110, clientCaFile: '', remarks: [] }
      : loadConfig(host.disk, configPath, version)
  const taints = flags.get('register-with-taints')
  for (const remark of config.remarks) logLine(host, 'I', 'server.go:1081', remark)
  if (
    config.clientCaFile !== '' &&
    !host.disk.exists(config.clientCaFile) &&
    !flags.has('bootstrap-kubeconfig')
  )
    throw new KubeletExit(
      `unable to load client CA file ${config.clientCaFile}: open ${config.clientCaFile}: no such file or directory`,
    )
  const kubeconfig = flags.get('kubeconfig')
  if (kubeconfig === undefined) {
    logLine(host, 'I', 'server.go:655', '"Standalone mode, no API client"')
    await ended(signal)
    return
  }
  logLine(host, 'I', 'server.go:530', `"Kubelet version" kubeletVersion="${version}"`)
  await host.clock.sleep(START_MS, signal)
  const name = (flags.get('hostname-override') ?? host.hostname).toLowerCase()
  const connection = await credentials(host, flags, kubeconfig, name, config, signal)
  const facts: NodeFacts = {
    name,
    version,
    labels,
    address: addressOf(host, flags.get('node-ip')),
    config: {
      ...config,
      providerId: flags.get('provider-id') ?? config.providerId,
      taints: taints === undefined ? config.taints : parseTaints(taints),
    },
  }
  await host.clock.sleep(REGISTER_MS, signal)
  const certificate = storedCertificate(host.disk, host.clock.now())
  if (certificate === undefined || certificate === 'expired')
    throw new KubeletExit(`the client certificate ${CERTIFICATE} is not there`)
  const client = new ApiClient({ ...connection, certificate })
  try {
    await serve(host, client, facts, signal)
  } finally {
    client.close()
  }
}

/** Resolves when the process is asked to end. */
function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function addressOf(host: KubeletHost, nodeIp: string | undefined): string | undefined {
  if (nodeIp === undefined) return host.addresses[0]
  const wanted = nodeIp.split(',')[0] ?? ''
  if (isIP(wanted) === 0) {
    logLine(host, 'W', 'server.go:410', '"Could not parse some node IP(s), ignoring them" nodeIPs')
    return host.addresses[0]
  }
  if (host.addresses.includes(wanted)) return wanted
  logLine(
    host,
    'E',
    'kubelet_node_status.go:712',
    `"Failed to set some node status fields" err="failed to validate nodeIP: node IP: \\"${wanted}\\" not found in the host's network interfaces" node`,
  )
  return undefined
}

/** Finds or gets the node's certificate. Returns where to connect. */
async function credentials(
  host: KubeletHost,
  flags: ReadonlyMap<string, string>,
  kubeconfig: string,
  name: string,
  config: KubeletConfig,
  signal: AbortSignal,
): Promise<{ server: string; caPem: string }> {
  const path = flags.get('bootstrap-kubeconfig')
  const stored = storedCertificate(host.disk, host.clock.now())
  if (host.disk.exists(kubeconfig) && stored !== undefined && stored !== 'expired') {
    logLine(
      host,
      'I',
      'bootstrap.go:101',
      '"Current kubeconfig file contents are still valid, no bootstrap necessary"',
    )
    return loadBootstrap(host.disk, kubeconfig)
  }
  if (host.disk.exists(kubeconfig))
    logLine(
      host,
      'E',
      'bootstrap.go:266',
      stored === 'expired'
        ? `part of the existing bootstrap client certificate in ${kubeconfig} is expired`
        : `unable to read existing bootstrap client config from ${kubeconfig}: invalid configuration: [unable to read client-cert ${CERTIFICATE} for default-auth due to open ${CERTIFICATE}: no such file or directory]`,
    )
  if (path === undefined)
    throw new KubeletExit(
      `invalid configuration: no configuration has been provided, and no bootstrap kubeconfig to get one with`,
    )
  const found: Bootstrap = loadBootstrap(host.disk, path)
  if (config.rotateCertificates) writeKubeconfig(host.disk, kubeconfig, found)
  await bootstrap(host, found, name, signal)
  if (!config.rotateCertificates) writeKubeconfig(host.disk, kubeconfig, found)
  return found
}

async function serve(
  host: KubeletHost,
  client: ApiClient,
  facts: NodeFacts,
  signal: AbortSignal,
): Promise<void> {
  const now = (): string => new Date(host.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  const path = `/api/v1/nodes/${facts.name}`
  const state = { ready: false, csiReady: false }
  let podCidr = ''
  const uid = await register(host, client, facts, now, signal)
  const report = async (full: boolean): Promise<void> => {
    const status = full ? nodeStatus(host, facts, now(), state) : { conditions: conditions(now(), state) }
    const answer = await client.call(
      'PATCH',
      `${path}/status`,
      { status: withoutTransitions(status, known) },
      {
        contentType: 'application/strategic-merge-patch+json',
        signal,
      },
    )
    remember(answer)
    podCidr = asText(at(answer, ['spec', 'podCIDR'])) || podCidr
  }
  const known = new Map<string, string>()
  const remember = (answer: Json): void => {
    const list = at(answer, ['status', 'conditions'])
    for (const each of Array.isArray(list) ? list : [])
      known.set(asText(at(each, ['type'])), asText(at(each, ['status'])))
  }
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      if (signal.aborted) return
      const text = error instanceof Error ? error.message : String(error)
      logLine(
        host,
        'E',
        'kubelet_node_status.go:549',
        `"Error updating node status, will retry" err=${JSON.stringify(text)}`,
      )
    }
  }
  const address = facts.address ?? ''
  let noticing: (() => void) | undefined
  const runner = new PodRunner(
    host,
    client,
    {
      nodeName: facts.name,
      address,
      podCidr: () => podCidr || '10.244.0.0/24',
      networkReady: () => state.ready,
      onNetworkPlugin: (present) => {
        if (present === state.ready) return
        noticing?.()
        noticing = host.clock.setTimeout(() => {
          if (signal.aborted) return
          state.ready = present
          void attempt(() => report(false))
          if (present) runner.networkCame()
        }, NETWORK_NOTICE_MS)
      },
    },
    signal,
  )
  await attempt(() => report(true))
  await attempt(() =>
    client.call('POST', '/apis/storage.k8s.io/v1/csinodes', csiNode(facts.name, uid), { signal }),
  )
  state.csiReady = true
  const pods = runner.run()
  for (let beat = 1; !signal.aborted; beat++) {
    await host.clock.sleep(HEARTBEAT_MS, signal).catch(() => {})
    if (signal.aborted) break
    await attempt(() => renew(host, client, facts.name, uid, signal))
    await attempt(() => report(beat % FULL_REPORT === 0))
  }
  noticing?.()
  await pods
}

/** Registers the Node, again and again until the server has it. Returns its UID. */
async function register(
  host: KubeletHost,
  client: ApiClient,
  facts: NodeFacts,
  now: () => string,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    try {
      const made = await client.call('POST', '/api/v1/nodes', newNode(host, facts, now()), { signal })
      logLine(host, 'I', 'kubelet_node_status.go:78', `"Successfully registered node" node="${facts.name}"`)
      return asText(at(made, ['metadata', 'uid']))
    } catch (error) {
      if (signal.aborted) throw error
      if (error instanceof AnswerError && error.status === 409) {
        logLine(
          host,
          'I',
          'kubelet_node_status.go:124',
          `"Node was previously registered" node="${facts.name}"`,
        )
        const found = await client.call('GET', `/api/v1/nodes/${facts.name}`, undefined, { signal })
        return asText(at(found, ['metadata', 'uid']))
      }
      const text = error instanceof Error ? error.message : String(error)
      logLine(
        host,
        'E',
        'kubelet_node_status.go:106',
        `"Unable to register node with API server" err=${JSON.stringify(text)} node="${facts.name}"`,
      )
      await host.clock.sleep(5000, signal)
    }
  }
}

async function renew(
  host: KubeletHost,
  client: ApiClient,
  name: string,
  uid: string,
  signal: AbortSignal,
): Promise<void> {
  const place = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
  const renewTime = new Date(host.clock.now()).toISOString().replace('Z', '000Z')
  try {
    const found = await client.call('GET', `${place}/${name}`, undefined, { signal })
    await client.call(
      'PATCH',
      `${place}/${name}`,
      {
        metadata: { resourceVersion: asText(at(found, ['metadata', 'resourceVersion'])) },
        spec: { renewTime, holderIdentity: name, leaseDurationSeconds: 40 },
      },
      { contentType: 'application/merge-patch+json', signal },
    )
  } catch (error) {
    if (!(error instanceof AnswerError) || error.status !== 404) throw error
    await client.call('POST', place, nodeLease(name, uid, renewTime), { signal })
  }
}

/** A condition that keeps its status keeps its transition time: it is left out of the patch. */
function withoutTransitions(
  status: { [key: string]: Json | undefined },
  known: ReadonlyMap<string, string>,
): Json {
  const list = status['conditions']
  if (!Array.isArray(list)) return status as Json
  return {
    ...status,
    conditions: list.map((each) => {
      const type = asText(at(each, ['type']))
      if (known.get(type) !== asText(at(each, ['status']))) return each
      const { lastTransitionTime: _same, ...rest } = each as { [key: string]: Json | undefined }
      return rest
    }),
  }
}
