import { closest } from './closest.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { tr } from './locale.ts'

/** A failure that the command explains itself: one sentence, and what to type or do next. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
  /** The next thing to do, shown indented below the message. */
  readonly hint: string | undefined
  readonly exitCode: ExitCode

  constructor(
    message: string,
    options: { hint?: string | undefined; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.hint = options.hint
    this.exitCode = options.exitCode ?? exitCodes.failed
  }
}

/** The words of the command line are wrong; names the option, the value and the rule. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError'
}

/** The user stopped it (Ctrl-C). Nothing is printed about it but what goes on without us. */
export class CancelledError extends CommandError {
  override readonly name = 'CancelledError'
  constructor(hint?: string) {
    super(tr('Cancelled.', 'Annullato.'), { hint, exitCode: exitCodes.cancelled })
  }
}

/** What was asked for goes on, but the wait for it ended. */
export class StillInProgressError extends CommandError {
  override readonly name = 'StillInProgressError'
  constructor(message: string, hint?: string) {
    super(message, { hint, exitCode: exitCodes.stillInProgress })
  }
}

/** The hint `did you mean "x"?`, where one of the names is near enough to what was typed. */
export function didYouMean(typed: string, names: readonly string[]): { hint?: string } {
  const near = closest(typed, names)
  return near === undefined ? {} : { hint: `${tr('did you mean', 'intendevi')} "${near}"?` }
}

/** What `main` prints of an error, and the code it exits with. */
export interface Explanation {
  readonly message: string
  readonly hint?: string | undefined
  readonly exitCode: ExitCode
}

/**
 * Explains any error, in words that a terminal takes for nothing else: a server or a tenant may have written them. Errors of the SDKs are told
 * apart by name and fields: no SDK is loaded to print one.
 */
export function explain(error: unknown): Explanation {
  const { message, hint, exitCode } = reasonOf(error)
  return { message: harmless(message), hint: hint && harmless(hint), exitCode }
}

/** Text without control characters but those that end a line or indent it. */
const harmless = (text: string): string => text.replaceAll(/[^\P{Cc}\n\t]+/gu, ' ')

function reasonOf(error: unknown): Explanation {
  if (error instanceof CommandError)
    return { message: error.message, hint: error.hint, exitCode: error.exitCode }
  if (!(error instanceof Error)) return { message: String(error), exitCode: exitCodes.failed }
  if (error.name === 'AbortError')
    return { message: tr('Cancelled.', 'Annullato.'), exitCode: exitCodes.cancelled }
  const message = [error.message, ...fieldsOf(error)].join('\n  ')
  const facts = error as Error & {
    status?: unknown
    path?: unknown
    fingerprint?: unknown
    username?: unknown
    problem?: unknown
    kinds?: unknown
  }
  if (error.name === 'ProxmoxSecondFactorError') return secondFactor(facts)
  if (facts.status === 401 || error.name === 'KubeconfigError')
    return { message, hint: signIn(error.name, facts.path), exitCode: exitCodes.notSignedIn }
  return { message, hint: hintFor(error.name, facts), exitCode: exitCodes.failed }
}

/** One line for each field that Kubernetes refused, unless the message says it already. */
function fieldsOf(error: Error): string[] {
  const { causes } = error as Error & { causes?: unknown }
  if (!Array.isArray(causes)) return []
  return (causes as { field?: string; message?: string }[])
    .filter(({ message }) => message && !error.message.includes(message))
    .map(({ field = '', message }) => `${field}: ${message}`)
}

/** Kinds of second factors that somebody can type. */
const TYPED = new Set(['totp', 'recovery', 'yubico'])

function secondFactor(facts: { username?: unknown; problem?: unknown; kinds?: unknown }): Explanation {
  const username = String(facts.username)
  const kinds = Array.isArray(facts.kinds) ? (facts.kinds as unknown[]).map(String) : []
  const exitCode = exitCodes.notSignedIn
  if (facts.problem === 'refused')
    return {
      message: tr(
        `the second factor of ${username} was refused`,
        `il secondo fattore di ${username} è stato rifiutato`,
      ),
      hint: tr(
        'Proxmox takes each code once: wait for the next one, about half a minute. After eight wrong codes only a recovery key or an administrator helps.',
        'Proxmox accetta ogni codice una volta: aspetta il prossimo, circa mezzo minuto. Dopo otto codici errati serve una chiave di recupero o un amministratore.',
      ),
      exitCode,
    }
  const token = `${tr('make an API token on a host, and set PROXMOX_TOKEN_ID and PROXMOX_SECRET to it:', 'crea un token API su un host, e imposta con esso PROXMOX_TOKEN_ID e PROXMOX_SECRET:')}  pveum user token add ${username} fochista`
  if (kinds.length > 0 && !kinds.some((kind) => TYPED.has(kind)))
    return {
      message: tr(
        `${username} signs in with a second factor (${kinds.join(', ')}), which this command cannot give`,
        `${username} accede con un secondo fattore (${kinds.join(', ')}), che questo comando non può dare`,
      ),
      hint: token,
      exitCode,
    }
  return {
    message: tr(
      `${username} signs in with a second factor, and there is no code`,
      `${username} accede con un secondo fattore, e manca il codice`,
    ),
    hint: `${tr('Set PROXMOX_OTP to the code, or run it in a terminal, which asks for it. Scripts do better with an API token;', 'Imposta PROXMOX_OTP con il codice, o esegui in un terminale, che lo chiede. Per gli script è meglio un token API;')}\n${token}`,
    exitCode,
  }
}

function signIn(name: string, path: unknown): string {
  if (name.startsWith('Proxmox') && path === '/access/ticket')
    return tr(
      'Check PROXMOX_USER (user@realm) and its password.',
      'Controlla PROXMOX_USER (utente@realm) e la sua password.',
    )
  if (name.startsWith('Proxmox'))
    return tr(
      'Check PROXMOX_TOKEN_ID (user@realm!name) and PROXMOX_SECRET.',
      'Controlla PROXMOX_TOKEN_ID (utente@realm!nome) e PROXMOX_SECRET.',
    )
  return tr(
    'Set KUBECONFIG, or KAMAJI_URL and KAMAJI_TOKEN, to what the management cluster accepts.',
    'Imposta KUBECONFIG, oppure KAMAJI_URL e KAMAJI_TOKEN, con ciò che il cluster di gestione accetta.',
  )
}

function hintFor(
  name: string,
  {
    status,
    path,
    fingerprint,
    message,
  }: { status?: unknown; path?: unknown; fingerprint?: unknown; message: string },
): string | undefined {
  if (name === 'ProxmoxTlsError') return tlsHint(fingerprint)
  if (/Connection|Timeout/.test(name))
    return name.startsWith('Proxmox')
      ? tr('Is PROXMOX_URL right, and the host up?', 'PROXMOX_URL è corretta, e l’host è acceso?')
      : tr(
          'Is the management cluster up, and the address in KUBECONFIG or KAMAJI_URL right?',
          'Il cluster di gestione è attivo, e l’indirizzo in KUBECONFIG o KAMAJI_URL è corretto?',
        )
  const isOurs = typeof path === 'string' && path.startsWith('/apis/fochista.dev/')
  if (name === 'ManifestError' || name === 'NotInstalledError' || (status === 404 && isOurs))
    return `${tr('Are our kinds installed? Install them with:', 'I nostri tipi sono installati? Installali con:')}  fochista install`
  if (status === 404 && typeof path === 'string') {
    if (path.startsWith('/apis/kamaji.clastix.io/'))
      return tr(
        'Is this the management cluster, and Kamaji installed in it?',
        'È questo il cluster di gestione, e Kamaji vi è installato?',
      )
  }
  // A webhook's refusal has the same status, and no role helps against it.
  if (status === 403 && name.startsWith('Kubernetes') && !message.startsWith('admission webhook '))
    return tr(
      'An operator can bind the ClusterRole fochista-tenant-admin or fochista-operator to you.',
      'Un operatore può assegnarti il ClusterRole fochista-tenant-admin o fochista-operator.',
    )
  return undefined
}

function tlsHint(fingerprint: unknown): string {
  const ways = tr(
    'Pin the certificate (PROXMOX_FINGERPRINT) or give its CA (PROXMOX_CA); `fochista proxmox add` also takes --fingerprint, --ca-file and, not for production, --insecure.',
    'Fissa il certificato (PROXMOX_FINGERPRINT) o indica la sua CA (PROXMOX_CA); `fochista proxmox add` accetta anche --fingerprint, --ca-file e, mai in produzione, --insecure.',
  )
  if (typeof fingerprint !== 'string') return ways
  const compare = tr(
    'If `pvenode cert info` on the host shows the same fingerprint, pin it:',
    'Se `pvenode cert info` sull’host mostra la stessa impronta, fissala:',
  )
  return `${ways}\n${compare}  export PROXMOX_FINGERPRINT=${fingerprint}`
}
