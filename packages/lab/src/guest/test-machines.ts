import { gvr } from '../kamaji/vocabulary.ts'
import { shownStatus } from '../kamaji/status.ts'
import { startLab } from '../lab.ts'
import type { Lab } from '../lab.ts'
import type { Vm } from '../proxmox/world.ts'
import { volumeKey } from '../proxmox/world.ts'
import type { TenantCluster } from '../tenant/clusters.ts'
import { addVm } from '../worlds/vms.ts'
import { eventually } from '../test-eventually.ts'

/** What the tests need of the product's seeds: what writes them is not the lab's, and may not be. */
interface Bootstrap {
  renderSeed(input: object): { userData: string; metaData: string; networkConfig: string }
  buildSeedImage(seed: { userData: string; metaData: string; networkConfig: string }): Uint8Array
}

/** The seeds of the product, whose guests these are. */
export const bootstrap = (await import(
  new URL('../../../controllers/src/bootstrap/index.ts', import.meta.url).href
)) as Bootstrap

/** A lab with one tenant. */
export interface TestBed {
  readonly lab: Lab
  readonly tenant: TenantCluster
  /** URL of the tenant's API server. */
  readonly server: string
  /** Makes a bootstrap token in the tenant. Returns it. */
  token(id: string, options?: { signing?: boolean }): string
  /** A worker's seed image, whose join data and other parts may be changed. */
  seed(
    name: string,
    changes: { join: { token: string; [field: string]: unknown }; [part: string]: unknown },
  ): Uint8Array
  /** Makes a VM from a kubelet's template with a seed in its drive, and starts it. */
  start(vmid: number, image: Uint8Array, options?: { tags?: string }): Vm
  /** Names of the tenant's Nodes. */
  nodes(): string[]
}

/** Starts a lab fifty times as fast as real hardware, and a tenant in it. */
export async function startTestBed(
  log: (text: string) => void,
  seed = 'empty',
  state?: string,
): Promise<TestBed> {
  const lab = await startLab({
    ports: { proxmox: 0, kubernetes: 0 },
    speed: 50,
    seed,
    log,
    ...(state === undefined ? {} : { state }),
  })
  const { store } = lab.management.api
  store.create(gvr.tenantControlPlanes, {
    metadata: { name: 'tenant', namespace: 'default' },
    spec: {
      controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
      kubernetes: { version: 'v1.30.4', kubelet: { cgroupfs: 'systemd' } },
      networkProfile: { port: 6443 },
      addons: { coreDNS: {}, kubeProxy: {} },
    },
  })
  const tenant = await eventually('the control plane is Ready', () => {
    const object = store.get(gvr.tenantControlPlanes, 'default', 'tenant')
    const found = lab.management.tenants.find('default', 'tenant')
    const served = found?.api.store.get(gvr.configMaps, 'kube-system', 'kubelet-config') !== undefined
    return object !== undefined && shownStatus(object) === 'Ready' && served ? found : undefined
  })
  const { world } = lab.proxmox
  const server = `https://${tenant.address.host}:${tenant.address.port}`
  return {
    lab,
    tenant,
    server,
    token(id, { signing = false } = {}) {
      const secret = '0123456789abcdef'
      tenant.api.store.create(gvr.secrets, {
        metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
        type: 'bootstrap.kubernetes.io/token',
        stringData: {
          'token-id': id,
          'token-secret': secret,
          'usage-bootstrap-authentication': 'true',
          ...(signing ? { 'usage-bootstrap-signing': 'true' } : {}),
          'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
          expiration: new Date(Date.now() + 600_000).toISOString(),
        },
      })
      return `${id}.${secret}`
    },
    seed: (name, { join, ...parts }) =>
      bootstrap.buildSeedImage(
        bootstrap.renderSeed({
          instanceId: `iid-${name}`,
          hostname: name,
          networks: [],
          ...parts,
          join: {
            server,
            caPem: tenant.ca.certPem,
            clusterDNS: ['10.96.0.10'],
            clusterDomain: 'cluster.local',
            cgroupDriver: 'systemd',
            nodeName: name,
            providerId: `proxmox://lab/${name}`,
            labels: {},
            taints: [],
            ...join,
          },
        }),
      ),
    start(vmid, image, { tags = 'kubelet-v1.30.4' } = {}) {
      const volid = `local:iso/seed-${vmid}.iso`
      world.volumes.set(volumeKey(world, 'pve1', volid), {
        volid,
        storage: 'local',
        node: 'pve1',
        size: image.length,
        format: 'iso',
        content: 'iso',
        data: image,
        ctime: 0,
      })
      const vm = addVm(world, {
        vmid,
        node: 'pve1',
        name: `worker-${vmid}`,
        disks: [8],
        cores: 2,
        memory: 2048,
        config: { ide2: `${volid},media=cdrom`, tags },
      })
      vm.running = true
      world.events.emit('started', vm)
      return vm
    },
    nodes: () => tenant.api.store.list(gvr.nodes).map((node) => node.metadata.name ?? ''),
  }
}
