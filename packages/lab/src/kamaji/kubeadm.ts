import type { TenantControlPlane } from '@fochista/kamaji'
import { stringify } from 'yaml'
import {
  domainOf,
  joinHostPort,
  podRanges,
  portOf,
  publicEndpoint,
  serviceRanges,
  versionOf,
} from './control-plane.ts'

/** Names that Kamaji asks for in the API server's certificate, beside kubeadm's own. */
export function certSans(tcp: TenantControlPlane, address: string): string[] {
  const { certSANs = [], advertiseAddress } = tcp.spec.networkProfile ?? {}
  const { name, namespace = 'default' } = tcp.metadata
  const sans = [
    '127.0.0.1',
    'localhost',
    name,
    `${name}.${namespace}.svc`,
    `${name}.${namespace}.svc.cluster.local`,
    address,
    ...certSANs,
    ...(advertiseAddress ? [advertiseAddress] : []),
  ]
  return [...new Set(sans)]
}

/** What the two configurations of kubeadm hold that depends on the control plane. */
function facts(tcp: TenantControlPlane, address: string, etcdEndpoints: readonly string[]) {
  const { host, port } = publicEndpoint(tcp, address)
  return {
    endpoint: joinHostPort(host, port),
    advertise: tcp.spec.networkProfile?.advertiseAddress || address,
    services: serviceRanges(tcp).join(','),
    pods: podRanges(tcp).join(','),
    sans: certSans(tcp, address),
    etcdEndpoints: [...etcdEndpoints],
  }
}

/** Data of the ConfigMap `<tcp>-kubeadmconfig`: kubeadm's internal configurations as JSON. */
export function kubeadmConfigData(
  tcp: TenantControlPlane,
  address: string,
  etcdEndpoints: readonly string[],
): Record<string, string> {
  const known = facts(tcp, address, etcdEndpoints)
  const plain = { ExtraArgs: null, ExtraVolumes: null, ExtraEnvs: null }
  const cluster = {
    ComponentConfigs: null,
    Etcd: {
      Local: null,
      External: {
        Endpoints: known.etcdEndpoints,
        HTTPEndpoints: null,
        CAFile: '',
        CertFile: '',
        KeyFile: '',
      },
    },
    Networking: { ServiceSubnet: known.services, PodSubnet: known.pods, DNSDomain: domainOf(tcp) },
    KubernetesVersion: versionOf(tcp),
    CIKubernetesVersion: '',
    ControlPlaneEndpoint: known.endpoint,
    APIServer: {
      ExtraArgs: [
        { Name: 'etcd-compaction-interval', Value: '0s' },
        { Name: 'etcd-prefix', Value: `/${tcp.metadata.name}` },
      ],
      ExtraVolumes: null,
      ExtraEnvs: null,
      CertSANs: known.sans,
      TimeoutForControlPlane: '0s',
    },
    ControllerManager: plain,
    Scheduler: plain,
    DNS: { ImageRepository: '', ImageTag: '', Disabled: false },
    Proxy: { Disabled: false },
    CertificatesDir: '/etc/kubernetes/pki',
    ImageRepository: 'registry.k8s.io',
    CIImageRepository: '',
    FeatureGates: null,
    ClusterName: tcp.metadata.name,
    EncryptionAlgorithm: 'RSA-2048',
    CertificateValidityPeriod: '8760h0m0s',
    CACertificateValidityPeriod: '87600h0m0s',
  }
  const init = {
    BootstrapTokens: [
      {
        // A placeholder of kubeadm's own; no such token exists in the tenant.
        token: 'abcdef.0123456789abcdef',
        ttl: '24h0m0s',
        usages: ['signing', 'authentication'],
        groups: ['system:bootstrappers:kubeadm:default-node-token'],
      },
    ],
    DryRun: false,
    NodeRegistration: {
      Name: 'node',
      CRISocket: 'unix:///var/run/containerd/containerd.sock',
      Taints: null,
      KubeletExtraArgs: null,
      IgnorePreflightErrors: null,
      imagePullPolicy: 'IfNotPresent',
      ImagePullSerial: true,
    },
    LocalAPIEndpoint: { AdvertiseAddress: known.advertise, BindPort: portOf(tcp) },
    CertificateKey: '',
    SkipPhases: null,
    Patches: null,
    Timeouts: {
      ControlPlaneComponentHealthCheck: '4m0s',
      KubeletHealthCheck: '4m0s',
      KubernetesAPICall: '1m0s',
      EtcdAPICall: '2m0s',
      TLSBootstrap: '5m0s',
      Discovery: '5m0s',
      UpgradeManifests: '5m0s',
    },
  }
  return {
    ClusterConfiguration: `${JSON.stringify(cluster)}\n`,
    InitConfiguration: `${JSON.stringify(init)}\n`,
  }
}

/** Text of the tenant's kubeadm-config. */
export function clusterConfigurationText(
  tcp: TenantControlPlane,
  address: string,
  etcdEndpoints: readonly string[],
): string {
  const known = facts(tcp, address, etcdEndpoints)
  return stringify(
    {
      apiServer: {
        certSANs: known.sans,
        extraArgs: [
          { name: 'etcd-compaction-interval', value: '0s' },
          { name: 'etcd-prefix', value: `/${tcp.metadata.name}` },
        ],
      },
      apiVersion: 'kubeadm.k8s.io/v1beta4',
      caCertificateValidityPeriod: '87600h0m0s',
      certificateValidityPeriod: '8760h0m0s',
      certificatesDir: '/etc/kubernetes/pki',
      clusterName: tcp.metadata.name,
      controlPlaneEndpoint: known.endpoint,
      controllerManager: {},
      dns: {},
      encryptionAlgorithm: 'RSA-2048',
      etcd: { external: { caFile: '', certFile: '', endpoints: known.etcdEndpoints, keyFile: '' } },
      imageRepository: 'registry.k8s.io',
      kind: 'ClusterConfiguration',
      kubernetesVersion: versionOf(tcp),
      networking: { dnsDomain: domainOf(tcp), podSubnet: known.pods, serviceSubnet: known.services },
      proxy: {},
      scheduler: {},
    },
    { lineWidth: 0, indentSeq: false },
  )
}
