import { posix } from 'node:path'
import type { Machine, Outcome } from '../shell/programs.ts'
import { minorOf, problemOf, sourcesOf } from './sources.ts'
import { readStatus, writeStatus } from './status.ts'

/** Fetching the lists, ms. */
const UPDATE_MS = 4000
/** Fetching and unpacking a package, ms: containerd and the kubelet are large. */
const PACKAGE_MS = 1500
const LARGE_MS = 9000
const LARGE = new Set(['containerd', 'kubelet', 'kubeadm'])
/** Packages that only Kubernetes has; of the distribution's any name will do. */
const OF_KUBERNETES = new Set(['kubelet', 'kubeadm', 'kubectl', 'kubernetes-cni', 'cri-tools'])
/** Patch levels that each minor version has. */
const NEWEST_PATCH = 14
const LISTS = '/var/lib/apt/lists'

const done = (output = ''): Outcome => ({ code: 0, output })
const fail = (errors: string): Outcome => ({ code: 100, output: '', errors })

/** Runs apt-get, apt-mark, dpkg or dpkg-query; undefined for another program. Rejects when the machine's power goes. */
export async function runApt(machine: Machine, argv: readonly string[]): Promise<Outcome | undefined> {
  const [program = '', ...rest] = argv
  switch (posix.basename(program)) {
    case 'apt-get':
    case 'apt':
      return aptGet(machine, rest)
    case 'apt-mark':
      return mark(machine, rest)
    case 'dpkg':
      return done()
    case 'dpkg-query':
      return query(machine, rest)
    default:
      return undefined
  }
}

async function aptGet(machine: Machine, rest: readonly string[]): Promise<Outcome> {
  const words = rest.filter((word, index) => !word.startsWith('-') && !/^-[ot]$/.test(rest[index - 1] ?? ''))
  const [verb, ...names] = words
  if (verb === 'update') return update(machine, rest.includes('--error-on=any'))
  if (verb === 'install') return install(machine, names)
  return done()
}

async function update({ disk, sleep }: Machine, isStrict: boolean): Promise<Outcome> {
  await sleep(UPDATE_MS)
  const problems: string[] = []
  disk.remove(LISTS)
  for (const source of sourcesOf(disk)) {
    const problem = problemOf(disk, source)
    if (problem === undefined) disk.write(`${LISTS}/kubernetes-${minorOf(source.uri)}_Packages`, '')
    else problems.push(problem)
  }
  if (problems.length === 0) return done('Reading package lists...\n')
  const isFatal = isStrict || problems.some((problem) => problem.includes('is not signed'))
  return { code: isFatal ? 100 : 0, output: '', errors: problems.join('') }
}

async function install(machine: Machine, names: readonly string[]): Promise<Outcome> {
  const { disk } = machine
  const minors = disk.list(LISTS).flatMap((path) => /kubernetes-([\d.]+)_Packages$/.exec(path)?.[1] ?? [])
  const wanted: [string, string][] = []
  for (const word of names) {
    const [name = '', version] = word.split('=')
    if (!OF_KUBERNETES.has(name)) {
      wanted.push([name, name === 'containerd' ? '1.6.20~ds1-1+deb12u3' : '1.0-1'])
      continue
    }
    const offered = minors.flatMap(versionsOf)
    if (offered.length === 0) return fail(`E: Unable to locate package ${name}\n`)
    const pattern = (version ?? '*').replace(/[.+]/g, String.raw`\$&`).replaceAll('*', '.*')
    const chosen = offered.findLast((each) => new RegExp(`^${pattern}$`).test(each))
    if (chosen === undefined) return fail(`E: Version '${version}' for '${name}' was not found\n`)
    // The kubelet's package asks for the network plugins.
    if (name === 'kubelet') wanted.push(['kubernetes-cni', '1.4.0-1.1'])
    wanted.push([name, chosen])
  }
  let output = ''
  for (const [name, version] of wanted) {
    const status = readStatus(disk)
    if (status.get(name)?.version === version) {
      output += `${name} is already the newest version (${version}).\n`
      continue
    }
    await machine.sleep(LARGE.has(name) ? LARGE_MS : PACKAGE_MS)
    disk.install(name, version)
    if (name === 'qemu-guest-agent') machine.startAgent()
    writeStatus(disk, status.set(name, { version, isHeld: status.get(name)?.isHeld ?? false }))
    output += `Setting up ${name} (${version}) ...\n`
  }
  return done(output)
}

function versionsOf(minor: string): string[] {
  return Array.from({ length: NEWEST_PATCH + 1 }, (_, patch) => `${minor}.${patch}-1.1`)
}

function mark({ disk }: Machine, [verb = '', ...names]: readonly string[]): Outcome {
  const status = readStatus(disk)
  if (verb === 'showhold')
    return done([...status].map(([name, { isHeld }]) => (isHeld ? `${name}\n` : '')).join(''))
  if (verb !== 'hold' && verb !== 'unhold') return done()
  for (const name of names) {
    const one = status.get(name)
    if (!one) return fail(`E: Unable to locate package ${name}\n`)
    status.set(name, { ...one, isHeld: verb === 'hold' })
  }
  writeStatus(disk, status)
  return done(names.map((name) => `${name} set on ${verb}.\n`).join(''))
}

/** `dpkg-query -W`, with `-f` and fields as `${Version}`. */
function query({ disk }: Machine, rest: readonly string[]): Outcome {
  const at = rest.findIndex((word) => word === '-f')
  const format =
    at >= 0 ? (rest[at + 1] ?? '') : (rest.find((word) => word.startsWith('-f='))?.slice(3) ?? '')
  const names = rest.filter((word, index) => !word.startsWith('-') && (at < 0 || index !== at + 1))
  const status = readStatus(disk)
  let output = ''
  let errors = ''
  for (const name of names) {
    const one = status.get(name)
    if (one === undefined) errors += `dpkg-query: no packages found matching ${name}\n`
    else
      output += (format || '${Package}\\t${Version}\\n')
        .replaceAll('${Package}', name)
        .replaceAll('${Version}', one.version)
        .replaceAll('${db:Status-Status}', 'installed')
        .replaceAll('\\n', '\n')
        .replaceAll('\\t', '\t')
  }
  return { code: errors === '' ? 0 : 1, output, errors }
}
