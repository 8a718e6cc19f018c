import { createHash, timingSafeEqual } from 'node:crypto'

/** Digits of a crypt string, lowest first. */
export const CRYPT_ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Rounds of a string that names none. */
const ROUNDS = 5000

/** The schemes: which digest, its bytes, and which bytes stand together in the text. */
const SCHEMES = {
  $5$: { digest: 'sha256', size: 32, first: [0, 10, 20], rotate: 2 },
  $6$: { digest: 'sha512', size: 64, first: [0, 21, 42], rotate: 1 },
} as const

/**
 * A password by the SHA schemes of crypt(3), as https://www.akkadia.org/drepper/SHA-crypt.txt describes them: what stands behind
 * the salt.
 * @param scheme `$5$` or `$6$`.
 * @param salt at most sixteen characters of it count.
 */
export function shaCrypt(
  scheme: keyof typeof SCHEMES,
  password: string,
  salt: string,
  rounds = ROUNDS,
): string {
  const { digest, size } = SCHEMES[scheme]
  const key = Buffer.from(password)
  const seed = Buffer.from(salt.slice(0, 16))
  const sha = (...parts: Buffer[]): Buffer => createHash(digest).update(Buffer.concat(parts)).digest()
  const repeated = (block: Buffer, length: number): Buffer => Buffer.alloc(length, length === 0 ? 0 : block)
  const mixed = sha(key, seed, key)
  const first: Buffer[] = [key, seed, repeated(mixed, key.length)]
  for (let bits = key.length; bits > 0; bits >>= 1) first.push(bits & 1 ? mixed : key)
  let sum = sha(...first)
  const p = repeated(sha(...Array.from({ length: key.length }, () => key)), key.length)
  const s = repeated(sha(...Array.from({ length: 16 + (sum[0] ?? 0) }, () => seed)), seed.length)
  for (let round = 0; round < rounds; round += 1) {
    const odd = round % 2 === 1
    const parts = [odd ? p : sum]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(odd ? sum : p)
    sum = sha(...parts)
  }
  return encode(sum, scheme, size)
}

function encode(sum: Buffer, scheme: keyof typeof SCHEMES, size: number): string {
  const { first, rotate } = SCHEMES[scheme]
  let text = ''
  let places: readonly number[] = first
  const put = (value: number, count: number): void => {
    for (let rest = value, index = 0; index < count; index += 1, rest >>= 6)
      text += CRYPT_ALPHABET[rest & 0x3f]
  }
  for (let step = 0; step < Math.floor(size / 3); step += 1) {
    const [a = 0, b = 0, c = 0] = places.map((place) => sum[place])
    put((a << 16) | (b << 8) | c, 4)
    places = places.map((_, index) => (places[(index + rotate) % 3] ?? 0) + 1)
  }
  if (size === 32) put(((sum[31] ?? 0) << 8) | (sum[30] ?? 0), 3)
  else put(sum[63] ?? 0, 2)
  return text
}

/** Whether a password is the one that is kept: as a crypt string of SHA-256 or SHA-512, or, as what is no crypt string, itself. */
export function isPassword(password: string, kept: string): boolean {
  const [, scheme, rounds, salt = '', hash = ''] =
    /^(\$[56]\$)(?:rounds=(\d+)\$)?([^$]*)\$([./0-9A-Za-z]+)$/.exec(kept) ?? []
  if (scheme !== '$5$' && scheme !== '$6$') return !kept.startsWith('$') && password === kept
  const count = rounds === undefined ? undefined : Math.min(999_999, Math.max(1000, Number(rounds)))
  const [one, other] = [Buffer.from(shaCrypt(scheme, password, salt, count)), Buffer.from(hash)]
  return one.length === other.length && timingSafeEqual(one, other)
}
