import { isUnauthorized } from './failures.ts'
import { answerTo, kindsAskedFor, type SecondFactor } from './second-factor.ts'
import { ProxmoxApiError, ProxmoxSecondFactorError } from './errors.ts'

/** An API token, or a user's password. */
export type Credentials =
  | { /** `user@realm!name` */ readonly tokenId: string; readonly secret: string }
  | {
      /** `user@realm` */
      readonly username: string
      readonly password: string
      /** Asked at each sign-in by which Proxmox wants more than the password. @default such a user cannot sign in */
      readonly secondFactor?: SecondFactor | undefined
    }

/** Sends a login and resolves to the answer's data. */
export type Login = (form: {
  username: string
  /** The password, a valid ticket, or the answer to a challenge. */
  password: string
  /** The ticket by which a second factor was asked for. */
  'tfa-challenge'?: string
}) => Promise<{ ticket?: string; CSRFPreventionToken?: string; NeedTFA?: unknown }>

/** Headers that prove who calls. */
export type AuthHeaders = Readonly<Record<string, string>>

/** Gives the headers that prove who calls. */
export interface Authenticator {
  /** Headers for a call; CSRF's only on writes. Logs in first where a ticket is missing or old; a token's are there at once. */
  headers(isWrite: boolean): AuthHeaders | Promise<AuthHeaders>
  /** Forgets the ticket in these headers, which was refused. @returns whether trying again can help. */
  refused(headers: AuthHeaders): boolean
}

/** A ticket lives two hours; renewing at half of that never meets its end. */
const RENEW_AFTER_MS = 3_600_000
/** Until then an old ticket still serves when it cannot be renewed just now; after it only the password helps. */
const VALID_FOR_MS = 7_200_000 - 300_000

/**
 * Makes the authenticator for the credentials. Throws a TypeError, without their secret part, for credentials that cannot be sent.
 */
export function createAuthenticator(
  credentials: Credentials,
  login: Login,
  now: () => number = Date.now,
): Authenticator {
  if ('tokenId' in credentials) {
    const { tokenId } = credentials
    if (!/^[^\s:/!]+@[^\s!]+![A-Za-z][\w.-]+$/.test(tokenId))
      throw new TypeError(
        `credentials.tokenId: "${tokenId}" is not of the form user@realm!name${tokenId.includes('!') ? '' : ': the "!" goes between the user and the token’s name'}`,
      )
    if (!/^[\x21-\x7e]+$/.test(credentials.secret))
      throw new TypeError('credentials.secret: empty, or with characters that a token secret cannot have')
    const headers = { authorization: `PVEAPIToken=${credentials.tokenId}=${credentials.secret}` }
    return { headers: () => headers, refused: () => false }
  }
  return createTicketAuthenticator(credentials, login, now)
}

function createTicketAuthenticator(
  { username, password, secondFactor }: Exclude<Credentials, { tokenId: string }>,
  login: Login,
  now: () => number,
): Authenticator {
  let session: { ticket: string; csrf: string; since: number } | undefined
  let pending: Promise<void> | undefined
  const signIn = async (proof: string): Promise<void> => {
    const since = now()
    let data = await login({ username, password: proof })
    if (data.NeedTFA) {
      const challenge = data.ticket ?? ''
      const kinds = kindsAskedFor(challenge)
      const given = await secondFactor?.({ username, kinds })
      if (!given) throw new ProxmoxSecondFactorError(username, kinds, 'missing')
      try {
        data = await login({ username, password: answerTo(given), 'tfa-challenge': challenge })
      } catch (error) {
        if (isUnauthorized(error)) throw new ProxmoxSecondFactorError(username, kinds, 'refused')
        throw error
      }
    }
    if (!data.ticket || !data.CSRFPreventionToken)
      throw new ProxmoxApiError({ method: 'POST', path: '/access/ticket' }, 401, 'the answer has no ticket')
    session = { ticket: data.ticket, csrf: data.CSRFPreventionToken, since }
  }
  const renew = async (): Promise<void> => {
    const age = session ? now() - session.since : Number.POSITIVE_INFINITY
    if (!session || age > VALID_FOR_MS) return signIn(password)
    try {
      // A valid ticket is accepted in place of the password.
      await signIn(session.ticket)
    } catch (error) {
      if (isUnauthorized(error)) return signIn(password)
      // Proxmox is out of reach, not the ticket: the call itself will say so, or succeed elsewhere.
    }
  }
  return {
    headers: async (isWrite) => {
      if (!session || now() - session.since > RENEW_AFTER_MS) {
        pending ??= renew().finally(() => (pending = undefined))
        await pending
      }
      const { ticket = '', csrf = '' } = session ?? {}
      return { ...cookie(ticket), ...(isWrite ? { csrfpreventiontoken: csrf } : {}) }
    },
    refused: (headers) => {
      // Calls that were under way together are refused together: only the first of them forgets.
      if (session && headers['cookie'] === cookie(session.ticket).cookie) session = undefined
      return true
    },
  }
}

function cookie(ticket: string): { cookie: string } {
  return { cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}` }
}
