/**
 * Gives what Proxmox asks for after the password: a code that changes with time (`123456`), a recovery key, or an answer of another kind
 * with that kind before it (`yubico:…`). Undefined: there is none. Proxmox takes each code once.
 * @param asked `kinds` are those that Proxmox takes of this user, such as `totp` and `recovery`.
 */
export type SecondFactor = (asked: {
  readonly username: string
  readonly kinds: readonly string[]
}) => string | undefined | Promise<string | undefined>

/** Kinds of answers that a challenge `PVE:!tfa!{…}:…` takes; empty for one that cannot be read. */
export function kindsAskedFor(challenge: string): string[] {
  try {
    const json = decodeURIComponent(/^PVE:!tfa!([^:]*):/.exec(challenge)?.[1] ?? '')
    return Object.keys(JSON.parse(json) as object)
  } catch {
    return []
  }
}

/** An answer as Proxmox takes it: its kind first. */
export function answerTo(given: string): string {
  const answer = given.trim()
  if (/^[a-z0-9]+:/.test(answer)) return answer
  // Devices show their code in groups at times.
  const code = answer.replaceAll(' ', '')
  return /^\d{6,9}$/.test(code) ? `totp:${code}` : `recovery:${answer}`
}
