import { isIP } from 'node:net'
import { Environment } from '@marcbachmann/cel-js'
import { isCidr } from './formats.ts'
import { compareQuantities, parseQuantity } from './quantity.ts'

/** An address, as `ip()` gives it. */
class Ip {
  readonly text: string
  readonly bits: bigint
  readonly family: 4 | 6
  constructor(text: string) {
    const family = isIP(text)
    if (family === 0)
      throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string`)
    this.text = text
    this.family = family === 4 ? 4 : 6
    this.bits = addressBits(text, this.family)
  }
}

/** A network, as `cidr()` gives it. */
class Cidr {
  readonly ip: Ip
  readonly length: number
  readonly text: string
  constructor(text: string) {
    if (!isCidr(text)) throw new Error(`network address parse error during conversion from string: ${text}`)
    const [address = '', length = '0'] = text.split('/')
    this.ip = new Ip(address)
    this.length = Number(length)
    this.text = text
  }

  contains(ip: Ip): boolean {
    if (ip.family !== this.ip.family) return false
    const shift = BigInt((this.ip.family === 4 ? 32 : 128) - this.length)
    return ip.bits >> shift === this.ip.bits >> shift
  }
}

/** A quantity, as `quantity()` gives it. */
class Quantity {
  readonly text: string
  constructor(text: string) {
    if (parseQuantity(text) === undefined) throw new Error('quantities must match the regular expression')
    this.text = text
  }
}

/** A URL, as `url()` gives it. */
class Url {
  readonly url: URL
  readonly text: string
  constructor(text: string) {
    if (!URL.canParse(text)) throw new Error(`URL parse error during conversion from string: ${text}`)
    this.url = new URL(text)
    this.text = text
  }
}

function addressBits(text: string, family: 4 | 6): bigint {
  if (family === 4) return text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n)
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const plain =
    dotted === null
      ? text
      : `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
  const [head = '', tail] = plain.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...middle, ...right].reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n)
}

function regular(pattern: string): RegExp {
  return new RegExp(pattern, 'gu')
}

let environment: Environment | undefined

/** The CEL environment of validation rules: CEL's own functions plus those Kubernetes adds. */
export function celEnvironment(): Environment {
  if (environment !== undefined) return environment
  const env = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  })
  env.registerType('net.IP', Ip)
  env.registerType('net.CIDR', Cidr)
  env.registerType('kubernetes.Quantity', Quantity)
  env.registerType('kubernetes.URL', Url)
  const define = (signature: string, handler: (...args: never[]) => unknown): void => {
    try {
      env.registerFunction(signature, handler as (...args: unknown[]) => unknown)
    } catch {
      // The engine has this one of its own.
    }
  }
  define('isIP(string): bool', (text: string) => isIP(text) !== 0)
  define('isIP(string, int): bool', (text: string, family: bigint) => BigInt(isIP(text)) === family)
  define('ip(string): net.IP', (text: string) => new Ip(text))
  define('net.IP.family(): int', (ip: Ip) => BigInt(ip.family))
  define('net.IP.isLoopback(): bool', (ip: Ip) =>
    ip.family === 4 ? ip.text.startsWith('127.') : ip.bits === 1n,
  )
  define('net.IP.isUnspecified(): bool', (ip: Ip) => ip.bits === 0n)
  define('isCIDR(string): bool', (text: string) => isCidr(text))
  define('cidr(string): net.CIDR', (text: string) => new Cidr(text))
  define('net.CIDR.ip(): net.IP', (cidr: Cidr) => cidr.ip)
  define('net.CIDR.prefixLength(): int', (cidr: Cidr) => BigInt(cidr.length))
  define('net.CIDR.containsIP(string): bool', (cidr: Cidr, text: string) => cidr.contains(new Ip(text)))
  define('net.CIDR.containsIP(net.IP): bool', (cidr: Cidr, ip: Ip) => cidr.contains(ip))
  const containsCidr = (outer: Cidr, inner: Cidr): boolean =>
    inner.length >= outer.length && outer.contains(inner.ip)
  define('net.CIDR.containsCIDR(string): bool', (cidr: Cidr, text: string) =>
    containsCidr(cidr, new Cidr(text)),
  )
  define('net.CIDR.containsCIDR(net.CIDR): bool', containsCidr)
  define('isQuantity(string): bool', (text: string) => parseQuantity(text) !== undefined)
  define('quantity(string): kubernetes.Quantity', (text: string) => new Quantity(text))
  define(
    'kubernetes.Quantity.isGreaterThan(kubernetes.Quantity): bool',
    (a: Quantity, b: Quantity) => compareQuantities(a.text, b.text) > 0,
  )
  define(
    'kubernetes.Quantity.isLessThan(kubernetes.Quantity): bool',
    (a: Quantity, b: Quantity) => compareQuantities(a.text, b.text) < 0,
  )
  define('kubernetes.Quantity.compareTo(kubernetes.Quantity): int', (a: Quantity, b: Quantity) =>
    BigInt(compareQuantities(a.text, b.text)),
  )
  define('kubernetes.Quantity.sign(): int', (a: Quantity) => BigInt(compareQuantities(a.text, '0')))
  define('isURL(string): bool', (text: string) => URL.canParse(text))
  define('url(string): kubernetes.URL', (text: string) => new Url(text))
  define('kubernetes.URL.getScheme(): string', (url: Url) => url.url.protocol.replace(/:$/, ''))
  define('kubernetes.URL.getHost(): string', (url: Url) => url.url.host)
  define('kubernetes.URL.getHostname(): string', (url: Url) => url.url.hostname)
  define('kubernetes.URL.getPort(): string', (url: Url) => url.url.port)
  define('kubernetes.URL.getEscapedPath(): string', (url: Url) => url.url.pathname)
  define(
    'string.find(string): string',
    (text: string, pattern: string) => regular(pattern).exec(text)?.[0] ?? '',
  )
  define(
    'string.findAll(string): list<string>',
    (text: string, pattern: string) => text.match(regular(pattern)) ?? [],
  )
  define('string.charAt(int): string', (text: string, index: bigint) => Array.from(text)[Number(index)] ?? '')
  define('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.replaceAll(from, to),
  )
  define('string.substring(int): string', (text: string, from: bigint) =>
    Array.from(text).slice(Number(from)).join(''),
  )
  define('string.substring(int, int): string', (text: string, from: bigint, to: bigint) =>
    Array.from(text).slice(Number(from), Number(to)).join(''),
  )
  define('string.lowerAscii(): string', (text: string) => text.toLowerCase())
  define('string.upperAscii(): string', (text: string) => text.toUpperCase())
  define('string.trim(): string', (text: string) => text.trim())
  define('string.split(string): list<string>', (text: string, separator: string) => text.split(separator))
  define('string.indexOf(string): int', (text: string, part: string) => BigInt(text.indexOf(part)))
  define('string.lastIndexOf(string): int', (text: string, part: string) => BigInt(text.lastIndexOf(part)))
  define('list.join(string): string', (list: unknown[], separator: string) => list.join(separator))
  define('list.join(): string', (list: unknown[]) => list.join(''))
  define('list.isSorted(): bool', (list: (bigint | string)[]) =>
    list.every((item, index) => index === 0 || (list[index - 1] ?? item) <= item),
  )
  define('list.sum(): dyn', (list: (bigint | number)[]) =>
    list.reduce((sum, item) => (sum as bigint) + (item as bigint), 0n),
  )
  define('list.min(): dyn', (list: (bigint | string)[]) =>
    list.reduce((least, item) => (item < least ? item : least)),
  )
  define('list.max(): dyn', (list: (bigint | string)[]) =>
    list.reduce((most, item) => (item > most ? item : most)),
  )
  define('list.indexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.indexOf(item)))
  define('list.lastIndexOf(dyn): int', (list: unknown[], item: unknown) => BigInt(list.lastIndexOf(item)))
  environment = env
  return env
}
