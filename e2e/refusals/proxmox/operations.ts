import { apiSchema, type Call, type Method } from '@fochista/proxmox/schema'
import { rightText } from './right.ts'

/** One call of the API, with what it is made with where nothing is wrong. */
export interface Operation {
  readonly method: Method
  readonly template: string
  readonly call: Call
  /** Values of its path. */
  readonly inPath: Readonly<Record<string, string>>
  /** Values of the parameters that it must have beside those. */
  readonly needed: Readonly<Record<string, string>>
}

/** What users work with: guests, storages, tasks, tokens, nodes and the cluster's lists. */
const OFTEN =
  /^\/nodes(?:\/\{node\}(?:$|\/(?:qemu|tasks|storage)(?:$|\/)|\/(?:status|version|network|rrd|rrddata)$))?|^\/access\/users\/\{userid\}\/token|^\/cluster\/(?:resources|nextid|tasks|status|log)$|^\/version$/

const isOften = (template: string): boolean => {
  const found = OFTEN.exec(template)
  return found !== null && (found[0] !== '/nodes' || template === '/nodes')
}

/** Names that are there in the world that is asked. */
const THERE: Readonly<Record<string, string>> = {
  node: 'pve1',
  vmid: '100',
  storage: 'local',
  snapname: 'snap',
  userid: 'root@pam',
  tokenid: 'all',
  upid: 'UPID:pve1:00000001:00000001:6B000000:qmstart:100:root@pam:',
  volume: 'iso/seed.iso',
  name: 'abc',
  cidr: '192.0.2.0/24',
  pos: '0',
}

/** What devices are mapped to is a list of property strings, for which the schema has no words. */
const MAPPINGS = '/cluster/mapping/'

/** All calls of the API: those that are often made, or the others. */
export function operationsOf(which: 'often' | 'seldom'): Operation[] {
  return Object.entries(apiSchema.paths).flatMap(([template, methods]) =>
    isOften(template) !== (which === 'often') || template.startsWith(MAPPINGS)
      ? []
      : (Object.entries(methods) as [Method, Call][]).map(([method, call]) =>
          operation(method, template, call),
        ),
  )
}

function operation(method: Method, template: string, call: Call): Operation {
  const inPath: Record<string, string> = {}
  for (const [, name = ''] of template.matchAll(/\{([^}]+)\}/g))
    inPath[name] = THERE[name] ?? rightText(call.params[name] ?? {})
  const needed: Record<string, string> = {}
  for (const [name, param] of Object.entries(call.params))
    if (param.opt !== 1 && param.idx === undefined && param.alias === undefined && inPath[name] === undefined)
      needed[name] = rightText(param)
  return { method, template, call, inPath, needed }
}

/** The path of an operation, as it is sent; `other` values stand in the place of those that are there. */
export function pathOf(
  { template, inPath }: Operation,
  other: Readonly<Record<string, string>> = {},
): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => {
    const value = other[name] ?? inPath[name] ?? ''
    return name === 'volume' || name === 'cidr' ? value : encodeURIComponent(value)
  })
}
