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
  const credentials = { tokenId: required('PROXMOX_TOKEN_ID'), secret: required('PROXMOX_SECRET') }
  if (fingerprint)
    return { endpoints, credentials, tls: { fingerprints: fingerprint.split(',').map((one) => one.trim()) } }
  if (!caFile) return { endpoints, credentials }
  const { readFile } = await import('node:fs/promises')
  return { endpoints, credentials, tls: { ca: await readFile(caFile, 'utf8') } }
}
