import type { Store } from '../../kubernetes/api.ts'
import { checksum } from '../../kamaji/checksum.ts'
import { minorOf } from '../../kamaji/control-plane.ts'
import type { Pass } from '../../kamaji/pass.ts'
import { applyManifests, removeManifests } from './apply.ts'
import { coreDnsManifests } from './core-dns.ts'
import { clusterInfoText, joinManifests } from './join.ts'
import { AGENT, konnectivityManifests } from './konnectivity-agent.ts'
import { kubeProxyManifests } from './kube-proxy.ts'
import type { AddonFacts, Manifest } from './manifest.ts'

/** Brings a tenant's objects to what its control plane says, and repeats in the control plane's status what was done. */
export async function keepAddons(pass: Pass, store: Store, facts: AddonFacts): Promise<void> {
  const { addons = {} } = facts.tcp.spec
  // Turned off, the agent and its rights stay in the tenant and in the status, as Kamaji leaves them.
  if (addons.konnectivity !== undefined) {
    const changed = applyManifests(store, konnectivityManifests(facts))
    const agent = facts.tcp.status?.addons?.konnectivity?.agent
    if (changed || !agent?.name)
      await pass.setStatus(['addons', 'konnectivity', 'agent'], {
        lastUpdate: pass.now,
        mode: addons.konnectivity.agent?.mode ?? 'DaemonSet',
        name: AGENT,
        namespace: 'kube-system',
      })
    await pass.setStatus(['addons', 'konnectivity', 'sa'], { name: AGENT, namespace: 'kube-system' })
    await pass.setStatus(['addons', 'konnectivity', 'clusterrolebinding'], {
      name: 'system:konnectivity-server',
    })
  }
  const joined = applyManifests(store, joinManifests(facts))
  const sum = checksum({ kubeconfig: clusterInfoText(facts), minor: String(minorOf(facts.tcp)) })
  if (joined || facts.tcp.status?.kubeadmPhase?.bootstrapToken?.checksum !== sum) {
    // The checksum of nothing comes first; the real one follows with the next look.
    const nothing = checksum({})
    await pass.setStatus(['kubeadmPhase', 'bootstrapToken'], { checksum: nothing, lastUpdate: pass.now })
    await pass.clock.sleep(1300)
    await pass.setStatus(['kubeadmPhase', 'bootstrapToken'], { checksum: sum, lastUpdate: pass.now })
  }
  await keepSimple(
    pass,
    store,
    'kubeProxy',
    addons.kubeProxy !== undefined,
    kubeProxyManifests(facts),
    'kubeadm:node-proxier',
  )
  await keepSimple(
    pass,
    store,
    'coreDNS',
    addons.coreDNS !== undefined,
    coreDnsManifests(facts),
    'system:coredns',
  )
}

async function keepSimple(
  pass: Pass,
  store: Store,
  addon: 'kubeProxy' | 'coreDNS',
  wanted: boolean,
  manifests: readonly Manifest[],
  owner: string,
): Promise<void> {
  const shown = pass.tcp.status?.addons?.[addon]?.enabled === true
  if (!wanted) {
    if (!shown) return
    removeManifests(store, manifests)
    await pass.setStatus(['addons', addon], { enabled: false, lastUpdate: pass.now })
    return
  }
  if (applyManifests(store, manifests, owner) || !shown)
    await pass.setStatus(['addons', addon], { enabled: true, lastUpdate: pass.now })
}
