import type { Call } from '@fochista/proxmox/schema'
import type { Answer } from './host.ts'

/** A refusal as it has to be. */
export interface Refusal {
  readonly status: number
  /** Text without its line end. */
  readonly text: string
  readonly errors?: Readonly<Record<string, string>>
  /** Raised with its text as it is: without a line end. */
  readonly bare?: boolean
}

/** What a refusal looks like in a format of the API: the status line, and the body. */
export function asAnswer({ status, text, errors, bare }: Refusal, format: 'json' | 'extjs'): Answer {
  const message = bare ? text : `${text}\n`
  if (format === 'json')
    return { line: `${status} ${text.split('\n')[0]}`, body: printed({ data: null, message, errors }) }
  // Codes that were raised are texts, those of run-time failures numbers.
  const code = status === 500 || status === 501 ? status : String(status)
  return { line: '200 OK', body: printed({ data: null, success: 0, status: code, message, errors }) }
}

/** An answer with its body's keys in one order: the original's have none. */
export function normal({ line, body }: Answer): Answer {
  try {
    return { line, body: printed(JSON.parse(body)) }
  } catch {
    return { line, body }
  }
}

function printed(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  )
}

/** Wrong parameters. */
export function wrongParameters(errors: Readonly<Record<string, string>>): Refusal {
  return { status: 400, text: 'Parameter verification failed.', errors }
}

/** A missing right. */
export function noPermission(what: string): Refusal {
  return { status: 403, text: `Permission check failed${what === '' ? '' : ` (${what})`}` }
}

/** Who asks, by what they lack: everything, or some privileges everywhere. */
export interface Asker {
  readonly user: string
  has(privilege: string): boolean
}

/**
 * Judges the rights that the schema declares for a call.
 * @returns what stands in brackets after `Permission check failed`, nothing for an either-or; undefined when the call may go on.
 */
export function judged(
  perm: unknown,
  asker: Asker,
  params: Readonly<Record<string, unknown>>,
): string | undefined {
  if (perm === 'all' || perm === 'world') return undefined
  if (!Array.isArray(perm)) return 'user != root@pam'
  const [word, ...rest] = perm as [string, ...unknown[]]
  if (word === 'and') {
    for (const each of rest) {
      const failed = judged(each, asker, params)
      if (failed !== undefined) return failed
    }
    return undefined
  }
  if (word === 'or') return rest.some((each) => judged(each, asker, params) === undefined) ? undefined : ''
  if (word === 'userid-param')
    return rest[0] === 'self' && params['userid'] === asker.user ? undefined : userRight(rest, asker, params)
  if (word === 'userid-group') {
    const wanted = rest[0] as string[]
    return wanted.some((each) => asker.has(each)) ? undefined : `/access/groups, ${wanted.join('|')}`
  }
  if (word === 'perm-modify') {
    const path = filled(String(rest[0]), params) ?? ''
    const wanted = ['Permissions.Modify', ...narrower(path)]
    return wanted.some((each) => asker.has(each)) ? undefined : `${path}, ${wanted.join('|')}`
  }
  const [template, privileges, ...settings] = rest as [string, string[], ...unknown[]]
  const at = settings.indexOf('require_param')
  if (at >= 0 && params[String(settings[at + 1])] === undefined) return ''
  const path = filled(template, params)
  if (path === undefined) return ''
  if (settings.includes('any'))
    return privileges.some((each) => asker.has(each)) ? undefined : `${path}, ${privileges.join('|')}`
  const missing = privileges.find((each) => !asker.has(each))
  return missing === undefined ? undefined : `${path}, ${missing}`
}

function userRight(
  rest: unknown[],
  asker: Asker,
  params: Readonly<Record<string, unknown>>,
): string | undefined {
  if (rest[0] === 'self') return ''
  const userid = typeof params['userid'] === 'string' ? params['userid'] : ''
  const path = `/access/realm/${userid.slice(userid.lastIndexOf('@') + 1)}`
  return asker.has(String(rest[0])) ? undefined : `${path}, ${String(rest[0])}`
}

function narrower(path: string): string[] {
  if (/^\/storage\/./.test(path)) return ['Datastore.Allocate']
  if (/^\/vms\/./.test(path)) return ['VM.Allocate']
  return /^\/pool\/./.test(path) ? ['Pool.Allocate'] : []
}

function filled(template: string, params: Readonly<Record<string, unknown>>): string | undefined {
  let isWhole = true
  const path = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = params[name]
    if (typeof value === 'string') return value
    isWhole = false
    return ''
  })
  return isWhole ? path : undefined
}

/** The privileges that a call's declared rights speak of. */
export function privilegesIn(perm: unknown): string[] {
  if (!Array.isArray(perm)) return []
  const [word, ...rest] = perm as [string, ...unknown[]]
  if (word === 'and' || word === 'or') return rest.flatMap(privilegesIn)
  if (word === 'userid-group') return rest[0] as string[]
  if (word === 'userid-param') return rest[0] === 'self' ? [] : [String(rest[0])]
  if (word === 'perm-modify') return ['Permissions.Modify']
  return rest[1] as string[]
}

/** Whether the host that a call names is looked for before anything else is said of the call. */
export function isForwarded({ proxyto }: Call, template: string): boolean {
  return proxyto === 'node' && template.includes('{node}')
}
