import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { ApiObject, ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'
import { member, textOf } from './defaults/fields.ts'

/** What a client is told of an object of a built-in kind that is stored all the same. */
export function builtinWarnings(definition: ResourceDefinition, object: ApiObject): string[] {
  if (groupResource(definition) !== 'secrets' || object['type'] !== 'kubernetes.io/tls') return []
  const data = member(object, 'data') ?? {}
  const text = (key: string): string => Buffer.from(textOf(data[key]), 'base64').toString()
  const problem = keyPairProblem(text('tls.crt'), text('tls.key'))
  return problem === undefined ? [] : [problem]
}

/** Why a certificate and a key make no pair, in the words of Go's TLS library; undefined when they do. */
function keyPairProblem(certificate: string, key: string): string | undefined {
  const problem =
    blockProblem('certificate', certificate, (type) => type === 'CERTIFICATE') ??
    blockProblem('key', key, (type) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'))
  if (problem !== undefined) return problem
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
      ? undefined
      : 'tls: private key does not match public key'
  } catch {
    return 'tls: failed to parse private key'
  }
}

function blockProblem(
  what: 'certificate' | 'key',
  pem: string,
  isWanted: (type: string) => boolean,
): string | undefined {
  const types = [...pem.matchAll(/-----BEGIN ([^-]+)-----[^-]*-----END \1-----/g)].map(
    ([, type = '']) => type,
  )
  if (types.some(isWanted)) return undefined
  const found =
    what === 'certificate' ? '"CERTIFICATE" PEM block' : 'PEM block with type ending in "PRIVATE KEY"'
  if (types.length === 0) return `tls: failed to find any PEM data in ${what} input`
  if (what === 'certificate' && types.length === 1 && types[0]?.endsWith('PRIVATE KEY') === true)
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
  if (what === 'key' && types.length === 1 && types[0] === 'CERTIFICATE')
    return 'tls: found a certificate rather than a key in the PEM for the private key'
  return `tls: failed to find ${found} in ${what} input after skipping PEM blocks of the following types: [${types.join(' ')}]`
}
