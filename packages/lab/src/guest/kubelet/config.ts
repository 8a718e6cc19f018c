import { parse } from 'yaml'
import type { Json, JsonObject } from '../../kubernetes/resources.ts'
import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import type { Disk } from '../disk.ts'
import { KubeletExit, minorOf } from './exit.ts'

/** What of a KubeletConfiguration matters here. */
export interface KubeletConfig {
  rotateCertificates: boolean
  providerId: string
  taints: JsonObject[]
  maxPods: number
  clientCaFile: string
  /** Lines for the log: what was not understood and passed over. */
  remarks: string[]
}

const GROUPS: Record<'string' | 'int32' | 'bool' | 'list' | 'object', string> = {
  string: `address cgroupDriver cgroupRoot clusterDomain configMapAndSecretChangeDetectionStrategy containerLogMaxSize
containerRuntimeEndpoint contentType cpuCFSQuotaPeriod cpuManagerPolicy cpuManagerReconcilePeriod evictionPressureTransitionPeriod
fileCheckFrequency hairpinMode healthzBindAddress httpCheckFrequency imageMaximumGCAge imageMinimumGCAge
imagePullCredentialsVerificationPolicy imageServiceEndpoint kubeReservedCgroup kubeletCgroups memoryManagerPolicy
memoryReservationPolicy nodeStatusReportFrequency nodeStatusUpdateFrequency podCIDR podLogsDir providerID reservedSystemCPUs resolvConf
runtimeRequestTimeout shutdownGracePeriod shutdownGracePeriodCriticalPods singleProcessOOMKill staticPodPath staticPodURL
streamingConnectionIdleTimeout syncFrequency systemCgroups systemReservedCgroup tlsCertFile tlsMinVersion tlsPrivateKeyFile
topologyManagerPolicy topologyManagerScope volumePluginDir volumeStatsAggPeriod containerLogMonitorInterval`,
  int32: `containerLogMaxFiles containerLogMaxWorkers eventBurst eventRecordQPS evictionMaxPodGracePeriod healthzPort
imageGCHighThresholdPercent imageGCLowThresholdPercent iptablesDropBit iptablesMasqueradeBit kubeAPIBurst kubeAPIQPS maxOpenFiles
maxParallelImagePulls maxPods nodeLeaseDurationSeconds nodeStatusMaxImages oomScoreAdj podPidsLimit podsPerCore port readOnlyPort
registryBurst registryPullQPS`,
  bool: `cgroupsPerQOS cpuCFSQuota enableContentionProfiling enableControllerAttachDetach enableDebugFlagsHandler
enableDebuggingHandlers enableProfilingHandler enableServer enableSystemLogHandler enableSystemLogQuery failCgroupV1 failSwapOn
kernelMemcgNotification localStorageCapacityIsolation makeIPTablesUtilChains mergeDefaultEvictionSettings protectKernelDefaults registerNode
rotateCertificates runOnce seccompDefault serializeImagePulls serverTLSBootstrap showHiddenMetricsForVersion`,
  list: `allowedUnsafeSysctls clusterDNS enforceNodeAllocatable preloadedImagesVerificationAllowlist registerWithTaints reservedMemory
shutdownGracePeriodByPodPriority tlsCipherSuites`,
  object: `authentication authorization cpuManagerPolicyOptions crashLoopBackOff evictionHard evictionMinimumReclaim evictionSoft
evictionSoftGracePeriod featureGates kubeReserved logging memorySwap qosReserved staticPodURLHeader systemReserved
topologyManagerPolicyOptions tracing userNamespaces`,
}

const TYPES = new Map<string, keyof typeof GROUPS>()
for (const type of Object.keys(GROUPS) as (keyof typeof GROUPS)[])
  for (const name of GROUPS[type].split(/\s+/)) TYPES.set(name, type)
TYPES.set('memoryThrottlingFactor', 'int32')

/** Fields younger than the oldest kubelet emulated, by the minor that brought them: older ones pass over them. */
const SINCE: Record<string, number> = {
  failCgroupV1: 31,
  crashLoopBackOff: 32,
  imagePullCredentialsVerificationPolicy: 33,
  preloadedImagesVerificationAllowlist: 33,
  userNamespaces: 33,
  mergeDefaultEvictionSettings: 33,
  containerLogMaxWorkers: 30,
  containerLogMonitorInterval: 30,
  imageMaximumGCAge: 29,
  podLogsDir: 30,
}

/** Feature gates that the emulation knows the names of; any other name is unknown to the kubelet too. */
const GATES = new Set(
  `KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletCgroupDriverFromCRI NodeSwap GracefulNodeShutdown RotateKubeletServerCertificate
SeccompDefault MemoryQoS InPlacePodVerticalScaling SidecarContainers ImageVolume UserNamespacesSupport DynamicResourceAllocation CPUManager
TopologyManager AllAlpha AllBeta GracefulNodeShutdownBasedOnPodPriority KubeletSeparateDiskGC PodLifecycleSleepAction
RecoverVolumeExpansionFailure LocalStorageCapacityIsolationFSQuotaMonitoring KubeletTracing SupplementalGroupsPolicy`.split(
    /\s+/,
  ),
)

/** Reads the kubelet's configuration file and judges it as its version does. Throws KubeletExit for what ends it. */
export function loadConfig(disk: Disk, path: string, version: string): KubeletConfig {
  const text = disk.read(path)
  const prefix = `failed to load kubelet config file, path: ${path}, error failed to`
  if (text === undefined)
    throw new KubeletExit(
      `${prefix} load Kubelet config file ${path}, error failed to read kubelet config file "${path}", error: open ${path}: no such file or directory`,
    )
  if (text.trim() === '')
    throw new KubeletExit(
      `${prefix} load Kubelet config file ${path}, error kubelet config file "${path}" was empty`,
    )
  const remarks: string[] = []
  let document: Json
  try {
    document = parse(text, { uniqueKeys: false }) as Json
  } catch (error) {
    throw new KubeletExit(
      `${prefix} decode: yaml: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
    )
  }
  if (!isObject(document)) throw new KubeletExit(`${prefix} decode: no kind found`)
  const apiVersion = asText(document['apiVersion'])
  const kind = asText(document['kind'])
  if (apiVersion !== 'kubelet.config.k8s.io/v1beta1' || kind !== 'KubeletConfiguration')
    throw new KubeletExit(
      `${prefix} decode: no kind "${kind}" is registered for version "${apiVersion}" in scheme "k8s.io/kubernetes/pkg/kubelet/apis/config/scheme/scheme.go:33"`,
    )
  const minor = minorOf(version)
  const unknown: string[] = []
  for (const [key, value] of Object.entries(document)) {
    if (key === 'apiVersion' || key === 'kind') continue
    const type = TYPES.get(key)
    if (type === undefined || minor < (SINCE[key] ?? 0)) unknown.push(`unknown field "${key}"`)
    else if (value !== null && value !== undefined) checkType(key, value, type, prefix)
  }
  if (unknown.length > 0)
    remarks.push(
      `"Using lenient decoding as strict decoding failed" err=${JSON.stringify(`strict decoding error: ${unknown.join(', ')}`)}`,
    )
  checkGates(document, minor)
  return {
    rotateCertificates: document['rotateCertificates'] === true,
    providerId: asText(document['providerID']),
    taints: readTaints(document['registerWithTaints']),
    maxPods: typeof document['maxPods'] === 'number' ? document['maxPods'] : 110,
    clientCaFile: asText(at(document, ['authentication', 'x509', 'clientCAFile'])),
    remarks,
  }
}

function checkType(key: string, value: Json, type: keyof typeof GROUPS, prefix: string): void {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  const wanted = { string: 'string', int32: 'number', bool: 'bool', list: 'array', object: 'object' }[type]
  if (found === wanted) return
  // Durations may be written as numbers.
  if (type === 'string' && found === 'number') return
  const goType = { string: 'string', int32: 'int32', bool: 'bool', list: '[]string', object: 'config' }[type]
  throw new KubeletExit(
    `${prefix} decode: json: cannot unmarshal ${found} into Go struct field KubeletConfiguration.${key} of type ${goType}`,
  )
}

/** Gates and the fields behind them: what Kamaji's own kubelet-config trips over. */
function checkGates(document: JsonObject, minor: number): void {
  const gates = isObject(document['featureGates']) ? document['featureGates'] : {}
  for (const gate of Object.keys(gates))
    if (!GATES.has(gate))
      throw new KubeletExit(
        `failed to merge global and in-flight KubeletConfiguration while setting defaults, error: unrecognized feature gate: ${gate}`,
        2,
      )
  if (gates['KubeletCgroupDriverFromCRI'] === false && minor >= 36)
    throw new KubeletExit(
      'cannot set feature gate KubeletCgroupDriverFromCRI to false, feature is locked to true',
      2,
    )
  const isOn = (gate: string): boolean => {
    const set = gates[gate] ?? gates['AllAlpha']
    return typeof set === 'boolean' ? set : minor >= 35
  }
  const invalid = (text: string): KubeletExit =>
    new KubeletExit(
      `failed to validate kubelet configuration, error: invalid configuration: ${text}, path: &TypeMeta{Kind:,APIVersion:,}`,
    )
  if (
    minor >= 32 &&
    at(document, ['crashLoopBackOff', 'maxContainerRestartPeriod']) !== undefined &&
    !isOn('KubeletCrashLoopBackOffMax')
  )
    throw invalid(
      'FeatureGate KubeletCrashLoopBackOffMax not enabled, CrashLoopBackOff.MaxContainerRestartPeriod must not be set',
    )
  if (
    minor >= 33 &&
    asText(document['imagePullCredentialsVerificationPolicy']) !== '' &&
    !isOn('KubeletEnsureSecretPulledImages')
  )
    throw invalid(
      '`imagePullCredentialsVerificationPolicy` must not be set if KubeletEnsureSecretPulledImages feature gate is not enabled',
    )
  const policy = asText(document['topologyManagerPolicy'])
  if (policy !== '' && !['none', 'best-effort', 'restricted', 'single-numa-node'].includes(policy))
    throw invalid(
      `topologyManagerPolicy (--topology-manager-policy) "${policy}" must be one of: ["best-effort" "none" "restricted" "single-numa-node"]`,
    )
}

function readTaints(value: Json | undefined): JsonObject[] {
  const taints = Array.isArray(value) ? value.filter(isObject) : []
  for (const taint of taints)
    if (!['NoSchedule', 'PreferNoSchedule', 'NoExecute'].includes(asText(taint['effect'])))
      throw new KubeletExit(
        `failed to validate kubelet configuration, error: invalid configuration: invalid taint: {${asText(taint['key'])} ${asText(taint['value'])}  ${asText(taint['effect'])} <nil>}`,
      )
  return taints
}

/** Taints of the flag `--register-with-taints`: `key=value:effect`, separated by commas. Throws KubeletExit for what is none. */
export function parseTaints(flag: string): JsonObject[] {
  return flag.split(',').map((text) => {
    const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text.trim())
    if (match === null)
      throw new KubeletExit(
        `failed to parse kubelet flag: invalid argument "${flag}" for "--register-with-taints" flag: invalid taint spec: ${text}`,
      )
    const [, key = '', value = '', effect = ''] = match
    return { key, ...(value === '' ? {} : { value }), effect }
  })
}
