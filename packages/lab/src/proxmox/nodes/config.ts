import { createHash } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { splitList } from '../verify/string-formats.ts'

/** Configuration files of a host. */
export const nodeConfigHandlers: Handlers = {
  'GET /nodes/{node}/config': (call) => {
    const options = optionsOf(call)
    return { ...options, digest: digestOf(options) }
  },
  'PUT /nodes/{node}/config': (call) => {
    const options = optionsOf(call)
    const digest = call.optional('digest')
    if (digest !== undefined && digest !== digestOf(options))
      die('detected modified configuration - file changed by other user? Try again.')
    for (const name of splitList(call.optional('delete') ?? '')) delete options[name]
    for (const name in call.params)
      if (!['node', 'digest', 'delete'].includes(name)) options[name] = call.text(name)
    return null
  },
}

function optionsOf(call: Call): Record<string, string> {
  const node = call.text('node')
  const { hostConfigs } = call.world.cluster
  let options = hostConfigs.get(node)
  if (options === undefined) {
    options = {}
    hostConfigs.set(node, options)
  }
  return options
}

function digestOf(options: Readonly<Record<string, string>>): string {
  const text = Object.entries(options).map(([name, value]) => `${name}: ${value}\n`)
  return createHash('sha1').update(text.sort().join('')).digest('hex')
}
