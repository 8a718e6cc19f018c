import type { NodeTaint } from '@fochista/api'
import { BootstrapError } from './error.ts'
import type { SeedFile } from './seed.ts'
import { takeInBeforeStart, takeInFiles } from './take-in.ts'
import { yamlText } from './yaml-text.ts'

/** What a kubelet needs to join a cluster by its own TLS bootstrap. */
export interface KubeletJoin {
  /** URL of the tenant's API server, as in its admin.conf. */
  readonly server: string
  readonly caPem: string
  readonly clusterDNS: readonly string[]
  readonly clusterDomain: string
  readonly cgroupDriver: string
  /** Bootstrap token, `id.secret`. */
  readonly token: string
  readonly nodeName: string
  /** Address to register; absent with DHCP, where the kubelet takes that of the default route. */
  readonly nodeIp?: string | undefined
  readonly providerId: string
  /** Labels that the kubelet accepts as a flag. */
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaint[]
}

const CA = '/etc/kubernetes/pki/ca.crt'
const BOOTSTRAP = '/etc/kubernetes/bootstrap-kubelet.conf'
const CONFIG = '/var/lib/kubelet/config.yaml'
const RESOLV_CONF = '/etc/kubernetes/resolv.conf'

/**
 * What an earlier run of a kubelet leaves. A seed runs only while its machine has not joined, and a certificate of a CA that is no
 * more would keep the kubelet from asking for another.
 */
export const staleKubeletState = ['/etc/kubernetes/kubelet.conf', '/var/lib/kubelet/pki'] as const

/**
 * The files that make a kubelet join. Its own kubeconfig it makes itself. Throws a BootstrapError for a name that is none.
 * @param mark a file without which it does not start. @default none
 */
export function kubeletFiles(join: KubeletJoin, mark?: string): SeedFile[] {
  return [
    { path: CA, content: join.caPem, permissions: '0644' },
    { path: BOOTSTRAP, content: yamlText(bootstrapKubeconfig(join)), permissions: '0600' },
    { path: CONFIG, content: yamlText(kubeletConfiguration(join)), permissions: '0644' },
    {
      path: '/etc/systemd/system/kubelet.service.d/20-fochista.conf',
      content: unit(join, mark),
      permissions: '0644',
    },
    ...takeInFiles(),
    { path: '/etc/modules-load.d/k8s.conf', content: 'overlay\nbr_netfilter\n', permissions: '0644' },
    {
      path: '/etc/sysctl.d/k8s.conf',
      content:
        'net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 1\nnet.bridge.bridge-nf-call-ip6tables = 1\n',
      permissions: '0644',
    },
  ]
}

/** Only fields that every kubelet since 1.28 knows: Kamaji's own kubelet-config holds some that newer ones refuse to start with. */
function kubeletConfiguration({
  clusterDNS,
  clusterDomain,
  cgroupDriver,
  providerId,
  taints,
}: KubeletJoin): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: CA } },
    authorization: { mode: 'Webhook' },
    cgroupDriver,
    clusterDNS: [...clusterDNS],
    clusterDomain,
    providerID: providerId,
    ...(taints.length > 0
      ? {
          registerWithTaints: taints.map(({ key, value, effect }) => ({
            key,
            ...(value === undefined ? {} : { value }),
            effect,
          })),
        }
      : {}),
    resolvConf: RESOLV_CONF,
    // The default is false: the certificate would expire after a year.
    rotateCertificates: true,
    staticPodPath: '/etc/kubernetes/manifests',
  }
}

/** The CA by path: at its rotation there is one file to replace. */
function bootstrapKubeconfig({ server, token }: KubeletJoin): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'tenant', cluster: { server, 'certificate-authority': CA } }],
    users: [{ name: 'bootstrap', user: { token } }],
    contexts: [{ name: 'bootstrap', context: { cluster: 'tenant', user: 'bootstrap' } }],
    'current-context': 'bootstrap',
  }
}

function unit({ nodeName, nodeIp, labels }: KubeletJoin, mark: string | undefined): string {
  const flags = [
    `--bootstrap-kubeconfig=${BOOTSTRAP}`,
    '--kubeconfig=/etc/kubernetes/kubelet.conf',
    `--config=${CONFIG}`,
    `--hostname-override=${checked('node name', nodeName, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)}`,
    ...(nodeIp ? [`--node-ip=${checked('node address', nodeIp, /^[0-9A-Fa-f:.]+$/)}`] : []),
    ...(Object.keys(labels).length > 0 ? [`--node-labels=${printLabels(labels)}`] : []),
  ]
  return `[Unit]
After=containerd.service network-online.target time-sync.target
Wants=containerd.service network-online.target time-sync.target
StartLimitIntervalSec=0
${mark === undefined ? '' : `ConditionPathExists=${mark}\n`}
[Service]
# At every start: a swap of the template's fstab is back after a reboot, and with it the kubelet ends.
ExecStartPre=-/sbin/swapoff -a
# What the VM was given meanwhile, before it is counted.
ExecStartPre=-${takeInBeforeStart}
# Past the stub of systemd-resolved: with the stub CoreDNS would ask itself.
ExecStartPre=/bin/sh -c 'if [ -e /run/systemd/resolve/resolv.conf ]; then ln -sf /run/systemd/resolve/resolv.conf ${RESOLV_CONF}; else ln -sf /etc/resolv.conf ${RESOLV_CONF}; fi'
ExecStart=
ExecStart=/usr/bin/kubelet ${flags.join(' ')}
Restart=always
RestartSec=10
`
}

function printLabels(labels: Readonly<Record<string, string>>): string {
  // What a unit file would read as more than a label was refused by splitLabels; this is the last gate before a command line.
  return Object.entries(labels)
    .map(([key, value]) => checked('node label', `${key}=${value}`, /^[-A-Za-z0-9_./]+=[-A-Za-z0-9_.]*$/))
    .join(',')
}

function checked(what: string, value: string, pattern: RegExp): string {
  if (!pattern.test(value))
    throw new BootstrapError(what, value, 'has characters that must not stand in a unit file')
  return value
}
