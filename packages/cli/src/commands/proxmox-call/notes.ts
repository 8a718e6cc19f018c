import type { Param } from '@fochista/proxmox/schema'
import { tr } from '../../locale.ts'
import type { Verb } from './verb.ts'

/** The parameters of a verb's call for its help, from the schema: name, type, range, default; required ones first. */
export async function parameterNotes(verb: Verb): Promise<readonly string[]> {
  const { apiSchema } = await import('@fochista/proxmox/schema')
  const methods = [...new Set([verb.method, verb.whenGiven ?? verb.method])]
  const inPath = new Set([...verb.call.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  const sections = methods.map((method) => {
    const all = Object.entries(apiSchema.paths[verb.call]?.[method]?.params ?? {})
    const lines = all
      .filter(([name]) => !inPath.has(name) && !verb.asParameter?.includes(name))
      .sort(([a, left], [b, right]) => (left.opt ?? 0) - (right.opt ?? 0) || a.localeCompare(b))
      .map(([name, param]) => `  ${name.padEnd(24)} ${describe(param)}`)
    return { method, lines }
  })
  return sections
    .filter(({ lines }) => lines.length > 0)
    .flatMap(({ method, lines }) => [`${tr('Parameters', 'Parametri')} (${method}):`, ...lines])
}

function describe(param: Param): string {
  const kind = param.enum ? param.enum.join('|') : (param.fmt?.replace(/^#/, '') ?? param.type ?? 'string')
  const range = [param.min, param.max].some((bound) => bound !== undefined)
    ? ` ${param.min ?? ''}..${param.max ?? ''}`
    : ''
  const fallback =
    param.def === undefined
      ? ''
      : ` (${tr('default', 'predefinito')} ${String(param.def as string | number)})`
  const index = param.idx ? ` [${param.idx[0]}-${param.idx[1]}]` : ''
  return `${kind}${range}${index}${fallback}${param.opt ? '' : ` ${tr('required', 'obbligatorio')}`}`
}
