import { KubeconfigError } from '../errors.ts'
import { chooseContext, decodeData, parseKubeconfig, requireServer } from './kubeconfig.ts'
import type { Connection } from './types.ts'

const TOP_KEYS = new Set(['apiVersion', 'kind', 'preferences', 'current-context'])
const LISTS = ['clusters', 'contexts', 'users'] as const
const CLUSTER_KEYS = new Set(['server', 'certificate-authority-data'])
const CONTEXT_KEYS = new Set(['cluster', 'user', 'namespace'])
const USER_KEYS = new Set(['token', 'client-certificate-data', 'client-key-data'])

/** Longest kubeconfig read as data, characters. */
const LONGEST = 256 * 1024

/**
 * Connection from a kubeconfig that somebody else wrote, so that it is data and never an instruction: only inline CA, certificate, key
 * or token, and only https. A plug-in, a file path, a proxy, another server name, a switched-off TLS check, a second cluster, context
 * or user, or any key not known to be harmless is refused by its name. Throws KubeconfigError. That the server is the right one is the caller's to check.
 */
export function connectionFromKubeconfigData(text: string): Connection {
  if (text.length > LONGEST) throw new KubeconfigError(`kubeconfig is longer than ${LONGEST} characters`)
  const config = parseKubeconfig(text)
  refuseUnknown('the top level', config, new Set([...TOP_KEYS, ...LISTS]))
  for (const list of LISTS) {
    const [, extra] = config[list] ?? []
    if (extra) throw new KubeconfigError(`kubeconfig: ${list} has more than one entry: ${quoted(extra.name)}`)
  }
  const { cluster, user, userName } = chooseContext(config)
  refuseUnknown('cluster', cluster, CLUSTER_KEYS)
  refuseUnknown('context', config.contexts?.[0]?.context ?? {}, CONTEXT_KEYS)
  refuseUnknown('user', user, USER_KEYS)
  const server = requireServer(cluster.server)
  const url = new URL(server)
  if (url.protocol !== 'https:') throw new KubeconfigError('kubeconfig: server is not https')
  if (url.username || url.password || url.search || url.hash)
    throw new KubeconfigError('kubeconfig: server holds more than host, port and path')
  const ca = decodeData('certificate-authority-data', cluster['certificate-authority-data'])
  if (!ca) throw new KubeconfigError('kubeconfig: certificate-authority-data is missing')
  const connection: Connection = { server, ca }
  const cert = decodeData('client-certificate-data', user['client-certificate-data'])
  const key = decodeData('client-key-data', user['client-key-data'])
  if (cert && key) connection.clientCertificate = { cert, key }
  else if (user.token) {
    // A line break in a token would be a header of its own.
    if (typeof user.token !== 'string' || !/^[\x21-\x7e]+$/.test(user.token))
      throw new KubeconfigError('kubeconfig: token has characters that a token cannot have')
    connection.token = user.token
  } else
    throw new KubeconfigError(`kubeconfig: user "${userName}" has neither a certificate with key nor a token`)
  return connection
}

function refuseUnknown(where: string, entry: object, allowed: ReadonlySet<string>): void {
  if (entry === null || typeof entry !== 'object')
    throw new KubeconfigError(`kubeconfig: ${where} is not a mapping`)
  for (const [key, value] of Object.entries(entry)) {
    if (allowed.has(key) || value === undefined || value === null || value === false) continue
    throw new KubeconfigError(`kubeconfig: ${where} has ${quoted(key)}, which is not allowed here`)
  }
}

/** A name as somebody wrote it, short and on one line. */
const quoted = (name: unknown): string => JSON.stringify(String(name).slice(0, 63))
