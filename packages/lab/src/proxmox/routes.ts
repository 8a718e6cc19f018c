import { apiSchema, type Call as CallSchema, type Method } from '@fochista/proxmox/schema'

/** A call that a method and a path lead to. */
export interface Route {
  /** `METHOD /path/{template}`, as handlers are listed by. */
  readonly key: string
  readonly method: Method
  readonly call: CallSchema
  /** What stands in the path. */
  readonly uriParams: Readonly<Record<string, string>>
}

interface TreeNode {
  readonly fixed: Map<string, TreeNode>
  variable?: { name: string; node: TreeNode; rest: boolean }
  template?: string
}

const root: TreeNode = { fixed: new Map() }
for (const template of Object.keys(apiSchema.paths)) {
  let node = root
  for (const part of template.split('/').filter(Boolean)) {
    const variable = /^\{(.+)\}$/.exec(part)?.[1]
    let next: TreeNode | undefined = variable === undefined ? node.fixed.get(part) : node.variable?.node
    if (next === undefined) {
      next = { fixed: new Map() }
      // Volume names and firewall networks hold slashes: they take the rest of the path.
      if (variable === undefined) node.fixed.set(part, next)
      else node.variable = { name: variable, node: next, rest: variable === 'volume' || variable === 'cidr' }
    }
    node = next
  }
  node.template = template
}

/** The list of everything, which the schema leaves out. */
const ROOT: Readonly<Record<string, CallSchema>> = {
  GET: { name: 'index', params: {}, perm: 'all', token: 1 },
}

/** Finds the call of a method and a decoded path; undefined when the API has none. Repeated slashes count as one. */
export function findRoute(method: string, path: string): Route | undefined {
  let node = root
  const uriParams: Record<string, string> = {}
  const parts = path.split('/').filter((part) => part !== '')
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index] ?? ''
    const fixed = node.fixed.get(part)
    if (fixed !== undefined) {
      node = fixed
      continue
    }
    const { variable } = node
    if (variable === undefined) return undefined
    uriParams[variable.name] = variable.rest ? parts.slice(index).join('/') : part
    node = variable.node
    if (variable.rest) break
  }
  const { template = '/' } = node
  const call = template === '/' ? ROOT[method] : apiSchema.paths[template]?.[method as Method]
  if (call === undefined) return undefined
  return { key: `${method} ${template}`, method: method as Method, call, uriParams }
}
