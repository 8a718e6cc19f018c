import type { Disk } from '../disk.ts'

/** What systemd knows of a unit after all drop-ins. */
export interface Unit {
  /** Conditions by path: it does not start unless each holds. A leading `!` means that the path must not be there. */
  conditions: string[]
  /** Program and arguments; undefined without an ExecStart. */
  execStart: string[] | undefined
  /** Commands before it. A leading `-` means that its failure does not matter. */
  execStartPre: string[]
  restart: string
  /** Milliseconds. */
  restartMs: number
  environment: Map<string, string>
}

const UNIT_PLACES = ['/usr/lib/systemd/system', '/lib/systemd/system', '/etc/systemd/system']
const DROP_IN_PLACES = ['/usr/lib/systemd/system', '/etc/systemd/system']

/** Reads a unit, by its name without `.service`, and its drop-ins in the order of their names. Undefined when there is no such unit. */
export function readUnit(disk: Disk, name: string): Unit | undefined {
  const base = UNIT_PLACES.map((place) => disk.read(`${place}/${name}.service`)).findLast(
    (text) => text !== undefined,
  )
  if (base === undefined) return undefined
  const dropIns = new Map<string, string>()
  for (const place of DROP_IN_PLACES.map((each) => `${each}/${name}.service.d`))
    for (const path of disk.list(place))
      if (path.endsWith('.conf')) dropIns.set(path.slice(place.length + 1), path)
  const unit: Unit = {
    conditions: [],
    execStart: undefined,
    execStartPre: [],
    restart: 'no',
    restartMs: 100,
    environment: new Map(),
  }
  apply(unit, base, disk)
  for (const file of [...dropIns.keys()].toSorted())
    apply(unit, disk.read(dropIns.get(file) ?? '') ?? '', disk)
  return unit
}

/** The condition of a unit that does not hold; undefined if all do. */
export function unmetCondition(disk: Disk, { conditions }: Unit): string | undefined {
  return conditions.find((path) => disk.exists(path.replace(/^!/, '')) === path.startsWith('!'))
}

function apply(unit: Unit, text: string, disk: Disk): void {
  let section = ''
  for (const line of text.replaceAll('\\\n', ' ').split('\n')) {
    const trimmed = line.trim()
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue
    const header = /^\[(.+)\]$/.exec(trimmed)
    if (header !== null) {
      section = header[1] ?? ''
      continue
    }
    const split = trimmed.indexOf('=')
    const key = trimmed.slice(0, split).trim()
    const value = trimmed.slice(split + 1).trim()
    if (section === 'Unit' && key === 'ConditionPathExists') unit.conditions.push(value)
    if (section !== 'Service') continue
    switch (key) {
      case 'ExecStart':
        unit.execStart = value === '' ? undefined : words(value)
        break
      case 'ExecStartPre':
        if (value === '') unit.execStartPre = []
        else unit.execStartPre.push(value)
        break
      case 'Restart':
        unit.restart = value
        break
      case 'RestartSec':
        unit.restartMs = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1000 : durationMs(value)
        break
      case 'Environment':
        for (const word of words(value)) environment(unit, word)
        break
      case 'EnvironmentFile':
        for (const each of (disk.read(value.replace(/^-/, '')) ?? '').split('\n'))
          if (each.trim() !== '' && !each.startsWith('#')) environment(unit, words(each).join(' '))
        break
      default:
    }
  }
}

function environment(unit: Unit, assignment: string): void {
  const split = assignment.indexOf('=')
  if (split > 0) unit.environment.set(assignment.slice(0, split), assignment.slice(split + 1))
}

function durationMs(text: string): number {
  const units: Record<string, number> = { ms: 1, s: 1000, sec: 1000, min: 60_000, m: 60_000, h: 3_600_000 }
  const match = /^([\d.]+)\s*([a-z]+)$/.exec(text)
  return match === null ? 100 : Number(match[1]) * (units[match[2] ?? 's'] ?? 1000)
}

/** Words of a unit's line, quotes taken off. */
export function words(text: string): string[] {
  return [...text.matchAll(/(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))+/g)].map((match) =>
    match[0].replaceAll(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
      (_all, double: string | undefined, single: string | undefined) =>
        (double ?? single ?? '').replaceAll(/\\(.)/g, '$1'),
    ),
  )
}

/** A unit's command with `$NAME` taken from its environment; an unset one is nothing. */
export function expand(argv: readonly string[], variables: ReadonlyMap<string, string>): string[] {
  return argv.flatMap((word) => {
    const whole = /^\$(\w+)$|^\$\{(\w+)\}$/.exec(word)
    if (whole !== null) {
      const value = variables.get(whole[1] ?? whole[2] ?? '') ?? ''
      // `$NAME` alone becomes several words, `${NAME}` one.
      return whole[1] === undefined ? [value] : words(value)
    }
    return [word.replaceAll(/\$\{(\w+)\}/g, (_all, name: string) => variables.get(name) ?? '')]
  })
}
