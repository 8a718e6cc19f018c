import type { Call, Handlers } from '../handler.ts'
import { startTask } from '../tasks.ts'

/** Tasks over many guests of a host. The lab starts none by itself: guests with `onboot` are started by who seeds them. */
export const bulkHandlers: Handlers = {
  'POST /nodes/{node}/startall': (call) => bulk(call, 'startall'),
}

function bulk(call: Call, type: string): string {
  return startTask(call.world, { node: call.text('node'), type, id: '', user: call.user }, () =>
    Promise.resolve(),
  )
}
