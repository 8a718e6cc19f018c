import { KubeconfigError } from '../errors.ts'
import { chooseContext, decodeData, parseKubeconfig, requireServer } from './kubeconfig.ts'
import type { Connection } from './types.ts'

const CLUSTER_KEYS = new Set([
  'server',
  'certificate-authority-data',
  'tls-server-name',
  'disable-compression',
  'extensions',
])
const USER_KEYS = new Set(['token', 'client-certificate-data', 'client-key-data', 'extensions'])

/** Longest kubeconfig read as data, characters. */
const LONGEST = 256 * 1024

/**
 * Connection from a kubeconfig that somebody else wrote, so that it is data and never an instruction: only inline CA, certificate, key
 * or token, and only https. A plug-in, a file path, a proxy, a switched-off TLS check or any key not known to be harmless is refused
 * by its name. Throws KubeconfigError. That the server is the right one is the caller's to check.
 */
export function connectionFromKubeconfigData(text: string): Connection {
  if (text.length > LONGEST) throw new KubeconfigError(`kubeconfig is longer than ${LONGEST} characters`)
  const { cluster, user, userName } = chooseContext(parseKubeconfig(text))
  refuseUnknown('cluster', cluster, CLUSTER_KEYS)
  refuseUnknown('user', user, USER_KEYS)
  const server = requireServer(cluster.server)
  const url = new URL(server)
  if (url.protocol !== 'https:') throw new KubeconfigError('kubeconfig: server is not https')
  if (url.username || url.password || url.search || url.hash)
    throw new KubeconfigError('kubeconfig: server holds more than host, port and path')
  const ca = decodeData('certificate-authority-data', cluster['certificate-authority-data'])
  if (!ca) throw new KubeconfigError('kubeconfig: certificate-authority-data is missing')
  const connection: Connection = { server, ca }
  if (cluster['tls-server-name'] !== undefined) {
    if (typeof cluster['tls-server-name'] !== 'string')
      throw new KubeconfigError('kubeconfig: tls-server-name is not a string')
    connection.tlsServerName = cluster['tls-server-name']
  }
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
    throw new KubeconfigError(`kubeconfig: ${where} has "${key}", which is not allowed here`)
  }
}
