import { createHmac, timingSafeEqual } from 'node:crypto'
import { die } from '../../api-error.ts'

/** What makes codes that change with time (RFC 6238). */
interface Totp {
  readonly key: Buffer
  readonly hash: 'sha1' | 'sha256' | 'sha512'
  readonly digits: number
  /** Seconds that a code lasts. */
  readonly period: number
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** Reads an `otpauth://totp/…` address, as a picture for phones holds it. Refuses any other with a 500. */
export function parseTotp(address: string): Totp {
  if (!address.startsWith('otpauth://totp/') || !URL.canParse(address)) die('not an otpauth uri')
  const { searchParams } = new URL(address)
  const key = fromBase32(searchParams.get('secret') ?? die('missing otp secret'))
  const hash = (searchParams.get('algorithm') ?? 'SHA1').toLowerCase()
  if (hash !== 'sha1' && hash !== 'sha256' && hash !== 'sha512') return die(`unknown algorithm '${hash}'`)
  const [digits, period] = [Number(searchParams.get('digits') ?? 6), Number(searchParams.get('period') ?? 30)]
  if (!Number.isInteger(digits) || digits < 6 || digits > 9) die('invalid number of digits')
  if (!Number.isInteger(period) || period < 1) die('invalid period')
  return { key, hash, digits, period }
}

/**
 * Looks for a code in the step of now and those before and after it.
 * @param now milliseconds since 1970.
 * @returns the number of the code's step; undefined for a code of none of them.
 */
export function findStep(totp: Totp, code: string, now: number): number | undefined {
  const current = Math.floor(now / 1000 / totp.period)
  const given = Buffer.from(code)
  return [current - 1, current, current + 1].find((step) => {
    if (step < 0) return false
    const wanted = Buffer.from(codeOf(totp, step))
    return wanted.length === given.length && timingSafeEqual(wanted, given)
  })
}

/** The code of a step, `period` seconds counted from 1970. */
export function codeOf({ key, hash, digits }: Totp, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(hash, key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** digits
  return String(number).padStart(digits, '0')
}

function fromBase32(text: string): Buffer {
  const bytes: number[] = []
  let [bits, held] = [0, 0]
  for (const letter of text.toUpperCase().replace(/=+$/, '')) {
    const value = ALPHABET.indexOf(letter)
    if (value === -1) die('invalid base32 secret')
    held = ((held << 5) | value) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 0xff)
  }
  return bytes.length === 0 ? die('missing otp secret') : Buffer.from(bytes)
}
