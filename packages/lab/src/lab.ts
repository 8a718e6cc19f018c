import { randomBytes } from 'node:crypto'
import { createLabClock } from './clock.ts'
import { createLabFolder, kubeconfigText } from './environment.ts'
import type { LabFolder } from './environment.ts'
import { PortInUseError } from './errors.ts'
import { startManagementCluster } from './management/cluster.ts'
import type { ManagementCluster } from './management/cluster.ts'
import { createCa } from './pki.ts'
import { createLabNetwork } from './tenant/network.ts'

/** How a lab is started. */
export interface LabOptions {
  /** Ports of the two APIs; 0 for a free one. */
  readonly ports: { readonly proxmox: number; readonly kubernetes: number }
  /** Proxmox hosts. Default 3. */
  readonly hosts?: number
  /** How many times faster than real hardware things go. Default 1. */
  readonly speed?: number
  /** The world to start with: `default` or `empty`. Default `default`. */
  readonly seed?: string
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string
  /** Told what the parts would write to their logs when something goes wrong. Default: nobody. */
  readonly log?: (text: string) => void
}

/** A running lab. */
export interface Lab {
  /** Variables for clients of both back ends; files that they name are removed by `stop`. */
  readonly environment: Readonly<Record<string, string>>
  /** The Kubernetes side, for those in the same process. */
  readonly management: ManagementCluster
  /** Stops everything and removes what was written. Safe to call twice. */
  stop(): Promise<void>
}

/**
 * Starts both back ends in this process.
 * @throws PortInUseError when somebody else listens on a port; RangeError for a wrong speed or number of hosts, or a seed that does not exist.
 */
export async function startLab(options: LabOptions): Promise<Lab> {
  const clock = createLabClock(options.speed)
  const host = options.host ?? '127.0.0.1'
  const log = options.log ?? (() => {})
  // What was started is stopped in the opposite order, also when a later part fails to start.
  const stops: (() => Promise<unknown>)[] = []
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => (stopping ??= stopAll(stops))
  try {
    const folder = await createLabFolder()
    stops.push(() => folder.remove())
    const network = await createLabNetwork()
    stops.push(() => network.close())
    const ca = await createCa({ commonName: 'fochista-lab' })
    const token = randomBytes(24).toString('base64url')
    const management = await naming('kubernetes', options.ports.kubernetes, () =>
      startManagementCluster({
        clock,
        network,
        host,
        port: options.ports.kubernetes,
        ca,
        tokens: [{ token, user: { username: 'kubernetes-admin', groups: ['system:masters'] } }],
        log,
      }),
    )
    stops.push(() => management.stop())
    const environment = await kubernetesEnvironment(folder, management.api.url, ca.certPem, token)
    return { environment, management, stop }
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

async function stopAll(stops: (() => Promise<unknown>)[]): Promise<void> {
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
