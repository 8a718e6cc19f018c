import { isIP } from 'node:net'
import { join } from 'node:path'
import { adjustable, createLabClock } from './clock.ts'
import { createLabFolder, kubeconfigText } from './environment.ts'
import type { LabFolder } from './environment.ts'
import { PortInUseError } from './errors.ts'
import { startEndpoint } from './faults/endpoint.ts'
import { createFaults } from './faults/faults.ts'
import type { Faults } from './faults/faults.ts'
import { createGuests } from './guest/guests.ts'
import type { Guests } from './guest/guests.ts'
import { runMachines } from './machines/machines.ts'
import { startManagementCluster } from './management/cluster.ts'
import type { ManagementCluster } from './management/cluster.ts'
import { fingerprint, issueCertificate } from './pki.ts'
import type { KeyPair } from './pki.ts'
import { createProxmoxServer } from './proxmox/server.ts'
import type { ProxmoxServer } from './proxmox/server.ts'
import { createProxmoxWorld } from './proxmox/world.ts'
import type { ProxmoxWorld } from './proxmox/world.ts'
import { keepUndos } from './state/faults.ts'
import { keepDisks } from './state/guests.ts'
import { keepClusters } from './state/kubernetes.ts'
import { keepWorld, restoreWorld } from './state/proxmox.ts'
import { createIdentity, openState } from './state/state.ts'
import { createLabNetwork } from './tenant/network.ts'
import { lastingPort } from './state/ports.ts'
import { seedWorld } from './worlds/seed.ts'
import type { Credentials } from './worlds/seed.ts'

/** How a lab is started. */
export interface LabOptions {
  /** Ports of the two APIs; 0 for a free one. Default those that the state has, else 8006 and 6443. */
  readonly ports: { readonly proxmox?: number | undefined; readonly kubernetes?: number | undefined }
  /** Proxmox hosts. Default 3. */
  readonly hosts?: number
  /** How many times faster than real hardware things go. Default 1. */
  readonly speed?: number
  /** The world to start with: `default` or `empty`. Default `default`. */
  readonly seed?: string
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string
  /**
   * Folder of the lab's state: with one, the lab is what it was when it was stopped or killed, and seed and hosts count only the
   * first time. Default: everything ends with the lab.
   */
  readonly state?: string
  /**
   * What VMs are that run: the lab's own `guests` only, or beside each of them a process of QEMU, without KVM, that has its screen,
   * serial ports, monitor and snapshots. Default `guests`.
   */
  readonly machines?: 'guests' | 'qemu'
  /** Told what the parts would write to their logs when something goes wrong. Default: nobody. */
  readonly log?: (text: string) => void
}

/** A running lab. */
export interface Lab {
  /** Variables for clients of both back ends; files that they name are removed by `stop`. */
  readonly environment: Readonly<Record<string, string>>
  /** The Kubernetes side, for those in the same process. */
  readonly management: ManagementCluster
  /** What the Proxmox side is made of, and the guests of its VMs: as `management`. */
  readonly proxmox: { readonly world: ProxmoxWorld; readonly guests: Guests }
  /** Makes things go wrong, and right again. */
  readonly faults: Faults
  /** Stops everything and removes what was written. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Starts both back ends in this process.
 * @throws PortInUseError when somebody else listens on a port; RangeError for a wrong speed or number of hosts, or a seed that does not exist;
 * StateInUseError and JournalError for a state that cannot be had; MissingProgramError when QEMU is not on this machine.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const clock = createLabClock(options.speed)
  const host = options.host ?? '127.0.0.1'
  const log = options.log ?? (() => {})
  // What was started is stopped in the opposite order, also when a later part fails to start.
  const stops: (() => unknown)[] = []
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= stopAll(stops))
  try {
    const state = options.state === undefined ? undefined : await openState(options.state)
    stops.push(() => state?.close())
    const { journal, settled } = state ?? {}
    const { cas, tokens, accountsKey, ticketKey } = state?.identity ?? (await createIdentity())
    // The next lab of this state has to find its ports free.
    const free = (): Promise<number> => (state === undefined ? Promise.resolve(0) : lastingPort(host))
    const portOf = async (
      asked: number | undefined,
      before: number | undefined,
      usual: number,
    ): Promise<number> => asked || (before ?? (asked === undefined ? usual : await free()))
    const port = {
      proxmox: await portOf(options.ports.proxmox, settled?.ports.proxmox, 8006),
      kubernetes: await portOf(options.ports.kubernetes, settled?.ports.kubernetes, 6443),
      lab: settled?.ports.lab ?? (await free()),
    }
    const clocks = { proxmox: adjustable(clock), kubernetes: adjustable(clock) }
    const faults = createFaults()
    const world = createProxmoxWorld(clocks.proxmox, 'lab', ticketKey)
    if (journal !== undefined && settled !== undefined) restoreWorld(world, journal)
    const credentials =
      settled?.credentials ?? seedWorld(world, options.seed ?? 'default', options.hosts ?? 3)
    const kept = journal && keepWorld(world, journal)
    stops.push(() => kept?.close())
    const folder = await createLabFolder(options.state)
    stops.push(() => folder.remove())
    const network = await createLabNetwork(settled?.block)
    stops.push(() => network.close())
    const management = await naming('kubernetes', port.kubernetes, () =>
      startManagementCluster({
        clock: clocks.kubernetes,
        network,
        host,
        port: port.kubernetes,
        ca: cas.kubernetes,
        etcd: cas.etcd,
        accountsKey,
        intercept: (exchange, answer, tenant) => faults.answerKubernetes(exchange, answer, tenant),
        tokens: [
          { token: tokens.kubernetes, user: { username: 'kubernetes-admin', groups: ['system:masters'] } },
        ],
        ...(journal && { keep: keepClusters(journal) }),
        log,
      }),
    )
    stops.push(() => management.stop())
    const guests = createGuests(world, journal && keepDisks(journal))
    stops.push(() => guests.close())
    if (options.machines === 'qemu') {
      const machines = await runMachines(world, options.state && join(options.state, 'machines'), log)
      stops.push(() => machines.close())
      world.machines = machines
      void machines.startAll()
    }
    const certificate = settled?.certificate ?? (await issueProxmox(world, cas.proxmox, host))
    const server = await naming('proxmox', port.proxmox, () =>
      createProxmoxServer(world, {
        ...certificate,
        host,
        port: port.proxmox,
        intercept: (exchange, answer) =>
          faults.answerProxmox(world, exchange, (each) => answer(kept?.beforeAnswer(each) ?? each)),
      }),
    )
    stops.push(() => server.close())
    const proxmox = { server, ca: cas.proxmox }
    faults.attach({
      world,
      guests,
      management,
      proxmox,
      managementCa: cas.kubernetes,
      clocks,
      ...(journal && { remember: keepUndos(world, journal) }),
    })
    stops.push(() => faults.close())
    const endpoint = await startEndpoint(faults, { token: tokens.lab, port: port.lab })
    stops.push(() => endpoint.close())
    const environment = {
      ...(await kubernetesEnvironment(folder, management.api.url, cas.kubernetes.certPem, tokens.kubernetes)),
      ...(await proxmoxEnvironment(folder, proxmox, credentials)),
      LAB_URL: endpoint.url,
      LAB_TOKEN: tokens.lab,
    }
    kept?.flush()
    state?.settle({
      ports: {
        proxmox: server.port,
        kubernetes: Number(new URL(management.api.url).port),
        lab: Number(new URL(endpoint.url).port),
      },
      block: network.block,
      credentials,
      certificate,
    })
    return { environment, management, proxmox: { world, guests }, faults, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function kubernetesEnvironment(
  folder: LabFolder,
  server: string,
  caPem: string,
  token: string,
): Promise<Record<string, string>> {
  return {
    KUBECONFIG: await folder.write('kubeconfig', kubeconfigText({ name: 'lab', server, caPem, token })),
    KAMAJI_URL: server,
    KAMAJI_TOKEN: token,
    KAMAJI_CA: await folder.write('kubernetes-ca.pem', caPem),
  }
}

/** The certificate of the world's first host, of the cluster's own authority, which stands behind it. */
async function issueProxmox(world: ProxmoxWorld, ca: KeyPair, host: string): Promise<KeyPair> {
  const names = [...world.hosts.keys()]
  const leaf = await issueCertificate(ca, {
    commonName: names[0] ?? '',
    dns: ['localhost', ...names],
    ips: ['127.0.0.1', '::1', ...(isIP(host) === 0 || host === '127.0.0.1' ? [] : [host])],
    usages: ['server'],
  })
  return { certPem: `${leaf.certPem}${ca.certPem}`, keyPem: leaf.keyPem }
}

interface ListeningProxmox {
  readonly server: ProxmoxServer
  /** Of its certificate. */
  readonly ca: KeyPair
}

async function proxmoxEnvironment(
  folder: LabFolder,
  { server, ca }: ListeningProxmox,
  { administrator, least, rootPassword }: Credentials,
): Promise<Record<string, string>> {
  return {
    PROXMOX_URL: server.url,
    PROXMOX_TOKEN_ID: administrator.id,
    PROXMOX_SECRET: administrator.secret,
    PROXMOX_CA: await folder.write('proxmox-ca.pem', ca.certPem),
    PROXMOX_FINGERPRINT: fingerprint(server.certificate.certPem),
    PROXMOX_PASSWORD: rootPassword,
    ...(least === undefined ? {} : { PROXMOX_LEAST_TOKEN_ID: least.id, PROXMOX_LEAST_SECRET: least.secret }),
  }
}

async function naming<T>(
  backEnd: 'proxmox' | 'kubernetes',
  port: number,
  start: () => Promise<T>,
): Promise<T> {
  try {
    return await start()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new PortInUseError(backEnd, port, error)
    throw error
  }
}

async function stopAll(stops: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (const stop of stops.toReversed()) {
    try {
      await stop()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'the lab did not stop cleanly')
}
