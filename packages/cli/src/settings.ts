import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CommandError, didYouMean, UsageError } from './errors.ts'
import { tr } from './locale.ts'

/** Variables of an environment. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Settings of the two back ends. A group is taken whole from one source: a URL never meets another source's secret. */
const groups = {
  management: ['KUBECONFIG', 'KAMAJI_URL', 'KAMAJI_TOKEN', 'KAMAJI_CA'],
  proxmox: [
    'PROXMOX_URL',
    'PROXMOX_TOKEN_ID',
    'PROXMOX_SECRET',
    'PROXMOX_USER',
    'PROXMOX_PASSWORD',
    'PROXMOX_PASSWORD_FILE',
    'PROXMOX_FINGERPRINT',
    'PROXMOX_CA',
  ],
} as const
const secrets = ['KAMAJI_TOKEN', 'PROXMOX_SECRET', 'PROXMOX_PASSWORD']
/** Keys of a named context: the variables by their own names, and what a kubeconfig leaves open. */
const contextKeys = [...groups.management, ...groups.proxmox, 'namespace', 'kubeContext']

/** What the settings' sources come to. */
export interface Settings {
  readonly environment: Environment
  /** Namespace of the named context in use. */
  readonly namespace?: string | undefined
  /** Context of the kubeconfig. */
  readonly kubeContext?: string | undefined
}

interface ConfigFile {
  readonly current?: string
  readonly contexts: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Where named contexts stand: `$XDG_CONFIG_HOME/fochista/config.yaml`, by default below `~/.config`. */
export function configPath(environment: Environment): string {
  const base = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config')
  return join(base, 'fochista', 'config.yaml')
}

/**
 * Settings in order: flags, environment, the current named context. `--context` names a context of ours or else of the kubeconfig;
 * one of ours is a flag and wins over the environment. Throws CommandError for a file that cannot be used.
 */
export async function readSettings(
  environment: Environment,
  flags: { readonly context?: string | undefined; readonly kubeconfig?: string | undefined },
): Promise<Settings> {
  const path = configPath(environment)
  const file = await readConfig(path)
  const asked = flags.context === undefined ? undefined : file?.contexts[flags.context]
  if (!file || (flags.context !== undefined && !asked)) return { environment, kubeContext: flags.context }
  const name = asked ? flags.context : file.current
  if (name === undefined) return { environment }
  const named = file.contexts[name]
  if (!named)
    throw new CommandError(
      tr(
        `${path}: current names no context: "${name}"`,
        `${path}: current non indica un contesto: "${name}"`,
      ),
      didYouMean(name, Object.keys(file.contexts)),
    )
  const result: Record<string, string | undefined> = { ...environment }
  const takes = (group: keyof typeof groups): boolean => {
    const isSet = groups[group].some((key) => environment[key])
    if (isSet && !asked) return false
    if (isSet && !groups[group].some((key) => named[key])) return false
    for (const key of groups[group]) result[key] = named[key]
    return true
  }
  takes('proxmox')
  const isManaged = takes('management') && flags.kubeconfig === undefined
  return {
    environment: result,
    ...(isManaged ? { namespace: named['namespace'], kubeContext: named['kubeContext'] } : {}),
  }
}

/** The names of the named contexts. Throws CommandError for a file that cannot be used. */
export async function contextNames(environment: Environment): Promise<string[]> {
  return Object.keys((await readConfig(configPath(environment)))?.contexts ?? {})
}

async function readConfig(path: string): Promise<ConfigFile | undefined> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new CommandError(`${path}: ${message}`, { cause: error })
  }
  const { parse } = await import('yaml')
  let content: unknown
  try {
    content = parse(text)
  } catch (error) {
    throw new CommandError(`${path}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const file = checkConfig(path, content)
  if (Object.values(file.contexts).some((context) => secrets.some((key) => context[key])))
    requirePrivate(path, statSync(path).mode)
  return file
}

function checkConfig(path: string, content: unknown): ConfigFile {
  const top = mapping(path, content ?? {})
  for (const key of Object.keys(top)) requireKnown(path, key, ['current', 'contexts'])
  const contexts = Object.entries(mapping(`${path}: contexts`, top['contexts'] ?? {})).map(
    ([name, given]) => {
      const where = `${path}: contexts.${name}`
      const context = mapping(where, given)
      for (const [key, value] of Object.entries(context)) {
        requireKnown(where, key, contextKeys)
        if (typeof value !== 'string')
          throw new UsageError(`${where}.${key} ${tr('is not a text', 'non è un testo')}`)
      }
      return [name, context as Record<string, string>] as const
    },
  )
  const { current } = top
  if (current !== undefined && typeof current !== 'string')
    throw new UsageError(`${path}: current ${tr('is not a text', 'non è un testo')}`)
  return { contexts: Object.fromEntries(contexts), ...(current === undefined ? {} : { current }) }
}

function mapping(where: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new UsageError(`${where} ${tr('is not a mapping', 'non è una mappa')}`)
}

function requireKnown(where: string, key: string, known: readonly string[]): void {
  if (!known.includes(key))
    throw new UsageError(
      `${where}: ${tr('unknown key', 'chiave sconosciuta')} "${key}"`,
      didYouMean(key, known),
    )
}

/** Refuses a file with secrets that others may read, as ssh does with keys. */
export function requirePrivate(path: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return
  throw new CommandError(
    tr(`${path} holds secrets and others may read it`, `${path} contiene segreti e altri possono leggerlo`),
    { hint: `chmod 600 ${path}` },
  )
}
