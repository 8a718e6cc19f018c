import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parse } from 'yaml'
import { KubeconfigError } from '../errors.ts'
import { execCredentials } from './exec.ts'
import type { ExecConfig } from './exec.ts'
import type { Connection } from './types.ts'

/** A cluster in a kubeconfig, as far as we read it. */
export type ClusterEntry = {
  server?: string
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'insecure-skip-tls-verify'?: boolean
  'tls-server-name'?: string
  'proxy-url'?: string
}
/** A user in a kubeconfig, as far as we read it. */
export type UserEntry = {
  token?: string
  tokenFile?: string
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  username?: string
  password?: string
  exec?: ExecConfig
  'auth-provider'?: unknown
  as?: string
  'as-groups'?: string[]
  'as-uid'?: string
}
type ContextEntry = { cluster?: string; user?: string; namespace?: string }
type Named<K extends string, T> = { name?: string } & { [key in K]?: T }

/** A kubeconfig file, as far as we read it. */
export type Kubeconfig = {
  'current-context'?: string
  clusters?: Named<'cluster', ClusterEntry>[]
  contexts?: Named<'context', ContextEntry>[]
  users?: Named<'user', UserEntry>[]
}

/** The chosen context of a kubeconfig with what it names. */
export type ChosenContext = {
  cluster: ClusterEntry
  user: UserEntry
  namespace: string | undefined
  userName: string
}

/** Parses a kubeconfig's text. Aliases are limited, so that a small text cannot grow into a huge object. Throws KubeconfigError. */
export function parseKubeconfig(text: string): Kubeconfig {
  let parsed: unknown
  try {
    parsed = parse(text, { maxAliasCount: 20 })
  } catch (error) {
    // The parser's message quotes the line it failed on, which may hold a key or a token.
    throw new KubeconfigError(
      `kubeconfig is not YAML (${error instanceof Error ? error.name : 'unknown error'})`,
    )
  }
  if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed))
    throw new KubeconfigError('kubeconfig is not a mapping')
  for (const list of ['clusters', 'contexts', 'users']) {
    const value = (parsed as Record<string, unknown>)[list]
    if (value === undefined || value === null) continue
    const isList = Array.isArray(value) && value.every((item) => item !== null && typeof item === 'object')
    if (!isList) throw new KubeconfigError(`kubeconfig: ${list} is not a list of mappings`)
  }
  return parsed as Kubeconfig
}

/** Picks a context by name, else the current one, else the only one. Throws KubeconfigError with the names there are. */
export function chooseContext(config: Kubeconfig, name?: string): ChosenContext {
  const contexts = config.contexts ?? []
  const wanted =
    name ?? (config['current-context'] || (contexts.length === 1 ? contexts[0]?.name : undefined))
  if (!wanted) throw new KubeconfigError('kubeconfig has no current context')
  const context = contexts.find((entry) => entry.name === wanted)?.context
  if (!context) {
    const names = contexts.map((entry) => entry.name).join(', ')
    throw new KubeconfigError(`kubeconfig has no context "${wanted}"; it has: ${names || 'none'}`)
  }
  const cluster = config.clusters?.find((entry) => entry.name === context.cluster)?.cluster
  if (!cluster)
    throw new KubeconfigError(
      `kubeconfig: context "${wanted}" names the unknown cluster "${context.cluster}"`,
    )
  const user = config.users?.find((entry) => entry.name === context.user)?.user ?? {}
  return { cluster, user, namespace: context.namespace, userName: context.user ?? '' }
}

/** Decodes base64 data of a kubeconfig; throws KubeconfigError naming the field, never its value. */
export function decodeData(field: string, value: unknown): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(value)) {
    throw new KubeconfigError(`kubeconfig: ${field} is not base64`)
  }
  return Buffer.from(value, 'base64').toString('utf8')
}

/** Checks a server address and removes its trailing slash. Throws KubeconfigError. */
export function requireServer(server: unknown): string {
  if (typeof server !== 'string' || !URL.canParse(server))
    throw new KubeconfigError('kubeconfig: server is not a URL')
  const url = new URL(server)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new KubeconfigError(`kubeconfig: server has the protocol ${url.protocol} instead of https:`)
  }
  return server.replace(/\/+$/, '')
}

/**
 * Connection from a kubeconfig: its text, or the path of a file (several joined by `:` are merged, the first mention of a name
 * wins). Certificates and keys may be data or files, relative to the kubeconfig; exec plug-ins are run when first needed.
 * Throws KubeconfigError.
 */
export async function connectionFromKubeconfig(
  textOrPath: string,
  options: { context?: string } = {},
): Promise<Connection> {
  const isText = textOrPath.includes('\n') || textOrPath.trimStart().startsWith('{')
  const merged: Kubeconfig = { clusters: [], contexts: [], users: [] }
  const read = isText
    ? [{ config: parseKubeconfig(textOrPath), folder: process.cwd() }]
    : textOrPath
        .split(':')
        .filter(Boolean)
        .map((path) => ({
          config: parseKubeconfig(readText('kubeconfig', path)),
          folder: dirname(resolve(path)),
        }))
  for (const { config, folder } of read) {
    if (!merged['current-context'] && config['current-context'])
      merged['current-context'] = config['current-context']
    const within = (file: string | undefined) => (!file || isAbsolute(file) ? file : resolve(folder, file))
    for (const entry of config.clusters ?? []) {
      const file = within(entry.cluster?.['certificate-authority'])
      merged.clusters?.push({
        ...entry,
        cluster: { ...entry.cluster, ...(file && { 'certificate-authority': file }) },
      })
    }
    for (const entry of config.users ?? []) {
      const user = { ...entry.user }
      for (const key of ['client-certificate', 'client-key', 'tokenFile'] as const) {
        const file = within(user[key])
        if (file) user[key] = file
      }
      const command = user.exec?.command
      if (user.exec && command?.includes('/')) user.exec = { ...user.exec, command: resolve(folder, command) }
      merged.users?.push({ ...entry, user })
    }
    merged.contexts?.push(...(config.contexts ?? []))
  }
  return connectionOf(chooseContext(merged, options.context))
}

function connectionOf({ cluster, user, namespace, userName }: ChosenContext): Connection {
  if (user['auth-provider']) {
    throw new KubeconfigError(
      `kubeconfig: user "${userName}" uses auth-provider, which Kubernetes has removed; use an exec plug-in`,
    )
  }
  const server = requireServer(cluster.server)
  const ca =
    decodeData('certificate-authority-data', cluster['certificate-authority-data']) ??
    readIfNamed('certificate-authority', cluster['certificate-authority'])
  const connection: Connection = { server }
  if (ca) connection.ca = ca
  if (cluster['insecure-skip-tls-verify']) connection.insecureSkipVerify = true
  if (cluster['tls-server-name']) connection.tlsServerName = cluster['tls-server-name']
  if (cluster['proxy-url']) connection.proxyUrl = cluster['proxy-url']
  if (namespace) connection.namespace = namespace
  if (user.as) {
    connection.impersonate = {
      user: user.as,
      ...(user['as-groups'] && { groups: user['as-groups'] }),
      ...(user['as-uid'] && { uid: user['as-uid'] }),
    }
  }
  const cert =
    decodeData('client-certificate-data', user['client-certificate-data']) ??
    readIfNamed('client-certificate', user['client-certificate'])
  const key =
    decodeData('client-key-data', user['client-key-data']) ?? readIfNamed('client-key', user['client-key'])
  if (cert && key) connection.clientCertificate = { cert, key }
  else if (cert || key)
    throw new KubeconfigError(
      `kubeconfig: user "${userName}" has ${cert ? 'a certificate without a key' : 'a key without a certificate'}`,
    )
  if (user.tokenFile) connection.token = tokenFromFile(user.tokenFile)
  else if (user.token) connection.token = user.token
  else if (user.username) connection.basic = { username: user.username, password: user.password ?? '' }
  else if (user.exec) connection.credentials = execCredentials(user.exec, { server, ca })
  return connection
}

/** How long a token file's content is used before it is read again, ms: the kubelet renews it well before it expires. */
const TOKEN_FILE_AGE = 60_000

/** A token that is read again from its file each minute and after a 401, since whoever renews it writes it there. */
export function tokenFromFile(path: string): (options?: { refresh: boolean }) => Promise<string> {
  let last: { token: string; readAt: number } | undefined
  return async ({ refresh } = { refresh: false }) => {
    if (!refresh && last && Date.now() - last.readAt < TOKEN_FILE_AGE) return last.token
    try {
      last = { token: readText('token file', path).trim(), readAt: Date.now() }
    } catch (error) {
      // While the file is being replaced the last token is still good.
      if (!last) throw error
    }
    return last.token
  }
}

function readIfNamed(what: string, path: string | undefined): string | undefined {
  return path ? readText(what, path) : undefined
}

/** At once: a small file, and to begin Node's threads and its promises of files takes a tenth of a short command. */
function readText(what: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new KubeconfigError(`cannot read the ${what} ${path}`, { cause: error })
  }
}
