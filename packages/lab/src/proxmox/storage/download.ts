import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { pathOf, usableStorage } from '../qemu/storage.ts'
import { spend, startTask } from '../tasks.ts'
import { findVolume } from '../world.ts'
import { checkName, normalName } from './upload.ts'

/** Milliseconds until a connection to nowhere is given up. */
const NO_ROUTE = 3100

/** Images that hosts would fetch themselves. The lab's hosts reach nothing outside: every download fails as without a route. */
export const downloadHandlers: Handlers = {
  'POST /nodes/{node}/storage/{storage}/download-url': download,
  'GET /nodes/{node}/query-url-metadata': async (call) => {
    await call.world.clock.sleep(NO_ROUTE)
    return die(
      `invalid server response: '500 Can't connect to ${authority(call.text('url'))} (No route to host)'`,
    )
  },
}

function download(call: Call): string {
  const { world } = call
  const node = call.text('node')
  const storage = usableStorage(world, call.text('storage'), node)
  const content = call.text('content')
  const filename = normalName(call.text('filename'))
  checkName(content, filename)
  if (!storage.content.includes(content))
    die(`storage '${storage.name}' does not support '${content}' content`)
  const url = call.text('url')
  const volid = `${storage.name}:${content}/${filename}`
  const path = pathOf(storage, volid)
  const id = encodeURIComponent(filename)
  return startTask(world, { node, type: 'download', id, user: call.user }, async (worker) => {
    worker.log(`downloading ${url} to ${path}`)
    if (findVolume(world, node, volid) !== undefined) die(`refusing to override existing file '${path}'`)
    const at = new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')
    worker.log(`--${at}--  ${url}`)
    await spend(world, worker, NO_ROUTE)
    die(`download failed: Connecting to ${authority(url)}... failed: No route to host.`)
  })
}

function authority(url: string): string {
  const { hostname, port, protocol } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`
}
