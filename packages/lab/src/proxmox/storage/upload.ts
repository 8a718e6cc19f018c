import { createHash } from 'node:crypto'
import { die, parameterError } from '../api-error.ts'
import type { Call, Handlers, Upload } from '../handler.ts'
import { isBlock, pathOf, usableStorage } from '../qemu/storage.ts'
import { spend, startTask, type Worker } from '../tasks.ts'
import { findVolume, volumeKey, type ProxmoxWorld, type Storage } from '../world.ts'
import { requireSpace } from './usage.ts'

const LONGEST_NAME = 255

/** Images that clients send. */
export const uploadHandlers: Handlers = {
  'POST /nodes/{node}/storage/{storage}/upload': (call) => {
    const { upload } = call
    if (upload === undefined) return die('upload failed')
    const storage = usableStorage(call.world, call.text('storage'), call.text('node'))
    if (isBlock(storage)) die(`can't upload to storage type '${storage.type}'`)
    const content = call.text('content')
    const filename = normalName(call.text('filename'))
    checkName(content, filename)
    if (!storage.content.includes(content))
      die(`storage '${storage.name}' does not support '${content}' content`)
    const facts = { node: call.text('node'), type: 'imgcopy', id: '', user: call.user }
    return startTask(call.world, facts, (worker) =>
      keep(call, worker, { storage, content, filename, upload }),
    )
  },
}

/** A file name as the original keeps it: no directory, and only plain characters. */
export function normalName(name: string): string {
  const base = name.split(/[/\\]/).at(-1) ?? ''
  return base.replace(/[^a-zA-Z0-9_.-]/g, '_').slice(0, LONGEST_NAME)
}

const EXTENSIONS: Readonly<Record<string, RegExp>> = {
  iso: /\.(?:iso|img)$/i,
  vztmpl: /\.tar(?:\.gz|\.xz|\.zst|\.bz2)?$/i,
  import: /^[^.].*\.(?:ova|qcow2|raw|vmdk)$/,
}

/** Refuses a name that the content does not have. */
export function checkName(content: string, filename: string): void {
  if (EXTENSIONS[content]?.test(filename)) return
  parameterError({
    filename: content === 'import' ? 'invalid filename or wrong extension' : 'wrong file extension',
  })
}

interface Incoming {
  readonly storage: Storage
  readonly content: string
  readonly filename: string
  readonly upload: Upload
}

/** Checks what came in and puts it in its place; what was there before is gone. */
async function keep(
  call: Call,
  worker: Worker,
  { storage, content, filename, upload }: Incoming,
): Promise<void> {
  const { world } = call
  const node = call.text('node')
  const { data, temporaryPath } = upload
  const volid = `${storage.name}:${content}/${filename}`
  const path = pathOf(storage, volid)
  worker.log(`starting file import from: ${temporaryPath}`)
  const checksum = call.optional('checksum')
  if (checksum !== undefined) verify(worker, data, call.text('checksum-algorithm'), checksum)
  if (filename.endsWith('.qcow2') && !Buffer.from(data.subarray(0, 4)).equals(QCOW2)) {
    worker.log(
      `command '/usr/bin/qemu-img info '--output=json' ${temporaryPath} -f qcow2' failed: exit code 1`,
    )
    die(`qemu-img: Could not open '${temporaryPath}': Image is not in qcow2 format`)
  }
  worker.log(`target node: ${node}`)
  worker.log(`target file: ${path}`)
  worker.log(`file size is: ${data.length}`)
  worker.log(`command: cp -- ${temporaryPath} ${path}`)
  const before = findVolume(world, node, volid)?.size ?? 0
  requireSpace(
    world,
    node,
    storage,
    data.length - before,
    `import failed: cp: error writing '${path}': No space left on device`,
  )
  await spend(world, worker, (data.length / storage.speed) * 1000)
  putFile(world, node, { storage, content, filename, data })
  worker.log('finished file import successfully')
}

/** Puts a file in its place; what was there before is gone. */
export function putFile(
  world: ProxmoxWorld,
  node: string,
  file: { storage: Storage; content: string; filename: string; data: Uint8Array },
): void {
  const { storage, content, filename, data } = file
  const volid = `${storage.name}:${content}/${filename}`
  world.volumes.set(volumeKey(world, node, volid), {
    volid,
    storage: storage.name,
    node: storage.shared ? '' : node,
    size: data.length,
    format: formatOf(content, filename),
    content,
    data,
    ctime: Math.floor(world.clock.now() / 1000),
  })
}

const QCOW2 = Buffer.from('QFI\xfb', 'latin1')

function verify(worker: Worker, data: Uint8Array, algorithm: string, wanted: string): void {
  const got = createHash(algorithm).update(data).digest('hex')
  const isRight = got === wanted.toLowerCase()
  worker.log(`calculating checksum...${isRight ? 'OK, checksum verified' : ''}`)
  if (!isRight) die(`checksum mismatch: got '${got}' != expect '${wanted}'`)
}

const ARCHIVES: Readonly<Record<string, string>> = {
  gz: 'tgz',
  zst: 'tzst',
  xz: 'txz',
  bz2: 'tbz2',
  tar: 'tar',
}

function formatOf(content: string, filename: string): string {
  const extension = filename.slice(filename.lastIndexOf('.') + 1)
  if (content === 'iso') return 'iso'
  return content === 'vztmpl' ? (ARCHIVES[extension] ?? 'tgz') : extension
}
