import { posix } from 'node:path'
import { setPassword, type Disk } from '../disk.ts'
import { runLookProgram, type Sight } from './look.ts'
import { runTextProgram } from './text.ts'

/** What a program did. */
export interface Outcome {
  code: number
  output: string
  /** What it writes as errors. */
  errors?: string
}

/** What programs can do to the machine beside its disk. */
export interface Machine extends Sight {
  setHostname(name: string): void
  /** Starts, stops or restarts a unit; the text of the failure, or undefined. */
  systemctl(verb: string, unit: string): string | undefined
  /** Starts the guest agent. */
  startAgent(): void
  powerOff(): void
  reboot(): void
  /** Lines of the journal since the boot; of one unit, if one is given. */
  journal(unit?: string): string[]
  /** Waits so many milliseconds of the machine's. Rejects when its power goes. */
  readonly sleep: (ms: number) => Promise<void>
  /** Throws when the power is gone: nothing runs any more. */
  expectPower(): void
  /** Runs kubeadm with the words behind it. */
  kubeadm(args: readonly string[]): Promise<Outcome>
}

const done = (output = ''): Outcome => ({ code: 0, output })
const fail = (errors: string, code = 1): Outcome => ({ code, output: '', errors: `${errors}\n` })

/** Programs without an effect that anything here could see. */
const SILENT = new Set([
  'swapoff',
  'modprobe',
  'sysctl',
  'sync',
  'ufw',
  'iptables',
  'update-ca-certificates',
  'timedatectl',
  'locale-gen',
])

/** Runs a program that is emulated; undefined for one that is not. Rejects when the machine's power goes. */
export async function runProgram(
  machine: Machine,
  argv: readonly string[],
  input: string,
): Promise<Outcome | undefined> {
  const [program = '', ...rest] = argv
  const name = posix.basename(program)
  const { disk } = machine
  const flags = rest.filter((word) => word.startsWith('-'))
  const words = rest.filter((word) => !word.startsWith('-'))
  switch (name) {
    case 'true':
    case ':':
      return done()
    case 'false':
      return { code: 1, output: '' }
    case 'echo': {
      const bare = rest[0] === '-n' || rest[0] === '-e' ? rest.slice(1) : rest
      return done(`${bare.join(' ')}${rest[0] === '-n' ? '' : '\n'}`)
    }
    case 'printf':
      return done((rest[0] ?? '').replaceAll('\\n', '\n').replace('%s', rest[1] ?? ''))
    case 'cat': {
      if (words.length === 0) return done(input)
      let output = ''
      for (const path of words) {
        const text = disk.read(path)
        if (text === undefined) return fail(`cat: ${path}: No such file or directory`)
        output += text
      }
      return done(output)
    }
    case 'tee':
      for (const path of words) disk.write(path, input, { append: flags.includes('-a') })
      return done(input)
    case 'test':
    case '[':
      return {
        code: test(
          disk,
          rest.filter((word) => word !== ']'),
        )
          ? 0
          : 1,
        output: '',
      }
    case 'mkdir':
      for (const path of words) disk.makeDirectory(path)
      return done()
    case 'touch':
      for (const path of words) disk.write(path, '', { append: true })
      return done()
    case 'rm':
      for (const path of words) {
        if (!disk.exists(path) && !flags.some((flag) => /f/.test(flag)))
          return fail(`rm: cannot remove '${path}': No such file or directory`)
        disk.remove(path)
      }
      return done()
    case 'cp':
    case 'mv': {
      const [from = '', to = ''] = words
      const file = disk.files.get(posix.normalize(from))
      if (file === undefined) return fail(`${name}: cannot stat '${from}': No such file or directory`)
      const target =
        disk.files.get(posix.normalize(to))?.kind === 'directory' ? posix.join(to, posix.basename(from)) : to
      disk.write(target, file.content, { mode: file.mode, owner: file.owner, group: file.group })
      if (name === 'mv') disk.remove(from)
      return done()
    }
    case 'ln':
      disk.write(words[1] ?? '', words[0] ?? '', { kind: 'link', mode: 0o777 })
      return done()
    case 'chmod':
    case 'chown':
      return change(disk, name, words)
    case 'chpasswd':
      return changePasswords(disk, input, flags.includes('-e'))
    case 'hostname':
      if (words[0] === undefined) return done(`${disk.hostname}\n`)
      machine.setHostname(words[0])
      return done()
    case 'hostnamectl':
      if (words[0] === 'set-hostname' || words[0] === 'hostname') machine.setHostname(words[1] ?? '')
      return done()
    case 'systemctl':
      return systemctl(machine, rest)
    case 'journalctl':
      return journal(machine, rest)
    case 'poweroff':
    case 'shutdown':
      machine.powerOff()
      return done()
    case 'reboot':
      machine.reboot()
      return done()
    case 'sleep':
      await machine.sleep(1000 * Number.parseFloat(rest[0] ?? '0'))
      return done()
    case 'kubelet':
      return disk.kubeletVersion === undefined
        ? fail('sh: 1: kubelet: not found', 127)
        : done(flags.includes('--version') ? `Kubernetes ${disk.kubeletVersion}\n` : '')
    case 'kubeadm':
      return fail('sh: 1: kubeadm: not found', 127)
    default:
      if (SILENT.has(name)) return done()
      return runTextProgram(disk, name, rest, input) ?? runLookProgram(machine, name, rest)
  }
}

function test(disk: Disk, words: readonly string[]): boolean {
  const [operator, operand, right = ''] = words
  if (operator === '!' && words.length > 1) return !test(disk, words.slice(1))
  if (words.length === 2 && /^-[efdrwxsL]$/.test(operator ?? '')) {
    const file = disk.files.get(posix.normalize(operand ?? ''))
    if (operator === '-d') return file?.kind === 'directory'
    if (operator === '-f') return file !== undefined && file.kind !== 'directory'
    if (operator === '-s') return (file?.content.length ?? 0) > 0
    if (operator === '-L') return file?.kind === 'link'
    return file !== undefined
  }
  if (operator === '-z') return (operand ?? '') === ''
  if (operator === '-n') return (operand ?? '') !== ''
  const [one, other] = [Number(operator), Number(right)]
  switch (operand) {
    case '=':
    case '==':
      return operator === right
    case '!=':
      return operator !== right
    case '-eq':
      return one === other
    case '-ne':
      return one !== other
    case '-lt':
      return one < other
    case '-le':
      return one <= other
    case '-gt':
      return one > other
    case '-ge':
      return one >= other
    default:
      return (operator ?? '') !== ''
  }
}

function change(disk: Disk, name: string, [what = '', ...paths]: readonly string[]): Outcome {
  for (const path of paths) {
    const file = disk.files.get(posix.normalize(path))
    if (file === undefined) return fail(`${name}: cannot access '${path}': No such file or directory`)
    if (name === 'chmod') {
      if (/^[0-7]{3,4}$/.test(what)) file.mode = Number.parseInt(what, 8)
      else if (what === '+x' || what === 'a+x') file.mode |= 0o111
    } else {
      const [owner = '', group] = what.split(':')
      if (owner !== '' && !disk.users.has(owner)) return fail(`chown: invalid user: '${what}'`)
      if (owner !== '') file.owner = owner
      if (group !== undefined && group !== '') file.group = group
    }
  }
  return done()
}

/** `chpasswd`: a line for each user, `name:password`. */
function changePasswords(disk: Disk, input: string, isEncrypted: boolean): Outcome {
  for (const line of input.split('\n').filter(Boolean)) {
    const at = line.indexOf(':')
    const [name, password] = [line.slice(0, at), line.slice(at + 1)]
    if (!setPassword(disk, name, password, isEncrypted))
      return fail(
        `chpasswd: (user ${name}) pam_chauthtok() failed, error:\nAuthentication token manipulation error`,
      )
  }
  return done()
}

function journal(machine: Machine, rest: readonly string[]): Outcome {
  const valueOf = (short: string, long: string): string | undefined => {
    const at = rest.indexOf(short)
    if (at >= 0) return rest[at + 1]
    return rest.find((word) => word.startsWith(`${long}=`))?.slice(long.length + 1)
  }
  const lines = machine.journal(valueOf('-u', '--unit')?.replace(/\.service$/, ''))
  const count = Number(valueOf('-n', '--lines') ?? lines.length)
  const chosen = count > 0 ? lines.slice(-count) : []
  return done(chosen.length === 0 ? '-- No entries --\n' : `${chosen.join('\n')}\n`)
}

function systemctl(machine: Machine, rest: readonly string[]): Outcome {
  const now = rest.includes('--now')
  const [verb = '', ...units] = rest.filter((word) => !word.startsWith('-'))
  if (verb === 'daemon-reload' || verb === '') return done()
  if (verb === 'poweroff') machine.powerOff()
  if (verb === 'reboot') machine.reboot()
  for (const unit of units.map((each) => each.replace(/\.service$/, ''))) {
    const problem = machine.systemctl(verb, unit)
    if (problem !== undefined && verb === 'is-active') return { code: 3, output: `${problem}\n` }
    if (problem !== undefined) return fail(problem, 5)
    if (now) machine.systemctl(verb === 'enable' ? 'start' : 'stop', unit)
  }
  return done()
}
