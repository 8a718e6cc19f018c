import { argument, command, flag, list, text } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { dryRunOption } from '../waiting.ts'

interface ConnectionOptions {
  readonly url: string[]
  readonly tokenId: string | undefined
  readonly secretStdin: boolean
  readonly fingerprint: string[]
  readonly caFile: string | undefined
  readonly insecure: boolean
}

/**
 * `fochista proxmox add`: a ProxmoxCluster and the Secret with its token. The secret comes from PROXMOX_SECRET or standard
 * input, never from a flag: a process list shows those.
 */
export const proxmoxAdd = command({
  path: 'proxmox add <name>',
  summary: tr(
    'Add a Proxmox VE cluster: a ProxmoxCluster and its Secret',
    'Aggiunge un cluster Proxmox VE: un ProxmoxCluster e il suo Secret',
  ),
  options: {
    url: list(
      '--url <url>',
      tr(
        'https://host:8006 of a node; may be repeated (default: PROXMOX_URL)',
        'https://host:8006 di un nodo; ripetibile (predefinito: PROXMOX_URL)',
      ),
    ),
    tokenId: text(
      '--token-id <id>',
      tr(
        'API token, user@realm!name (default: PROXMOX_TOKEN_ID)',
        'token API, utente@realm!nome (predefinito: PROXMOX_TOKEN_ID)',
      ),
    ),
    secretStdin: flag(
      '--secret-stdin',
      tr(
        'read the token’s secret from standard input (default: PROXMOX_SECRET)',
        'legge il segreto del token dallo standard input (predefinito: PROXMOX_SECRET)',
      ),
    ),
    fingerprint: list(
      '--fingerprint <sha256>',
      tr(
        'pin the certificate (default: PROXMOX_FINGERPRINT)',
        'fissa il certificato (predefinito: PROXMOX_FINGERPRINT)',
      ),
    ),
    caFile: text('--ca-file <file>', tr('PEM of the certificate’s CA', 'PEM della CA del certificato')),
    insecure: flag(
      '--insecure',
      tr(
        'do not verify the certificate (not for production)',
        'non verifica il certificato (mai in produzione)',
      ),
    ),
    vmids: text(
      '--vmids <from-to>',
      tr('VMIDs we may use (default 10000-19999)', 'VMID che possiamo usare (predefinito 10000-19999)'),
    ),
    noCheck: flag('--no-check', tr('do not ask Proxmox first', 'non interroga prima Proxmox')),
    dryRun: dryRunOption,
  },
  examples: [
    'fochista proxmox add dc1 --url https://pve1.example:8006 --token-id fochista@pve!main --fingerprint AB:CD:… --secret-stdin < secret',
  ],
  run: async (context, args, options) => {
    const name = argument(args, 'name')
    const connection = await connectionFrom(context, options)
    const { proxmoxClusterManifests } = await import('@fochista/api')
    const manifests = proxmoxClusterManifests({ name, ...connection, vmidRange: parseRange(options.vmids) })
    if (options.dryRun) return printManifests(context.io, manifests.map(withoutSecret))
    if (!options.noCheck) context.io.note(await describeProxmox(connection))
    const kubernetes = await context.kubernetes()
    for (const manifest of manifests) await kubernetes.apply(manifest, { force: true })
    context.io.out(`proxmoxcluster/${name} ${tr('added', 'aggiunto')}`)
  },
})

type Connection = {
  readonly endpoints: string[]
  readonly tokenId: string
  readonly secret: string
  readonly tls?: { ca: string } | { fingerprints: string[] } | { insecureSkipVerify: true }
}

async function connectionFrom({ io }: Context, options: ConnectionOptions): Promise<Connection> {
  const split = (value: string | undefined): string[] =>
    value ? value.split(',').map((one) => one.trim()) : []
  const endpoints = options.url.length > 0 ? options.url : split(process.env['PROXMOX_URL'])
  if (endpoints.length === 0)
    throw new UsageError(tr('give --url or set PROXMOX_URL', 'indica --url o imposta PROXMOX_URL'))
  const tokenId = options.tokenId ?? process.env['PROXMOX_TOKEN_ID']
  if (!tokenId)
    throw new UsageError(
      tr('give --token-id or set PROXMOX_TOKEN_ID', 'indica --token-id o imposta PROXMOX_TOKEN_ID'),
    )
  const secret = options.secretStdin ? (await io.readInput()).trim() : process.env['PROXMOX_SECRET']
  if (!secret)
    throw new UsageError(
      tr('give --secret-stdin or set PROXMOX_SECRET', 'indica --secret-stdin o imposta PROXMOX_SECRET'),
    )
  const base = { endpoints, tokenId, secret }
  const fingerprints =
    options.fingerprint.length > 0 ? options.fingerprint : split(process.env['PROXMOX_FINGERPRINT'])
  if (options.insecure) return { ...base, tls: { insecureSkipVerify: true } }
  if (options.caFile) {
    const { readFile } = await import('node:fs/promises')
    return { ...base, tls: { ca: await readFile(options.caFile, 'utf8') } }
  }
  return fingerprints.length > 0 ? { ...base, tls: { fingerprints } } : base
}

function parseRange(given: string | undefined): { start: number; end: number } {
  const match = /^(\d+)-(\d+)$/.exec(given ?? '10000-19999')
  const [start, end] = [Number(match?.[1]), Number(match?.[2])]
  if (match && start >= 100 && start <= end && end <= 999_999_999) return { start, end }
  throw new UsageError(
    `--vmids: "${given}" ${tr('is not a range like 10000-19999 within 100 and 999999999', 'non è un intervallo come 10000-19999 fra 100 e 999999999')}`,
  )
}

/** Asks before anything is written, so that a wrong URL, certificate or token is said at once. */
async function describeProxmox(connection: Connection): Promise<string> {
  const { createProxmox } = await import('@fochista/proxmox')
  const { endpoints, tokenId, secret, tls } = connection
  const proxmox = createProxmox({ endpoints, credentials: { tokenId, secret }, tls })
  try {
    const [{ version }, nodes] = await Promise.all([proxmox.get('/version'), proxmox.get('/nodes')])
    return `Proxmox VE ${version}: ${nodes
      .map(({ node }) => node)
      .sort()
      .join(', ')}`
  } catch (error) {
    if (error instanceof Error && 'status' in error && error.status === 401) {
      throw new CommandError(
        tr(`Proxmox refused the token ${tokenId}`, `Proxmox ha rifiutato il token ${tokenId}`),
        {
          hint: tr(
            'Check the token id (user@realm!name) and its secret.',
            'Controlla l’id del token (utente@realm!nome) e il suo segreto.',
          ),
          cause: error,
        },
      )
    }
    throw error
  } finally {
    await proxmox.close()
  }
}

/** What `--dry-run` shows must be safe to paste anywhere. */
function withoutSecret(manifest: object): object {
  if (!('stringData' in manifest) || typeof manifest.stringData !== 'object' || manifest.stringData === null)
    return manifest
  return { ...manifest, stringData: { ...manifest.stringData, secret: '<hidden>' } }
}
