import { randomBytes } from 'node:crypto'
import { CRYPT_ALPHABET, shaCrypt } from '../../../crypt.ts'

/** A password as the configuration keeps it: a SHA-256 crypt string, unless it is one already or the guest is Windows. */
export function hashPassword(password: string, ostype: string | undefined): string {
  if (/^\$(?:[156]|2[axy]?|y)?\$/.test(password) || /^w(?:in|xp|vista|2k)/.test(ostype ?? '')) return password
  const salt = [...randomBytes(8)].map((byte) => CRYPT_ALPHABET[byte % 64]).join('')
  return `$5$${salt}$${shaCrypt('$5$', password, salt)}`
}
