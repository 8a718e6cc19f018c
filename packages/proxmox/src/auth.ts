/** An API token, or a user's password. */
export type Credentials =
  | { /** `user@realm!name` */ readonly tokenId: string; readonly secret: string }
  | { /** `user@realm` */ readonly username: string; readonly password: string }

/** Sends a login and resolves to the answer's data. */
export type Login = (form: {
  username: string
  password: string
}) => Promise<{ ticket?: string; CSRFPreventionToken?: string; NeedTFA?: unknown }>

/** Gives the headers that prove who calls. */
export interface Authenticator {
  /** Headers for a call; CSRF's only on writes. Logs in first where a ticket is missing or old. */
  headers(isWrite: boolean): Promise<Record<string, string>>
  /** Forgets a ticket that was refused. @returns whether trying again can help. */
  refused(): boolean
}

/** A ticket lives two hours; renewing at half of that never meets its end. */
const RENEW_AFTER_MS = 3_600_000

/** Makes the authenticator for the credentials. */
export function createAuthenticator(
  credentials: Credentials,
  login: Login,
  now: () => number = Date.now,
): Authenticator {
  if ('tokenId' in credentials) {
    const authorization = `PVEAPIToken=${credentials.tokenId}=${credentials.secret}`
    return { headers: () => Promise.resolve({ authorization }), refused: () => false }
  }
  let session: { ticket: string; csrf: string; since: number } | undefined
  let pending: Promise<void> | undefined
  const renew = async (): Promise<void> => {
    // A valid ticket is accepted in place of the password, so that a second factor is asked for once.
    const data = await login({
      username: credentials.username,
      password: session?.ticket ?? credentials.password,
    })
    if (!data.ticket || !data.CSRFPreventionToken || data.NeedTFA)
      throw new TypeError(`${credentials.username} needs a second factor; use an API token`)
    session = { ticket: data.ticket, csrf: data.CSRFPreventionToken, since: now() }
  }
  return {
    headers: async (isWrite) => {
      if (!session || now() - session.since > RENEW_AFTER_MS) {
        pending ??= renew().finally(() => (pending = undefined))
        await pending
      }
      const { ticket = '', csrf = '' } = session ?? {}
      return {
        cookie: `PVEAuthCookie=${encodeURIComponent(ticket)}`,
        ...(isWrite ? { csrfpreventiontoken: csrf } : {}),
      }
    },
    refused: () => {
      const had = session !== undefined
      session = undefined
      return had
    },
  }
}
