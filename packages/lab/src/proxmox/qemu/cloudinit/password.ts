import { createHash, randomBytes } from 'node:crypto'

const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A password as the configuration keeps it: a SHA-256 crypt string, unless it is one already or the guest is Windows. */
export function hashPassword(password: string, ostype: string | undefined): string {
  if (/^\$(?:[156]|2[axy]?|y)?\$/.test(password) || /^w(?:in|xp|vista|2k)/.test(ostype ?? '')) return password
  const salt = [...randomBytes(8)].map((byte) => ALPHABET[byte % 64]).join('')
  return `$5$${salt}$${sha256Crypt(password, salt)}`
}

const ROUNDS = 5000

/** The SHA-256 scheme of crypt(3), as https://www.akkadia.org/drepper/SHA-crypt.txt describes it, with the usual rounds. */
function sha256Crypt(password: string, salt: string): string {
  const key = Buffer.from(password)
  const seed = Buffer.from(salt)
  const sha = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
  const repeated = (block: Buffer, length: number): Buffer => Buffer.alloc(length, length === 0 ? 0 : block)
  const mixed = sha(key, seed, key)
  const first: Buffer[] = [key, seed, repeated(mixed, key.length)]
  for (let bits = key.length; bits > 0; bits >>= 1) first.push(bits & 1 ? mixed : key)
  let sum = sha(...first)
  const p = repeated(sha(...Array.from({ length: key.length }, () => key)), key.length)
  const s = repeated(sha(...Array.from({ length: 16 + (sum[0] ?? 0) }, () => seed)), seed.length)
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = round % 2 === 1
    const parts = [odd ? p : sum]
    if (round % 3 !== 0) parts.push(s)
    if (round % 7 !== 0) parts.push(p)
    parts.push(odd ? sum : p)
    sum = sha(...parts)
  }
  return encode(sum)
}

function encode(sum: Buffer): string {
  let text = ''
  let [a, b, c] = [0, 10, 20]
  const put = (value: number, count: number): void => {
    for (let rest = value, index = 0; index < count; index += 1, rest >>= 6) text += ALPHABET[rest & 0x3f]
  }
  for (let step = 0; step < 10; step += 1) {
    put(((sum[a] ?? 0) << 16) | ((sum[b] ?? 0) << 8) | (sum[c] ?? 0), 4)
    ;[a, b, c] = [(c + 1) % 30, (a + 1) % 30, (b + 1) % 30]
  }
  put(((sum[31] ?? 0) << 8) | (sum[30] ?? 0), 3)
  return text
}
