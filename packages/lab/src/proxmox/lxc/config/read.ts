import { die, parameterError } from '../../api-error.ts'
import type { Handlers } from '../../handler.ts'
import { containerDigest, containerOf } from '../container.ts'
import { shownContainer } from './values.ts'

const PATH = '/nodes/{node}/lxc/{vmid}'

/** Reads of a container's configuration. */
export const containerConfigHandlers: Handlers = {
  [`GET ${PATH}/config`]: (call) => {
    const container = containerOf(call)
    const snapshot = call.optional('snapshot')
    if (snapshot !== undefined && call.flag('current')) {
      const text = "cannot use 'snapshot' parameter with 'current'"
      parameterError({ snapshot: text, current: text })
    }
    const digest = containerDigest(container)
    if (snapshot !== undefined) {
      const section = container.snapshots?.get(snapshot) ?? die(`snapshot '${snapshot}' does not exist`)
      return { ...shownContainer(section), digest }
    }
    const values = { ...container.config }
    if (!call.flag('current'))
      for (const [key, value] of container.pending)
        if (value === undefined) delete values[key]
        else values[key] = value
    return { ...shownContainer(values), digest }
  },
  [`GET ${PATH}/pending`]: (call) => {
    const { config, pending } = containerOf(call)
    return [...new Set([...Object.keys(config), ...pending.keys()])].map((key) => ({
      key,
      value: config[key],
      ...(pending.has(key) &&
        (pending.get(key) === undefined ? { delete: 1 } : { pending: pending.get(key) })),
    }))
  },
}
