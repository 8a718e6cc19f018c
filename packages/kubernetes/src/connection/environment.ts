import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { KubeconfigError } from '../errors.ts'
import { connectionFromKubeconfig, requireServer, tokenFromFile } from './kubeconfig.ts'
import type { Connection } from './types.ts'

/** What a command line may say about the connection; it wins over the environment. */
export type ConnectionFlags = {
  /** Path of a kubeconfig. */
  kubeconfig?: string
  /** Context in the kubeconfig. */
  context?: string
  /** Address of the API server, used with a token or as the address of a running `kubectl proxy`. */
  server?: string
  token?: string
  namespace?: string
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Connection to a running `kubectl proxy` (`http://127.0.0.1:8001`): plain HTTP, and the proxy adds who we are. */
export function connectionToProxy(url: string): Connection {
  return { server: requireServer(url) }
}

/**
 * Connection by settings, the first that is there: flags; `KUBECONFIG`; `KAMAJI_URL` with `KAMAJI_TOKEN` (and `KAMAJI_CA`: path or
 * PEM) or, without a token, a running `kubectl proxy`; the Pod's service account; `~/.kube/config`. A context named by flag needs a
 * kubeconfig. Throws KubeconfigError when nothing is set.
 */
export async function connectionFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  flags: ConnectionFlags = {},
): Promise<Connection> {
  const found = await find(env, flags)
  return flags.namespace ? { ...found, namespace: flags.namespace } : found
}

async function find(
  env: Readonly<Record<string, string | undefined>>,
  flags: ConnectionFlags,
): Promise<Connection> {
  const context = flags.context ? { context: flags.context } : {}
  if (flags.kubeconfig) return connectionFromKubeconfig(flags.kubeconfig, context)
  if (flags.server) return fromUrl(flags.server, flags.token, env['KAMAJI_CA'])
  if (env['KUBECONFIG']) return connectionFromKubeconfig(await existing(env['KUBECONFIG']), context)
  if (env['KAMAJI_URL'] && !flags.context)
    return fromUrl(env['KAMAJI_URL'], env['KAMAJI_TOKEN'], env['KAMAJI_CA'])
  if (env['KUBERNETES_SERVICE_HOST'] && existsSync(join(SERVICE_ACCOUNT, 'token')) && !flags.context)
    return connectionInCluster(env)
  const home = env['HOME'] ?? ownHome()
  const usual = home === undefined ? undefined : join(home, '.kube', 'config')
  if (usual !== undefined && existsSync(usual)) return connectionFromKubeconfig(usual, context)
  throw new KubeconfigError(
    'no management cluster: set KUBECONFIG, or KAMAJI_URL and KAMAJI_TOKEN, or write ~/.kube/config',
  )
}

/** A user whom the system does not know has none. */
function ownHome(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}

/** kubectl passes over files of a list that do not exist; a list of which none exists is a mistake worth telling. */
async function existing(list: string): Promise<string> {
  const paths = list.split(':').filter(Boolean)
  const there = paths.filter((path) => existsSync(path))
  if (there.length === 0) throw new KubeconfigError(`KUBECONFIG names no file that exists: ${list}`)
  return there.join(':')
}

async function fromUrl(url: string, token: string | undefined, ca: string | undefined): Promise<Connection> {
  const connection = connectionToProxy(url)
  if (token) connection.token = token
  if (ca) connection.ca = ca.includes('-----BEGIN') ? ca : readFileSync(ca, 'utf8')
  return connection
}

/**
 * Connection of a Pod to its own cluster. The token's file is read again as the kubelet renews it. `folder` is where the service
 * account is mounted. Throws KubeconfigError when not in a Pod.
 */
export async function connectionInCluster(
  env: Readonly<Record<string, string | undefined>>,
  folder: string = SERVICE_ACCOUNT,
): Promise<Connection> {
  const host = env['KUBERNETES_SERVICE_HOST']
  if (!host) throw new KubeconfigError('not in a Pod: KUBERNETES_SERVICE_HOST is not set')
  const name = host.includes(':') ? `[${host}]` : host
  const ofPod = join(folder, 'namespace')
  const namespace = existsSync(ofPod) ? readFileSync(ofPod, 'utf8') : ''
  return {
    server: `https://${name}:${env['KUBERNETES_SERVICE_PORT'] ?? '443'}`,
    ca: readFileSync(join(folder, 'ca.crt'), 'utf8'),
    token: tokenFromFile(join(folder, 'token')),
    ...(namespace && { namespace: namespace.trim() }),
  }
}
