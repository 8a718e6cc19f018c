import type { KubernetesObject } from '@fochista/kubernetes'
import { argument, command, flag, list, text } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { dryRunOption } from '../waiting.ts'
import { shownFingerprint } from './certificate.ts'
import { proxmoxClusters } from './resource.ts'

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
    'add a Proxmox VE cluster, or change its token: a ProxmoxCluster and its Secret',
    'aggiunge un cluster Proxmox VE, o ne cambia il token: un ProxmoxCluster e il suo Secret',
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
    caFile: text(
      '--ca-file <file>',
      tr(
        'PEM of the certificate’s CA (default: PROXMOX_CA)',
        'PEM della CA del certificato (predefinito: PROXMOX_CA)',
      ),
    ),
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
    const given = options.vmids === undefined ? undefined : parseRange(options.vmids)
    const connection = await connectionFrom(context, options)
    const { proxmoxClusterManifests } = await import('@fochista/api')
    // Added again it gets a new token; a range that nobody speaks of stays as it is.
    const vmidRange = given ?? (await existingRange(context, name)) ?? parseRange('10000-19999')
    const manifests = proxmoxClusterManifests({ name, ...connection, vmidRange })
    if (options.dryRun) return printManifests(context.io, manifests.map(withoutSecret))
    if (!options.noCheck) context.io.note(await describeProxmox(connection))
    const kubernetes = await context.kubernetes()
    for (const manifest of manifests) await kubernetes.apply<KubernetesObject>(manifest, { force: true })
    context.io.out(`proxmoxcluster/${name} ${tr('added', 'aggiunto')}`)
  },
})

type Connection = {
  readonly endpoints: string[]
  readonly tokenId: string
  readonly secret: string
  readonly tls?: { ca: string } | { fingerprints: string[] } | { insecureSkipVerify: true }
}

/** The range of the ProxmoxCluster of that name, if there is one. */
async function existingRange(
  context: Context,
  name: string,
): Promise<{ start: number; end: number } | undefined> {
  const { isNotFound, orUndefined } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const found = await orUndefined(isNotFound, kubernetes.get(await proxmoxClusters.kind(), { name }))
  return found?.spec.vmidRange
}

async function connectionFrom(context: Context, options: ConnectionOptions): Promise<Connection> {
  const environment = await context.environment()
  const ways = [options.insecure, options.caFile !== undefined, options.fingerprint.length > 0]
  if (ways.filter(Boolean).length > 1)
    throw new UsageError(
      tr(
        'give only one of --fingerprint, --ca-file and --insecure',
        'indica uno solo fra --fingerprint, --ca-file e --insecure',
      ),
    )
  const split = (value: string | undefined): string[] =>
    value ? value.split(',').map((one) => one.trim()) : []
  const endpoints = options.url.length > 0 ? options.url : split(environment['PROXMOX_URL'])
  if (endpoints.length === 0)
    throw new UsageError(tr('give --url or set PROXMOX_URL', 'indica --url o imposta PROXMOX_URL'))
  const tokenId = options.tokenId ?? environment['PROXMOX_TOKEN_ID']
  if (!tokenId)
    throw new UsageError(
      tr('give --token-id or set PROXMOX_TOKEN_ID', 'indica --token-id o imposta PROXMOX_TOKEN_ID'),
    )
  const secret = options.secretStdin ? (await context.io.readInput()).trim() : environment['PROXMOX_SECRET']
  if (!secret)
    throw new UsageError(
      tr('give --secret-stdin or set PROXMOX_SECRET', 'indica --secret-stdin o imposta PROXMOX_SECRET'),
    )
  const base = { endpoints, tokenId, secret }
  const fingerprints =
    options.fingerprint.length > 0 ? options.fingerprint : split(environment['PROXMOX_FINGERPRINT'])
  if (options.insecure) return { ...base, tls: { insecureSkipVerify: true } }
  if (options.caFile) return { ...base, tls: { ca: await readCa(options.caFile) } }
  if (fingerprints.length > 0) return { ...base, tls: { fingerprints } }
  const caFile = environment['PROXMOX_CA']
  return caFile ? { ...base, tls: { ca: await readCa(caFile) } } : base
}

async function readCa(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(
      `${tr('cannot read the CA', 'impossibile leggere la CA')} ${path}: ${error instanceof Error ? error.message : String(error)}`,
    )
  })
}

function parseRange(given: string): { start: number; end: number } {
  const match = /^(\d+)-(\d+)$/.exec(given)
  const [start, end] = [Number(match?.[1]), Number(match?.[2])]
  if (match && start >= 100 && start <= end && end <= 999_999_999) return { start, end }
  throw new UsageError(
    `--vmids: "${given}" ${tr('is not a range like 10000-19999 within 100 and 999999999', 'non è un intervallo come 10000-19999 fra 100 e 999999999')}`,
  )
}

/** Asks before anything is written, so that a wrong URL, certificate or token is said at once. */
async function describeProxmox(connection: Connection): Promise<string> {
  const { createProxmox, isTlsError } = await import('@fochista/proxmox')
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
    if (isTlsError(error) && error.fingerprint === undefined) {
      const [first = ''] = endpoints
      // Told with what is shown, the error's hint can say what to compare and pin.
      throw Object.assign(error, { fingerprint: await shownFingerprint(first) })
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
