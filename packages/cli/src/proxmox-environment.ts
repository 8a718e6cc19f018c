import type { Proxmox, ProxmoxConfig } from '@fochista/proxmox'
import { UsageError } from './errors.ts'
import { tr } from './locale.ts'

type Environment = Record<string, string | undefined>

/**
 * A Proxmox connection from `PROXMOX_URL` (several separated by commas), `PROXMOX_TOKEN_ID`, `PROXMOX_SECRET`, and for TLS
 * `PROXMOX_FINGERPRINT` or `PROXMOX_CA` (a file). Throws UsageError naming the variable that is missing.
 */
export async function connectProxmox(environment: Environment): Promise<Proxmox> {
  const { createProxmox } = await import('@fochista/proxmox')
  return createProxmox(await proxmoxConfigFrom(environment))
}

async function proxmoxConfigFrom(environment: Environment): Promise<ProxmoxConfig> {
  const required = (name: string): string => {
    const value = environment[name]
    if (value) return value
    throw new UsageError(tr(`${name} is not set`, `${name} non è impostata`), {
      hint: tr(
        'This call goes to Proxmox directly: set PROXMOX_URL, PROXMOX_TOKEN_ID and PROXMOX_SECRET.',
        'Questa chiamata va direttamente a Proxmox: imposta PROXMOX_URL, PROXMOX_TOKEN_ID e PROXMOX_SECRET.',
      ),
    })
  }
  const fingerprint = environment['PROXMOX_FINGERPRINT']
  const caFile = environment['PROXMOX_CA']
  const endpoints = required('PROXMOX_URL')
    .split(',')
    .map((url) => url.trim())
  const credentials = {
    tokenId: tokenIdFrom(required('PROXMOX_TOKEN_ID')),
    secret: required('PROXMOX_SECRET'),
  }
  if (fingerprint)
    return { endpoints, credentials, tls: { fingerprints: fingerprint.split(',').map((one) => one.trim()) } }
  if (!caFile) return { endpoints, credentials }
  const { readFile } = await import('node:fs/promises')
  return { endpoints, credentials, tls: { ca: await readFile(caFile, 'utf8') } }
}

/** Refuses what is no token's id; the `!` is what is forgotten most. */
function tokenIdFrom(given: string): string {
  if (/^[^\s:/!]+@[^\s@!]+![A-Za-z][\w.-]+$/.test(given)) return given
  const user = given.split('!')[0] ?? ''
  throw new UsageError(
    given.includes('!')
      ? tr(
          `PROXMOX_TOKEN_ID: "${given}" is not user@realm!name`,
          `PROXMOX_TOKEN_ID: "${given}" non è utente@realm!nome`,
        )
      : tr(
          `PROXMOX_TOKEN_ID: "${given}" has no "!": it goes between the user and the token’s name, ${given}!NAME`,
          `PROXMOX_TOKEN_ID: "${given}" non ha il "!": va fra l’utente e il nome del token, ${given}!NOME`,
        ),
    {
      hint: `${tr('names of the user’s tokens, on a host:', 'nomi dei token dell’utente, su un host:')}  pveum user token list ${user}`,
    },
  )
}
