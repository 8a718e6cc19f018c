import { apiSchema } from '@fochista/proxmox/schema'
import { parameterError } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { splitList } from '../verify/string-formats.ts'
import { checkDigest, digestOf, firewallOf, writableFirewall, type Scope } from './state.ts'

const NOT_OPTIONS = new Set(['node', 'vmid', 'vnet', 'digest', 'delete'])

/** Options of a firewall. */
export function optionHandlers(path: string, scope: Scope): Handlers {
  const call = apiSchema.paths[`${path}/options`]?.PUT
  const types = call?.params ?? {}
  return {
    [`GET ${path}/options`]: (asked) => {
      const { options } = firewallOf(asked.world, scope(asked))
      const shown: Record<string, unknown> = { digest: digestOf(options) }
      for (const [name, value] of Object.entries(options)) {
        const isNumber = ['boolean', 'integer'].includes(types[name]?.type ?? '')
        shown[name] = isNumber ? Number(value) : value
      }
      return shown
    },
    [`PUT ${path}/options`]: (asked) => {
      const { options } = writableFirewall(asked.world, scope(asked))
      checkDigest(asked, options)
      for (const name of splitList(asked.optional('delete') ?? '')) {
        if (types[name] === undefined || NOT_OPTIONS.has(name))
          parameterError({ delete: `no such option '${name}'` })
        delete options[name]
      }
      for (const name in asked.params) if (!NOT_OPTIONS.has(name)) options[name] = asked.text(name)
      return null
    },
  }
}
