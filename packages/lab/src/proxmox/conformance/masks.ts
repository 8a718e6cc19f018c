/** JSON with what varies by nature replaced by what it must look like. */
export type Masked = null | boolean | number | string | Masked[] | { [key: string]: Masked }

const INTEGERS = new Set(
  'pid pstart starttime endtime time localtime ctime snaptime next-run uptime uid login-time'.split(' '),
)
const NUMBERS = new Set(
  'cpu mem memhost netin netout diskread diskwrite used avail used_fraction disk wait freemem pressurecpusome pressurecpufull pressureiosome pressureiofull pressurememorysome pressurememoryfull'.split(
    ' ',
  ),
)
const NUMBER_TREES = new Set('loadavg memory rootfs swap blockstat nics ballooninfo'.split(' '))
const SETS = new Set(['content', 'privs', 'nodes', 'users'])
const EMPTY_DIGEST = 'da39a3ee5e6b4b0d3255bfef95601890afd80709'
const SECRETS = new Set(['ticket', 'CSRFPreventionToken', 'value', 'password', 'cert', 'pem', 'image'])

const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/UPID:(\w+):[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:/g, 'UPID:$1:*:'],
  [/ at \/usr\/share\/perl5\/\S+ line \d+\./g, ' at * line *.'],
  [/pveupload-[0-9a-f]{32}/g, 'pveupload-*'],
  [/--\d{4}-\d\d-\d\d \d\d:\d\d:\d\d--/g, '--date--'],
  [/\d{4}-\d\d-\d\d/g, 'date'],
  [/termproxy 59\d\d/g, 'termproxy 59*'],
  [/\$5\$[^\s\\]+/g, '$5$*'],
  [/instance-id: [0-9a-f]{40}/g, 'instance-id: *'],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uuid'],
  [/BC:24:11(?::[0-9A-F]{2}){3}/gi, 'mac'],
  [/creation-qemu=10\.1\.2,ctime=\d+/g, 'meta'],
  [/(hotplug problem - ).*/g, '$1*'],
  [/(failed: exit code).*/g, '$1*'],
  [/^\d+:pve1$/g, '*:pve1'],
  [/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g, 'fingerprint'],
  [/in \d+s\b/g, 'in *s'],
  [/\(contains VM \d+\)/g, '(contains VM *)'],
  [/saved [\d.]+ \w+/g, 'saved *'],
]

/** Lines of a log whose number follows from chance and speed, and what the recorded host's LVM said. */
const FREE_LINES =
  /^(?:transferred |mirror-|trying to acquire cfs lock | {2}(?:\/dev\/mapper|Failure to comm|Check that|Incompatible lib)|command '\/sbin\/|[\d.]+ \w+ in \d+s$)/

/** Replaces what varies in a text. */
export function maskText(text: string): string {
  return TEXTS.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text)
}

/** Replaces what varies in a JSON value, and brings lists whose order is free into one. */
export function mask(value: unknown, key = '', owner?: Record<string, unknown>): Masked {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return NUMBER_TREES.has(key) ? value.map(maskNumbers) : maskList(value)
  if (typeof value === 'object') {
    const object = value as Record<string, unknown>
    if (NUMBER_TREES.has(key)) return maskNumbers(value)
    if (isLog(object['data']) && typeof object['total'] === 'number') {
      // With lines whose number is free, the sum is free too.
      const free = object['data'].some(({ t }) => FREE_LINES.test(t))
      const masked = mapValues(object)
      const lines = masked['data']
      return free && Array.isArray(lines) ? { ...masked, total: lines.length } : masked
    }
    return mapValues(object)
  }
  if (typeof value === 'boolean') return value
  return maskScalar(value as string | number, key, owner)
}

function mapValues(object: Record<string, unknown>): { [key: string]: Masked } {
  return Object.fromEntries(Object.entries(object).map(([name, each]) => [name, mask(each, name, object)]))
}

function isLog(value: unknown): value is { n: number; t: string }[] {
  return (
    Array.isArray(value) && value.length > 0 && value.every((entry) => has(entry, 'n') && has(entry, 't'))
  )
}

function maskScalar(value: string | number, key: string, owner?: Record<string, unknown>): Masked {
  if (SECRETS.has(key) && typeof value === 'string') return `(${key})`
  if (key === 'digest' && value !== EMPTY_DIGEST) return '(digest)'
  if (key === 'port' && typeof value === 'string') return value.replace(/^59\d\d$/, '59*')
  if (key === 'changes') return value.toString().includes('+iface vmbr1') ? '(adds vmbr1)' : value
  // Nanoseconds since 1970, as guests tell the time.
  if (key === 'result' && Number(value) > 1e18) return '(now)'
  if (key === 'saved') return '(saved)'
  if (INTEGERS.has(key) && /^\d+$/.test(String(value))) return `(${typeof value})`
  const isSpace =
    owner?.['type'] === 'node' || owner?.['type'] === 'storage' || owner?.['plugintype'] !== undefined
  if (
    NUMBERS.has(key) ||
    (isSpace && /^(?:maxdisk|maxmem)$/.test(key)) ||
    (key === 'total' && owner?.['avail'] !== undefined)
  )
    return `(${typeof value})`
  if (typeof value === 'number') return value
  if (SETS.has(key)) return value.split(',').sort().join(',')
  return maskText(value)
}

function maskNumbers(value: unknown): Masked {
  if (Array.isArray(value)) return value.map(maskNumbers)
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, maskNumbers(each)]))
  return typeof value === 'boolean' ? value : `(${typeof value})`
}

function maskList(list: readonly unknown[]): Masked[] {
  if (isLog(list)) return maskLog(list)
  const masked = list.map((entry) => mask(entry))
  // Indexes have an order; other lists have none.
  const isIndex = list.every(
    (entry) => has(entry, 'subdir') || (has(entry, 'name') && Object.keys(entry as object).length === 1),
  )
  return isIndex ? masked : masked.sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))
}

/** Lines that follow from chance fall out, and with them the numbers. */
function maskLog(list: readonly { n: number; t: string }[]): Masked[] {
  return [...list]
    .sort((one, other) => one.n - other.n)
    .filter(({ t }) => !FREE_LINES.test(t))
    .map(({ t }) => maskText(t.startsWith('Formatting ') ? formatting(t) : t))
}

function formatting(line: string): string {
  const [, path, fmt] = /^Formatting '([^']+)', fmt=(\w+)/.exec(line) ?? []
  return `Formatting ${path} ${fmt} ${/\bsize=(\d+)/.exec(line)?.[1]}`
}

function has(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && key in value
}

/** JSON with sorted keys, for comparing without regard to their order. */
export function sortKey(value: Masked): string {
  if (Array.isArray(value)) return `[${value.map(sortKey).join(',')}]`
  if (value !== null && typeof value === 'object')
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${sortKey(value[key] ?? null)}`)
      .join(',')}}`
  return JSON.stringify(value)
}
