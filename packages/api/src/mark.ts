/** Whose a VM is: the line that every VM of ours bears in its description. */
export interface Mark {
  /** UUID of the installation. */
  readonly installation: string
  readonly namespace: string
  readonly pool: string
  readonly machine: string
  /** `Machine.spec.id`. */
  readonly id: string
  /** When the mark was written, RFC 3339. */
  readonly time: string
  /** True until the VM is configured for the first time. */
  readonly building?: boolean
  /** True once the machine was let go without destroying its VM. */
  readonly released?: boolean
}

const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}'
const name = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?'
// Anchored to a whole line, every field in its own alphabet: a person's text around it, or a name made to look like a field,
// cannot change what is read.
const line = new RegExp(
  `^fochista installation=(${uuid}) namespace=(${name}) pool=(${name}) machine=(${name}) id=(${uuid}) time=(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ)((?: building| released)?)$`,
)

/** The mark as its one line. Throws a TypeError when a field is not what it must be: a mark that cannot be read again is worse than none. */
export function printMark(mark: Mark): string {
  const state = mark.released ? ' released' : mark.building ? ' building' : ''
  const printed = `fochista installation=${mark.installation} namespace=${mark.namespace} pool=${mark.pool} machine=${mark.machine} id=${mark.id} time=${mark.time}${state}`
  if (!line.test(printed)) throw new TypeError(`not a mark: ${printed}`)
  return printed
}

/**
 * The mark in a VM's description, whatever a person wrote around it. Undefined if there is none, and also if there are two that
 * differ: then nobody can say whose the VM is.
 */
export function parseMark(description: string | undefined): Mark | undefined {
  let found: Mark | undefined
  for (const candidate of (description ?? '').split(/\r?\n/)) {
    const match = line.exec(candidate.trim())
    if (!match) continue
    const [, installation = '', namespace = '', pool = '', machine = '', id = '', time = '', state = ''] =
      match
    const mark: Mark = {
      installation,
      namespace,
      pool,
      machine,
      id,
      time,
      ...(state === ' building' ? { building: true } : {}),
      ...(state === ' released' ? { released: true } : {}),
    }
    if (found && printMark(found) !== printMark(mark)) return undefined
    found = mark
  }
  return found
}

/** A description with its mark put in place of the one it has, or added below what a person wrote. */
export function withMark(description: string | undefined, mark: Mark): string {
  const others = (description ?? '').split(/\r?\n/).filter((one) => !line.test(one.trim()))
  while (others.at(-1) === '') others.pop()
  return [...others, printMark(mark)].join('\n')
}
