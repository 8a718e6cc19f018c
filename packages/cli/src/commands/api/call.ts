import { argument, command, type Command } from '../../command.ts'
import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { connectProxmox } from '../../proxmox-environment.ts'

/** pvesh's words for the four methods. */
const verbs = { get: 'GET', create: 'POST', set: 'PUT', delete: 'DELETE' } as const

/** `fochista api get|create|set|delete PATH [param=value …]`: any Proxmox call, checked against the pinned schema before it is sent. */
export const apiCommands: readonly Command[] = Object.entries(verbs).map(([verb, method]) =>
  command({
    path: `api ${verb} <path> [parameters...]`,
    summary: `${method}: ${tr('call the Proxmox API', 'chiama l’API Proxmox')}`,
    examples:
      verb === 'get'
        ? ['fochista api get /nodes', 'fochista api get /cluster/resources type=vm']
        : [`fochista api ${verb} /nodes/pve1/qemu/100/config …`],
    run: async ({ io }, args) => {
      const proxmox = await connectProxmox(process.env)
      try {
        const result = await proxmox.call(method, argument(args, 'path'), parametersOf(args['parameters']))
        io.out(JSON.stringify(result ?? null, null, 2))
      } finally {
        await proxmox.close()
      }
    },
  }),
)

/** `param=value` words; a repeated name makes a list. */
function parametersOf(joined: string | undefined): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = {}
  for (const word of joined ? joined.split('\u0000') : []) {
    const at = word.indexOf('=')
    if (at < 1) throw new UsageError(`"${word}" ${tr('is not parameter=value', 'non è parametro=valore')}`)
    const [name, value] = [word.slice(0, at), word.slice(at + 1)]
    const before = parameters[name]
    parameters[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return parameters
}
