import type { GuestAgent } from '../proxmox/world.ts'
import type { Interface } from './network.ts'

/** What the agent tells of. */
export interface AgentSubject {
  readonly hostname: string
  readonly interfaces: readonly Interface[]
  readonly machineId: string
  now(): number
  /** Content of a file; undefined when there is none. */
  readFile(path: string): Buffer | undefined
  writeFile(path: string, content: Buffer): void
  /** Runs a program; what it left. */
  run(argv: readonly string[]): Promise<{ exitCode: number; output: string }>
  shutdown(mode: string): void
  /** Puts the machine to sleep. */
  sleep(): void
  /** Who is signed in. */
  users(): string[]
  /** Gives a user a password, plain or as a crypt string; false if there is no such user. */
  setPassword(user: string, password: string, isEncrypted: boolean): boolean
  /** Bytes of memory, and processors. */
  readonly memory: number
  readonly processors: number
}

const COMMANDS = [
  'exec',
  'exec-status',
  'file-read',
  'file-write',
  'fsfreeze-freeze',
  'fsfreeze-status',
  'fsfreeze-thaw',
  'fstrim',
  'get-fsinfo',
  'get-host-name',
  'get-memory-block-info',
  'get-memory-blocks',
  'get-osinfo',
  'get-time',
  'get-timezone',
  'get-users',
  'get-vcpus',
  'info',
  'network-get-interfaces',
  'ping',
  'set-user-password',
  'shutdown',
  'suspend-disk',
  'suspend-hybrid',
  'suspend-ram',
]

/** What the agent still does while file systems are frozen. */
const WHILE_FROZEN = ['ping', 'info', 'fsfreeze-status', 'fsfreeze-thaw']

/** Memory comes in blocks of this size, bytes. */
const MEMORY_BLOCK = 128 * 1024 * 1024

/** The QEMU guest agent of a guest. Answers are those of the agent's own commands. */
export function createAgent(subject: AgentSubject): GuestAgent {
  /** What each program left; undefined while it runs. */
  const results = new Map<number, { exitCode: number; output: string } | undefined>()
  let nextPid = 800
  let isFrozen = false
  return {
    call: (command, params) => {
      const name = command.replace(/^guest-/, '')
      return Promise.resolve().then(() => {
        if (isFrozen && !WHILE_FROZEN.includes(name))
          throw new Error(`Command guest-${name} has been disabled: the agent is in frozen state`)
        if (name.startsWith('fsfreeze-')) {
          const was = isFrozen
          if (name === 'fsfreeze-status') return isFrozen ? 'frozen' : 'thawed'
          isFrozen = name === 'fsfreeze-freeze'
          // The number of file systems that are otherwise than before: there is one.
          return was === isFrozen ? 0 : 1
        }
        if (name === 'exec') {
          const argv = Array.isArray(params['command'])
            ? params['command'].map(String)
            : [textOf(params['command'])]
          const pid = nextPid++
          results.set(pid, undefined)
          // A program that the power took leaves nothing.
          void subject.run(argv).then(
            (result) => results.set(pid, result),
            () => {},
          )
          return { pid }
        }
        if (name === 'exec-status') {
          const pid = Number(params['pid'])
          if (!results.has(pid)) throw new Error(`PID ${pid} does not exist`)
          const result = results.get(pid)
          if (result === undefined) return { exited: 0 }
          return {
            exited: 1,
            exitcode: result.exitCode,
            ...(result.output === '' ? {} : { 'out-data': result.output }),
          }
        }
        return answer(subject, name, params)
      })
    },
  }
}

/** A parameter's text; empty for what is no text. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function answer(subject: AgentSubject, name: string, params: Record<string, unknown>): unknown {
  switch (name) {
    case 'ping':
      return {}
    case 'info':
      return {
        version: '8.2.2',
        supported_commands: COMMANDS.map((each) => ({
          enabled: true,
          name: `guest-${each}`,
          'success-response': true,
        })),
      }
    case 'get-host-name':
      return { 'host-name': subject.hostname }
    case 'get-time':
      return subject.now() * 1_000_000
    case 'get-timezone':
      return { zone: 'UTC', offset: 0 }
    case 'get-users':
      return subject.users().map((user) => ({ user, 'login-time': subject.now() / 1000 }))
    case 'get-vcpus':
      return Array.from({ length: subject.processors }, (_, index) => ({
        'logical-id': index,
        online: true,
        'can-offline': index > 0,
      }))
    case 'get-memory-block-info':
      return { size: MEMORY_BLOCK }
    case 'get-memory-blocks':
      return Array.from({ length: Math.ceil(subject.memory / MEMORY_BLOCK) }, (_, index) => ({
        'phys-index': index,
        online: true,
        'can-offline': true,
      }))
    case 'fstrim':
      return { paths: [{ path: '/', trimmed: 0, minimum: 0 }] }
    case 'set-user-password':
      if (
        !subject.setPassword(
          textOf(params['username']),
          textOf(params['password']),
          params['crypted'] === true,
        )
      )
        throw new Error('child process has failed to set user password')
      return {}
    case 'get-osinfo':
      return {
        id: 'debian',
        name: 'Debian GNU/Linux',
        'pretty-name': 'Debian GNU/Linux 12 (bookworm)',
        version: '12 (bookworm)',
        'version-id': '12',
        machine: 'x86_64',
        'kernel-release': '6.1.0-42-amd64',
        'kernel-version': '#1 SMP PREEMPT_DYNAMIC Debian 6.1.159-1',
      }
    case 'get-fsinfo':
      return [
        {
          name: 'sda1',
          mountpoint: '/',
          type: 'ext4',
          'total-bytes': 32_283_840_512,
          'used-bytes': 2_147_483_648,
          disk: [],
        },
      ]
    case 'network-get-interfaces':
      return interfacesOf(subject)
    case 'file-read': {
      const path = textOf(params['file'])
      const content = subject.readFile(path)
      if (content === undefined)
        throw new Error(`failed to open file '${path}' (mode: 'r'): No such file or directory`)
      return { content: content.toString(), 'bytes-read': content.length }
    }
    case 'file-write': {
      const raw = textOf(params['content'])
      subject.writeFile(
        textOf(params['file']),
        params['encode'] === 0 || params['encode'] === false ? Buffer.from(raw, 'base64') : Buffer.from(raw),
      )
      return null
    }
    case 'suspend-ram':
    case 'suspend-hybrid':
      subject.sleep()
      return {}
    // What lies on the disk then is not read at the next start.
    case 'suspend-disk':
      subject.shutdown('powerdown')
      return {}
    case 'shutdown':
      subject.shutdown(textOf(params['mode']) || 'powerdown')
      return {}
    default:
      throw new Error(`The command guest-${name} has not been found`)
  }
}

function interfacesOf(subject: AgentSubject): unknown {
  const statistics = {
    'rx-bytes': 0,
    'rx-dropped': 0,
    'rx-errs': 0,
    'rx-packets': 0,
    'tx-bytes': 0,
    'tx-dropped': 0,
    'tx-errs': 0,
    'tx-packets': 0,
  }
  const address = (text: string, prefix: number): object => ({
    'ip-address': text,
    'ip-address-type': text.includes(':') ? 'ipv6' : 'ipv4',
    prefix,
  })
  return [
    {
      name: 'lo',
      'hardware-address': '00:00:00:00:00:00',
      'ip-addresses': [address('127.0.0.1', 8), address('::1', 128)],
      statistics,
    },
    ...subject.interfaces.map((card) => ({
      name: card.name,
      'hardware-address': card.mac,
      'ip-addresses': [
        ...card.addresses.map((each) => address(each.address, each.prefix)),
        address(linkLocal(card.mac), 64),
      ],
      statistics,
    })),
  ]
}

/** The link-local address that a card makes of its MAC. */
function linkLocal(mac: string): string {
  const bytes = mac.split(':').map((part) => Number.parseInt(part, 16))
  const word = (high: number, low: number): string => (((high & 0xff) << 8) | (low & 0xff)).toString(16)
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes
  return `fe80::${word(a ^ 2, b)}:${word(c, 0xff)}:${word(0xfe, d)}:${word(e, f)}`
}
