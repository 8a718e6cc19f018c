import { posix } from 'node:path'
import type { Disk, GuestFile } from '../disk.ts'
import type { Interface } from '../network.ts'
import type { Outcome } from './programs.ts'

/** What programs that only look can see beside the disk. */
export interface Sight {
  readonly disk: Disk
  readonly interfaces: readonly Interface[]
  /** Milliseconds since 1970: now, and when the machine was booted. */
  now(): number
  readonly bootedAt: number
}

const RELEASE = '6.1.0-42-amd64'
const VERSION = '#1 SMP PREEMPT_DYNAMIC Debian 6.1.159-1 (2025-12-30)'

/** Runs `ls`, `pwd`, `uname`, `date`, `uptime`, `id`, `ip` or `findmnt`; undefined for another program. */
export function runLookProgram(sight: Sight, name: string, rest: readonly string[]): Outcome | undefined {
  const flags = rest.filter((word) => word.startsWith('-')).join('')
  const words = rest.filter((word) => !word.startsWith('-'))
  switch (name) {
    case 'ls':
      return list(sight, flags, words)
    case 'pwd':
      return { code: 0, output: '/\n' }
    case 'uname':
      return uname(sight.disk, flags)
    case 'date':
      return { code: 0, output: `${new Date(sight.now()).toUTCString().replace(/GMT$/, 'UTC')}\n` }
    case 'uptime':
      return { code: 0, output: uptime(sight) }
    case 'id':
      return id(sight.disk, words[0] ?? 'root')
    case 'ip':
      return ip(sight, rest)
    // Files here lie on no device: it finds none, and says so by its code alone.
    case 'findmnt':
      return { code: 1, output: '' }
    default:
      return undefined
  }
}

function list(sight: Sight, flags: string, words: readonly string[]): Outcome {
  const { disk } = sight
  let [output, errors] = ['', '']
  for (const word of words.length === 0 ? ['/'] : words) {
    const path = posix.resolve('/', word)
    const file = disk.files.get(path)
    if (file === undefined) {
      errors += `ls: cannot access '${word}': No such file or directory\n`
      continue
    }
    const paths = file.kind === 'directory' && !flags.includes('d') ? disk.list(path) : [path]
    if (words.length > 1 && file.kind === 'directory') output += `${word}:\n`
    for (const each of paths) {
      const shown = path === each ? word : posix.basename(each)
      if (shown.startsWith('.') && path !== each && !flags.includes('a')) continue
      output += flags.includes('l') ? long(disk.files.get(each), shown, sight.now()) : `${shown}\n`
    }
  }
  return { code: errors === '' ? 0 : 2, output, errors }
}

function long(file: GuestFile | undefined, name: string, now: number): string {
  if (file === undefined) return ''
  const { kind, mode, owner, group, content } = file
  const bits = [6, 3, 0].map((shift) =>
    ['r', 'w', 'x'].map((sign, at) => ((mode >> shift) & (4 >> at) ? sign : '-')).join(''),
  )
  const date = new Date(now).toUTCString()
  const link = kind === 'link' ? ` -> ${content.toString()}` : ''
  return `${{ file: '-', directory: 'd', link: 'l' }[kind]}${bits.join('')} 1 ${owner} ${group} ${String(content.length).padStart(6)} ${date.slice(8, 11)} ${date.slice(5, 7)} ${date.slice(17, 22)} ${name}${link}\n`
}

function uname(disk: Disk, flags: string): Outcome {
  const parts: [string, string][] = [
    ['s', 'Linux'],
    ['n', disk.hostname],
    ['r', RELEASE],
    ['v', VERSION],
    ['m', 'x86_64'],
    ['o', 'GNU/Linux'],
  ]
  const wanted = parts.filter(([flag]) => flags.includes('a') || flags.includes(flag))
  return { code: 0, output: `${wanted.map(([, text]) => text).join(' ') || 'Linux'}\n` }
}

function uptime(sight: Sight): string {
  const now = sight.now()
  const minutes = Math.floor((now - sight.bootedAt) / 60_000)
  const up =
    minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
  return ` ${new Date(now).toUTCString().slice(17, 25)} up ${up},  1 user,  load average: 0.00, 0.00, 0.00\n`
}

function id(disk: Disk, name: string): Outcome {
  const names = [...disk.users.keys()]
  const user = disk.users.get(name)
  if (user === undefined) return { code: 1, output: '', errors: `id: '${name}': no such user\n` }
  const number = name === 'root' ? 0 : 999 + names.indexOf(name)
  const groups = [name, ...user.groups].map((group, at) => `${number + at}(${group})`)
  return { code: 0, output: `uid=${number}(${name}) gid=${number}(${name}) groups=${groups.join(',')}\n` }
}

function ip({ interfaces }: Sight, rest: readonly string[]): Outcome {
  const [what = ''] = rest.filter((word) => !word.startsWith('-'))
  if (what.startsWith('r')) {
    const gateway = interfaces.find((card) => card.gateway !== undefined)
    return {
      code: 0,
      output: gateway === undefined ? '' : `default via ${gateway.gateway} dev ${gateway.name}\n`,
    }
  }
  if (!/^(?:a|l)/.test(what))
    return { code: 255, output: '', errors: `Object "${what}" is unknown, try "ip help".\n` }
  let output = '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n'
  output += '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00\n'
  if (what.startsWith('a')) output += '    inet 127.0.0.1/8 scope host lo\n'
  for (const [index, card] of interfaces.entries()) {
    output += `${index + 2}: ${card.name}: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu ${card.mtu} qdisc fq_codel state UP group default qlen 1000\n`
    output += `    link/ether ${card.mac} brd ff:ff:ff:ff:ff:ff\n`
    if (!what.startsWith('a')) continue
    for (const { address, prefix } of card.addresses)
      output += `    inet${address.includes(':') ? '6' : ''} ${address}/${prefix} scope global ${card.name}\n`
  }
  return { code: 0, output }
}
