import { readFileSync } from 'node:fs'
import type { Proxmox, ProxmoxConfig } from '@fochista/proxmox'
import type { Context } from './context.ts'
import { UsageError } from './errors.ts'
import { credentialsFrom, required } from './proxmox-credentials.ts'

/**
 * A Proxmox connection from `PROXMOX_URL` (several separated by commas), the credentials of `credentialsFrom`, and for TLS
 * `PROXMOX_FINGERPRINT` or `PROXMOX_CA` (a file). A user is signed in: whoever is asked for a second factor has all the time. Throws UsageError
 * naming the variable that is missing, and what the sign-in throws.
 */
export async function connectProxmox(
  context: Pick<Context, 'environment' | 'io'> & Partial<Pick<Context, 'signal'>>,
): Promise<Proxmox> {
  const environment = await context.environment()
  const endpoints = required(environment, 'PROXMOX_URL')
    .split(',')
    .map((url) => url.trim())
  const credentials = await credentialsFrom(environment, context)
  const tls = tlsFrom(environment)
  const { createProxmox } = await import('@fochista/proxmox')
  const proxmox = inWordsOfVariables(() => createProxmox({ endpoints, credentials, ...(tls ? { tls } : {}) }))
  try {
    await proxmox.signIn({ signal: context.signal })
  } catch (error) {
    await proxmox.close()
    throw error
  }
  return proxmox
}

function tlsFrom(environment: Awaited<ReturnType<Context['environment']>>): ProxmoxConfig['tls'] {
  const fingerprint = environment['PROXMOX_FINGERPRINT']
  if (fingerprint) return { fingerprints: fingerprint.split(',').map((one) => one.trim()) }
  const caFile = environment['PROXMOX_CA']
  if (!caFile) return undefined
  try {
    return { ca: readFileSync(caFile, 'utf8') }
  } catch (error) {
    throw new UsageError(`PROXMOX_CA: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

/** Settings that the SDK refuses by their own names, by those that a person has set. */
const variables = { endpoints: 'PROXMOX_URL', 'tls.fingerprints': 'PROXMOX_FINGERPRINT' } as const

function inWordsOfVariables<T>(make: () => T): T {
  try {
    return make()
  } catch (error) {
    const message = error instanceof TypeError ? error.message : ''
    for (const [setting, variable] of Object.entries(variables))
      if (message.startsWith(`${setting}: `))
        throw new UsageError(variable + message.slice(setting.length), { cause: error })
    throw error
  }
}
