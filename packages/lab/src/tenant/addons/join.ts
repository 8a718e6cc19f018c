import { stringify } from 'yaml'
import { joinHostPort } from '../../kamaji/control-plane.ts'
import { clusterConfigurationText } from '../../kamaji/kubeadm.ts'
import { base64 } from '../../kamaji/kubeconfig-text.ts'
import { gvr } from '../../kamaji/vocabulary.ts'
import { kubeletConfigText } from './kubelet-config.ts'
import type { AddonFacts, Manifest } from './manifest.ts'
import { BOOTSTRAP_GROUP, clusterBinding, group, readConfigMap, user } from './manifest.ts'

/** The kubeconfig inside cluster-info: server and CA, no user. */
export function clusterInfoText({ endpoint, caPem }: AddonFacts): string {
  return stringify(
    {
      apiVersion: 'v1',
      clusters: [
        {
          cluster: {
            'certificate-authority-data': base64(caPem),
            server: `https://${joinHostPort(endpoint.host, endpoint.port)}`,
          },
          name: '',
        },
      ],
      contexts: null,
      'current-context': '',
      kind: 'Config',
      users: null,
    },
    { lineWidth: 0, indentSeq: false },
  )
}

/** What workers read and may do while they join. */
export function joinManifests(facts: AddonFacts): Manifest[] {
  const both = [group(BOOTSTRAP_GROUP), group('system:nodes')]
  const nodeRole = 'system:certificates.k8s.io:certificatesigningrequests'
  return [
    {
      gvr: gvr.configMaps,
      object: {
        metadata: { name: 'kubeadm-config', namespace: 'kube-system' },
        data: {
          ClusterConfiguration: clusterConfigurationText(facts.tcp, facts.address, facts.etcdEndpoints),
        },
      },
    },
    ...readConfigMap('kube-system', 'kubeadm:nodes-kubeadm-config', 'kubeadm-config', both),
    {
      gvr: gvr.configMaps,
      object: {
        metadata: { name: 'kubelet-config', namespace: 'kube-system' },
        data: { kubelet: kubeletConfigText(facts.tcp) },
      },
    },
    ...readConfigMap('kube-system', 'kubeadm:kubelet-config', 'kubelet-config', both.toReversed()),
    {
      gvr: gvr.configMaps,
      object: {
        metadata: { name: 'cluster-info', namespace: 'kube-public' },
        data: { kubeconfig: clusterInfoText(facts) },
      },
    },
    ...readConfigMap('kube-public', 'kubeadm:bootstrap-signer-clusterinfo', 'cluster-info', [
      user('system:anonymous'),
    ]),
    {
      gvr: gvr.clusterRoles,
      object: {
        metadata: { name: 'kubeadm:get-nodes' },
        rules: [{ verbs: ['get'], apiGroups: [''], resources: ['nodes'] }],
      },
    },
    clusterBinding('kubeadm:get-nodes', 'kubeadm:get-nodes', [group(BOOTSTRAP_GROUP)]),
    clusterBinding('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', [group(BOOTSTRAP_GROUP)]),
    clusterBinding('kubeadm:node-autoapprove-bootstrap', `${nodeRole}:nodeclient`, [group(BOOTSTRAP_GROUP)]),
    clusterBinding('kubeadm:node-autoapprove-certificate-rotation', `${nodeRole}:selfnodeclient`, [
      group('system:nodes'),
    ]),
    clusterBinding('kubeadm:cluster-admins', 'cluster-admin', [group('kubeadm:cluster-admins')]),
    clusterBinding('kubeadm:apiserver-kubelet-client', 'system:kubelet-api-admin', [
      user('kube-apiserver-kubelet-client'),
    ]),
  ]
}
