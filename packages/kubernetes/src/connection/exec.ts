import { KubeconfigError } from '../errors.ts'
import type { Credentials } from './types.ts'

/** The `exec` part of a kubeconfig's user: a program that prints an ExecCredential. */
export type ExecConfig = {
  apiVersion?: string
  command?: string
  args?: string[] | null
  env?: { name: string; value: string }[] | null
  installHint?: string
  provideClusterInfo?: boolean
  interactiveMode?: 'Never' | 'IfAvailable' | 'Always'
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']
/** A credential this close to its end is asked for again, ms. */
const EXPIRY_MARGIN = 30_000
/** Time for a plug-in to answer, ms: it may wait for a person in a browser. */
const EXEC_TIMEOUT = 120_000

/**
 * Credentials from an exec plug-in: run once, kept until they expire (for ever if the plug-in names no time), asked for again after the
 * server refused them. Calls at the same time share one run. Throws KubeconfigError with the plug-in's own install hint.
 */
export function execCredentials(
  config: ExecConfig,
  cluster: { server: string; ca: string | undefined },
): (options: { refresh: boolean }) => Promise<Credentials> {
  const { apiVersion = '', command } = config
  if (!command) throw new KubeconfigError('kubeconfig: exec names no command')
  if (!VERSIONS.includes(apiVersion)) {
    throw new KubeconfigError(
      `kubeconfig: exec has apiVersion "${apiVersion}", known are ${VERSIONS.join(' and ')}`,
    )
  }
  if (config.interactiveMode === 'Always') {
    throw new KubeconfigError(`kubeconfig: the exec plug-in ${command} wants a terminal, which is not there`)
  }
  let kept: { credentials: Credentials; expiresAt: number } | undefined
  let running: Promise<Credentials> | undefined
  return ({ refresh }) => {
    if (running) return running
    if (!refresh && kept && Date.now() < kept.expiresAt - EXPIRY_MARGIN)
      return Promise.resolve(kept.credentials)
    running = runPlugin(config, command, apiVersion, cluster)
      .then((fresh) => {
        kept = fresh
        return fresh.credentials
      })
      .finally(() => (running = undefined))
    return running
  }
}

async function runPlugin(
  config: ExecConfig,
  command: string,
  apiVersion: string,
  cluster: { server: string; ca: string | undefined },
): Promise<{ credentials: Credentials; expiresAt: number }> {
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(config.provideClusterInfo && {
        cluster: {
          server: cluster.server,
          ...(cluster.ca && { 'certificate-authority-data': Buffer.from(cluster.ca).toString('base64') }),
        },
      }),
    },
  }
  const env = { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) } as Record<string, string>
  for (const { name, value } of config.env ?? []) env[name] = value
  // Loaded with the first plug-in: most kubeconfigs have none.
  const { execFile } = process.getBuiltinModule('node:child_process')
  const output = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      command,
      config.args ?? [],
      { env, timeout: EXEC_TIMEOUT, maxBuffer: 1024 * 1024 },
      (error, stdout, stderr) => {
        if (!error) return resolve(stdout)
        // The error's own message holds the arguments, and those may hold a secret.
        // EACCES is said also of a name that nobody finds, where a folder of PATH may not be read.
        const isMissing = error.code === 'ENOENT' || (error.code === 'EACCES' && !command.includes('/'))
        const why = isMissing
          ? 'not found'
          : error.killed
            ? 'no answer in time'
            : `exit status ${String(error.code)}`
        const hint = isMissing && config.installHint ? `\n${config.installHint}` : ''
        const told = stderr.trim().slice(-500)
        return reject(new KubeconfigError(`exec plug-in ${command}: ${why}${told ? `: ${told}` : ''}${hint}`))
      },
    )
    child.stdin?.end()
  })
  return readCredential(output, command, apiVersion)
}

function readCredential(
  output: string,
  command: string,
  apiVersion: string,
): { credentials: Credentials; expiresAt: number } {
  type ExecCredential = {
    apiVersion?: string
    kind?: string
    status?: {
      token?: string
      clientCertificateData?: string
      clientKeyData?: string
      expirationTimestamp?: string
    }
  }
  let answer: ExecCredential
  try {
    answer = JSON.parse(output) as ExecCredential
  } catch {
    throw new KubeconfigError(`exec plug-in ${command}: its answer is not JSON`)
  }
  if (answer?.kind !== 'ExecCredential' || answer.apiVersion !== apiVersion) {
    throw new KubeconfigError(`exec plug-in ${command}: its answer is not an ExecCredential of ${apiVersion}`)
  }
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = answer.status ?? {}
  if (!token && !(cert && key))
    throw new KubeconfigError(
      `exec plug-in ${command}: its answer has neither token nor certificate with key`,
    )
  const expiresAt = expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY
  return {
    credentials: { ...(token && { token }), ...(cert && key && { clientCertificate: { cert, key } }) },
    expiresAt: Number.isNaN(expiresAt) ? 0 : expiresAt,
  }
}
