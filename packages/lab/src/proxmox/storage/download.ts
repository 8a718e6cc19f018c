import { createHash } from 'node:crypto'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { ApiError, die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { pathOf, usableStorage } from '../qemu/storage.ts'
import { startTask, type Worker } from '../tasks.ts'
import { findVolume, type Storage } from '../world.ts'
import { authority, FetchError, fetchUrl } from './fetch.ts'
import { checkName, normalName, putFile } from './upload.ts'
import { requireSpace } from './usage.ts'

/** Milliseconds until a connection to nowhere is given up. */
const NO_ROUTE = 3100
/** Bytes of a line of progress. */
const LINE = 32 * 1024 ** 2

/** Images that hosts fetch themselves: the lab's machine does it for them. */
export const downloadHandlers: Handlers = {
  'POST /nodes/{node}/storage/{storage}/download-url': download,
  'GET /nodes/{node}/query-url-metadata': queryMetadata,
}

async function queryMetadata(call: Call): Promise<unknown> {
  const url = call.text('url')
  try {
    const answer = await fetchUrl(url, {
      method: 'HEAD',
      verify: call.flag('verify-certificates', true),
      giveUp: () => call.world.clock.sleep(NO_ROUTE),
    })
    answer.resume()
    const { statusCode, statusMessage, headers } = answer
    if (statusCode !== 200) return die(`invalid server response: '${statusCode} ${statusMessage}'`)
    const named = /filename="?([^";]+)"?/.exec(headers['content-disposition'] ?? '')?.[1]
    const filename = named ?? decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '')
    const size = headers['content-length']
    return {
      ...(filename !== '' && { filename: normalName(filename) }),
      ...(size !== undefined && { size: Number(size) }),
      mimetype: headers['content-type']?.split(';')[0],
    }
  } catch (error) {
    if (!(error instanceof FetchError)) throw error
    return die(`invalid server response: '500 Can't connect to ${authority(url)} (${error.reason})'`)
  }
}

/** What is to be fetched, and where it goes. */
interface Download {
  readonly node: string
  readonly storage: Storage
  readonly content: string
  readonly filename: string
  readonly url: string
  readonly path: string
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
  const path = pathOf(storage, `${storage.name}:${content}/${filename}`)
  const facts = { node, type: 'download', id: encodeURIComponent(filename), user: call.user }
  return startTask(world, facts, (worker) =>
    run(call, { node, storage, content, filename, url, path }, worker),
  )
}

async function run(call: Call, file: Download, worker: Worker): Promise<void> {
  const { world } = call
  const { node, storage, content, filename, url, path } = file
  worker.log(`downloading ${url} to ${path}`)
  const found = findVolume(world, node, `${storage.name}:${content}/${filename}`)
  const checksum = call.optional('checksum')
  const algorithm = call.optional('checksum-algorithm') ?? 'sha256'
  if (found !== undefined) {
    if (checksum === undefined) die(`refusing to override existing file '${path}'`)
    const got = sumOf(found.data ?? new Uint8Array(), algorithm)
    if (got !== checksum.toLowerCase())
      die(`checksum mismatch: got '${got}' != expect '${checksum}', aborting`)
    worker.log('OK, got correct file already, no need to download')
    return
  }
  const bytes = await receive(call, file, worker)
  if (checksum !== undefined) {
    const got = sumOf(bytes, algorithm)
    worker.log(`calculating checksum...${got === checksum.toLowerCase() ? 'OK, checksum verified' : ''}`)
    if (got !== checksum.toLowerCase()) die(`checksum mismatch: got '${got}' != expect '${checksum}'`)
  }
  const compression = call.optional('compression')
  const data = compression === undefined ? bytes : unpack(bytes, compression, worker)
  putFile(world, node, { storage, content, filename, data })
  worker.log(`download of '${url}' to '${path}' finished`)
}

/** Fetches the bytes, with a line of the log for each piece of them. */
async function receive(call: Call, { node, storage, url, path }: Download, worker: Worker): Promise<Buffer> {
  const { world } = call
  const stamp = (): string => new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')
  worker.log(`--${stamp()}--  ${url}`)
  const begun = performance.now()
  const answer = await fetchUrl(url, {
    method: 'GET',
    verify: call.flag('verify-certificates', true),
    signal: worker.signal,
    giveUp: () => world.clock.sleep(NO_ROUTE, worker.signal),
  }).catch((error: unknown) => {
    if (!(error instanceof FetchError)) throw error
    const { reason, isName } = error
    const { hostname } = new URL(url)
    return die(
      isName
        ? `download failed: wget: unable to resolve host address '${hostname}'`
        : `download failed: Connecting to ${authority(url)}... failed: ${reason}.`,
    )
  })
  const { statusCode = 0, statusMessage = '', headers } = answer
  worker.log(`Connecting to ${authority(url)}... connected.`)
  worker.log(`HTTP request sent, awaiting response... ${statusCode} ${statusMessage}`)
  if (statusCode !== 200) {
    answer.resume()
    die(`download failed: ${stamp()} ERROR ${statusCode}: ${statusMessage}.`)
  }
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length'])
  const type = headers['content-type']
  worker.log(
    `Length: ${length === undefined ? 'unspecified' : length}${type === undefined ? '' : ` [${type.split(';')[0]}]`}`,
  )
  worker.log(`Saving to: '${path}.tmp_dwnl.${world.nextPid()}'`)
  const full = `download failed: ${path}: No space left on device`
  requireSpace(world, node, storage, length ?? 0, full)
  const chunks: Buffer[] = []
  let [size, told] = [0, 0]
  const tell = (): void => {
    const share = length ? `${Math.floor((100 * size) / length)}%` : ''
    const rate = size / 1024 ** 2 / Math.max(0.001, (performance.now() - begun) / 1000)
    worker.log(
      `${String(Math.floor(told / 1024)).padStart(6)}K ........ ........ ........ ........ ${share.padStart(4)} ${rate.toFixed(1)}M`,
    )
    told = size
  }
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      worker.signal.throwIfAborted()
      chunks.push(chunk)
      size += chunk.length
      requireSpace(world, node, storage, size, full)
      if (size - told >= LINE) tell()
    }
  } catch (error) {
    if (worker.signal.aborted || error instanceof ApiError) throw error
  }
  if (size > told) tell()
  if (length !== undefined && size !== length) die(`download failed: Connection closed at byte ${size}.`)
  worker.log(`${stamp()} - '${path}' saved [${size}/${length ?? size}]`)
  return Buffer.concat(chunks)
}

function sumOf(data: Uint8Array, algorithm: string): string {
  return createHash(algorithm).update(data).digest('hex')
}

function unpack(bytes: Buffer, compression: string, worker: Worker): Buffer {
  const unpackers: Readonly<Record<string, (data: Buffer) => Buffer>> = {
    gz: gunzipSync,
    zst: zstdDecompressSync,
  }
  const unpacker = unpackers[compression] ?? die(`the lab cannot unpack '${compression}'`)
  try {
    worker.log(`decompressing with ${compression}`)
    return unpacker(bytes)
  } catch (error) {
    return die(`decompression failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}
