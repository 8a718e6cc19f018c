import { apiSchema, type Param } from '@fochista/proxmox/schema'
import type { Candidate } from './candidates.ts'
import type { LiveNames, Noun } from './live.ts'
import type { Line } from './line.ts'

/** Of whom a parameter's value, or a name in a path, is the name. */
const namesOfFormats: Readonly<Record<string, Noun>> = {
  'pve-node': 'host',
  'pve-storage-id': 'storage',
  'pve-vmid': 'vmid',
  'pve-poolid': 'proxmox-pool',
}
const namesInPaths: Readonly<Record<string, Noun>> = {
  node: 'host',
  vmid: 'vmid',
  storage: 'storage',
  poolid: 'proxmox-pool',
  upid: 'task',
}
const methods = { get: 'GET', create: 'POST', set: 'PUT', delete: 'DELETE' } as const

/** Parameters of the line's call, or the values of the one whose `=` is typed already. */
export async function parameterCandidates(line: Line, live: LiveNames): Promise<Candidate[]> {
  const params = paramsOf(line)
  const [name = '', value] = line.current.split(/=(.*)/s)
  if (value === undefined) {
    const taken = new Set(line.given.map((word) => word.split('=')[0]))
    return Object.entries(params)
      .filter(([each]) => !taken.has(each))
      .map(([each, param]) => ({
        value: `${each.replace('[n]', String(param.idx?.[0] ?? 0))}=`,
        about: kindOf(param),
      }))
  }
  const param = params[name] ?? params[name.replace(/\d+$/, '[n]')]
  if (!param) return []
  const noun = namesOfFormats[param.fmt ?? '']
  const found = noun ? await live.of(noun, line) : wordsOf(param).map((each): Candidate => ({ value: each }))
  return found.map((one) => ({ ...one, value: `${name}=${one.value}` }))
}

/** The words of which an argument is one, where the call has it as a parameter: the commands of `vm agent call`. */
export function argumentWords(line: Line, name: string): readonly string[] {
  return line.command?.parameters ? (paramsOf(line)[name]?.enum ?? []) : []
}

function wordsOf(param: Param): readonly string[] {
  return param.enum ?? (param.type === 'boolean' ? ['0', '1'] : [])
}

function kindOf(param: Param): string {
  return param.enum?.join('|') ?? param.fmt?.replace(/^#/, '') ?? param.type ?? ''
}

/** The parameters that are not in the call's path. */
function paramsOf({ command, words, given }: Line): Readonly<Record<string, Param>> {
  const asked = command?.parameters
  const template =
    asked?.call ?? templates().find((one) => fits(one, (given[0] ?? '').split('/').filter(Boolean), true))
  const verb = words[1] as keyof typeof methods
  const all = (asked?.methods ?? [methods[verb]]).map(
    (method) => apiSchema.paths[template ?? '']?.[method]?.params ?? {},
  )
  const inPath = new Set([...(template ?? '').matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  return Object.fromEntries(
    all.flatMap((params) => Object.entries(params)).filter(([name]) => !inPath.has(name)),
  )
}

/** The paths of the API by one more part: `/nodes/` after `/`, and the hosts' names after it. */
export async function pathCandidates(line: Line, live: LiveNames): Promise<Candidate[]> {
  const parts = line.current.split('/').slice(1, -1)
  const method = methods[line.words[1] as keyof typeof methods]
  const begun = `/${parts.map((part) => `${part}/`).join('')}`
  const next = new Map<string, boolean>()
  for (const template of templates()) {
    const pieces = template.split('/').filter(Boolean)
    if (!fits(template, parts, false) || pieces.length <= parts.length) continue
    const piece = pieces[parts.length] ?? ''
    if (pieces.length > parts.length + 1) next.set(`${piece}/`, true)
    else if (apiSchema.paths[template]?.[method]) next.set(piece, true)
  }
  const found = await Promise.all(
    [...next.keys()].map(async (piece) => {
      const [, name, end = ''] = /^\{(\w+)\}(\/?)$/.exec(piece) ?? []
      if (name === undefined) return [{ value: begun + piece }]
      const noun = namesInPaths[name]
      const names = noun === undefined ? [] : await live.of(noun, line)
      return names.map((one) => ({ ...one, value: begun + one.value + end }))
    }),
  )
  return found.flat()
}

const templates = (): string[] => Object.keys(apiSchema.paths)

function fits(template: string, parts: readonly string[], whole: boolean): boolean {
  const pieces = template.split('/').filter(Boolean)
  if (whole ? pieces.length !== parts.length : pieces.length < parts.length) return false
  return parts.every((part, index) => pieces[index]?.startsWith('{') || pieces[index] === part)
}
