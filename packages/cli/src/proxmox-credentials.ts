import { readFileSync, statSync } from 'node:fs'
import type { Credentials } from '@fochista/proxmox'
import type { Context } from './context.ts'
import { CommandError, UsageError } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import { tr } from './locale.ts'
import { requirePrivate, type Environment } from './settings.ts'

/** Where somebody is asked, and what ends the question. */
type Asking = Pick<Context, 'io'> & Partial<Pick<Context, 'signal'>>

/**
 * Who signs in: an API token (`PROXMOX_TOKEN_ID`, `PROXMOX_SECRET`), or a user (`PROXMOX_USER`) with a password, which comes from
 * `PROXMOX_PASSWORD`, from the file `PROXMOX_PASSWORD_FILE`, or else is asked for on the terminal; a second factor that Proxmox wants comes from
 * `PROXMOX_OTP`, or is asked for too. A password is never an argument, which every user of the machine could read; the ticket it brings is kept in this
 * process only. Throws UsageError for what is missing or of the wrong form.
 */
export async function credentialsFrom(
  environment: Environment,
  { io, signal }: Asking,
): Promise<Credentials> {
  const username = environment['PROXMOX_USER']
  const tokenId = environment['PROXMOX_TOKEN_ID']
  if (username && tokenId)
    throw new UsageError(
      tr(
        'PROXMOX_USER and PROXMOX_TOKEN_ID are both set, and only one can sign in',
        'PROXMOX_USER e PROXMOX_TOKEN_ID sono entrambe impostate, e solo una può accedere',
      ),
      { hint: tr('Unset the one that is not meant.', 'Togli quella che non intendi.') },
    )
  if (username)
    return {
      username: userFrom(username),
      password: await passwordOf(username, environment, { io, signal }),
      secondFactor: secondFactorOf(username, environment, { io, signal }),
    }
  return {
    tokenId: tokenIdFrom(required(environment, 'PROXMOX_TOKEN_ID')),
    secret: required(environment, 'PROXMOX_SECRET'),
  }
}

/** The value of a variable. Throws UsageError where it has none. */
export function required(environment: Environment, name: string): string {
  const value = environment[name]
  if (value) return value
  throw new UsageError(tr(`${name} is not set`, `${name} non è impostata`), {
    hint: tr(
      'This call goes to Proxmox directly: set PROXMOX_URL, and PROXMOX_TOKEN_ID with PROXMOX_SECRET, or PROXMOX_USER.',
      'Questa chiamata va direttamente a Proxmox: imposta PROXMOX_URL, e PROXMOX_TOKEN_ID con PROXMOX_SECRET, oppure PROXMOX_USER.',
    ),
  })
}

async function passwordOf(
  username: string,
  environment: Environment,
  { io, signal }: Asking,
): Promise<string> {
  if (environment['PROXMOX_PASSWORD']) return environment['PROXMOX_PASSWORD']
  const file = environment['PROXMOX_PASSWORD_FILE']
  if (file) return passwordIn(file)
  const typed = await io.askSecret(tr(`Password of ${username}:`, `Password di ${username}:`), signal)
  if (typed) return typed
  throw new CommandError(tr(`there is no password for ${username}`, `manca la password di ${username}`), {
    hint: tr(
      'Set PROXMOX_PASSWORD_FILE or PROXMOX_PASSWORD, or run it in a terminal, which asks for it. Scripts do better with an API token.',
      'Imposta PROXMOX_PASSWORD_FILE o PROXMOX_PASSWORD, o esegui in un terminale, che la chiede. Per gli script è meglio un token API.',
    ),
    exitCode: exitCodes.notSignedIn,
  })
}

/** The variable's code serves the first sign-in: one of a command that outlives its ticket needs another. */
function secondFactorOf(
  username: string,
  environment: Environment,
  { io, signal }: Asking,
): () => string | Promise<string | undefined> {
  let given = environment['PROXMOX_OTP']
  return () => {
    const code = given
    given = undefined
    if (code) return code
    return io.askSecret(
      tr(
        `Code of ${username}’s second factor, or a recovery key:`,
        `Codice del secondo fattore di ${username}, o una chiave di recupero:`,
      ),
      signal,
    )
  }
}

/** The first line of a file that nobody else may read. */
function passwordIn(file: string): string {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
    requirePrivate(file, statSync(file).mode)
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError(
      `PROXMOX_PASSWORD_FILE: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    )
  }
  const [password = ''] = text.split(/\r?\n/)
  if (password !== '') return password
  throw new CommandError(
    tr(`PROXMOX_PASSWORD_FILE: ${file} is empty`, `PROXMOX_PASSWORD_FILE: ${file} è vuoto`),
  )
}

/** Refuses what is no user's name. */
function userFrom(given: string): string {
  if (/^[^\s:/!@]+(@[^\s@!]+)*@[A-Za-z][\w.-]+$/.test(given)) return given
  throw new UsageError(
    given.includes('!')
      ? tr(
          `PROXMOX_USER: "${given}" names a token; set it as PROXMOX_TOKEN_ID`,
          `PROXMOX_USER: "${given}" indica un token; impostalo come PROXMOX_TOKEN_ID`,
        )
      : tr(
          `PROXMOX_USER: "${given}" is not user@realm, such as root@pam`,
          `PROXMOX_USER: "${given}" non è utente@realm, ad esempio root@pam`,
        ),
  )
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
