import { die } from '../../api-error.ts'

/** Types of public keys that OpenSSH knows. */
const TYPE =
  /^(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/

/** Refuses keys (percent-encoded, one a line) that ssh-keygen could not read. */
export function checkSshKeys(text: string | undefined): void {
  if (text === undefined) return
  const lines = decodeKeys(text)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0 || !lines.every(isKey)) die('SSH public key validation error')
}

/** Keys as lines of a file. */
export function decodeKeys(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** True for `[options] type base64 [comment]` whose data is fields up to its end, the first of them the type. */
function isKey(line: string): boolean {
  const words = line.split(/\s+/)
  const at = words.findIndex((word) => TYPE.test(word))
  if (at < 0) return false
  const data = Buffer.from(words[at + 1] ?? '', 'base64')
  const fields: Buffer[] = []
  let offset = 0
  while (offset + 4 <= data.length) {
    const length = data.readUInt32BE(offset)
    if (offset + 4 + length > data.length) return false
    fields.push(data.subarray(offset + 4, offset + 4 + length))
    offset += 4 + length
  }
  if (offset !== data.length || fields[0]?.toString() !== words[at]) return false
  return words[at] !== 'ssh-ed25519' || (fields.length === 2 && fields[1]?.length === 32)
}
