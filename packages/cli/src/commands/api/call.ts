import { closest } from '../../closest.ts'
import { argument, choice, command, type Command } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { explainCall } from '../proxmox-call/explain.ts'
import { parametersOf, wordsOf } from '../proxmox-call/parameters.ts'
import { printResult } from '../proxmox-call/result.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { dryRunOption } from '../waiting.ts'

/** pvesh's words for the four methods, each with lines to copy. */
const verbs = {
  get: { method: 'GET', examples: ['/nodes', '/cluster/resources type=vm -o table'] },
  create: { method: 'POST', examples: ['/nodes/pve1/qemu/100/status/start'] },
  set: { method: 'PUT', examples: ['/nodes/pve1/qemu/100/config cores=4 memory=8192'] },
  delete: { method: 'DELETE', examples: ['/nodes/pve1/qemu/100 purge=1'] },
} as const
type Method = (typeof verbs)[keyof typeof verbs]['method']

/** `fochista api get|create|set|delete PATH [param=value …]`: any Proxmox call, checked against the pinned schema before it is sent. */
export const apiCommands: readonly Command[] = Object.entries(verbs).map(([verb, { method, examples }]) =>
  command({
    path: `api ${verb} <path> [parameters...]`,
    summary: `${method}: ${tr('call the Proxmox API', 'chiama l’API Proxmox')}`,
    options: {
      output: choice(
        '-o, --output <format>',
        tr('how to print', 'come mostrare'),
        ['json', 'yaml', 'table'] as const,
        'json',
      ),
      ...(method === 'GET' ? {} : { dryRun: dryRunOption }),
    },
    examples: examples.map((line) => `fochista api ${verb} ${line}`),
    run: async (context, args, options) => {
      const path = argument(args, 'path')
      const parameters = parametersOf(wordsOf(args['parameters']))
      const template = await requirePath(method, path)
      if (options.dryRun) {
        const words = Object.entries(parameters).flatMap(([name, value]) =>
          [value].flat().map((one) => `${name}=${one}`),
        )
        return context.io.out([method, path, ...words].join(' '))
      }
      const proxmox = await connectProxmox(context)
      try {
        const result = await proxmox.call(method, path, parameters, { signal: context.signal })
        await printResult(context.io, options.output, result ?? null)
      } catch (error) {
        throw await explainCall(error, { given: parameters, method, template })
      } finally {
        await proxmox.close()
      }
    },
  }),
)

/** The template of a path. Refuses one that Proxmox does not have, or not with this method, and says what may have been meant. */
async function requirePath(method: Method, path: string): Promise<string> {
  const { apiSchema } = await import('@fochista/proxmox/schema')
  const given = path.split('/').filter(Boolean)
  const templates = Object.keys(apiSchema.paths)
  const fits = templates.filter((template) => matches(template, given))
  const verbsOf = (template: string): string[] =>
    Object.entries(verbs)
      .filter(([, known]) => apiSchema.paths[template]?.[known.method])
      .map(([verb]) => verb)
  const found = fits.find((template) => apiSchema.paths[template]?.[method])
  if (found !== undefined) return found
  const [only] = fits
  if (only)
    throw new CommandError(tr(`${path} has no ${method}`, `${path} non ha ${method}`), {
      hint: `${tr('it has:', 'ha:')}  ${verbsOf(only).join(', ')}`,
    })
  // Names in the path are put where the template has its parameters, so that only its fixed words are compared.
  const near = closest(
    `/${given.join('/')}`,
    templates
      .map((template) => template.split('/').filter(Boolean))
      .filter((parts) => parts.length === given.length)
      .map(
        (parts) => `/${parts.map((part, index) => (part.startsWith('{') ? given[index] : part)).join('/')}`,
      ),
  )
  throw new CommandError(tr(`Proxmox has no ${path}`, `Proxmox non ha ${path}`), {
    hint: near === undefined ? undefined : `${tr('did you mean', 'intendevi')} ${near}?`,
  })
}

function matches(template: string, given: readonly string[]): boolean {
  const parts = template.split('/').filter(Boolean)
  // The name of a volume holds slashes and takes the rest of the path.
  const isOpen = /\{(volume|volid)\}$/.test(template)
  if (isOpen ? given.length < parts.length : given.length !== parts.length) return false
  return parts.every((part, index) => part.startsWith('{') || part === given[index])
}
