import type { Recorded } from './recorded.ts'

/** The whole body of a request whose record shows only its beginning. */
export function wholeBody(record: Recorded): Buffer {
  const body = record.request?.body ?? ''
  const { n } = record
  const text = header(record, 'content-type').startsWith('multipart/')
  if (text && !body.startsWith('base64:')) return multipart(record, body)
  if (body.startsWith('base64:'))
    return qcow2(Buffer.from(body.replace(/\.\.\.\[.*$/, '').slice(7), 'base64'))
  const cut = /^(.*?)x*\.\.\.\[(\d+) bytes\]$/s.exec(body)
  if (cut) return Buffer.from((cut[1] ?? '').padEnd(Number(cut[2]), 'x'))
  if (n === 150) return Buffer.from(body.replace('6a2c1b5e-...', '6a2c1b5e-0000-4000-8000-000000000001'))
  return Buffer.from(body, 'utf8')
}

function header(record: Recorded, wanted: string): string {
  return record.request?.headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? ''
}

const CLOSING = '\r\n--BOUND--\r\n'
const SHA_OF_ZEROS = 'e7e2dcff542de95352682dc186432e98f0188084896773f1973276b0577d5305'

/** Uploads: the parts as they begin, a file of equal bytes, and what follows it. */
function multipart(record: Recorded, shown: string): Buffer {
  const total = Number(/\.\.\.\[(\d+) bytes\]$/.exec(shown)?.[1] ?? Number.NaN)
  if (Number.isNaN(total)) return Buffer.from(shown, 'latin1')
  const { title } = record
  // The first bytes of the file are shown too.
  let head = shown.slice(0, shown.lastIndexOf('\r\n\r\n') + 4)
  const file = (name: string): string =>
    `--BOUND\r\nContent-Disposition: form-data; name="filename"; filename="${name}"\r\nContent-Type: application/octet-stream\r\n\r\n`
  const field = (name: string, value: string): string =>
    `--BOUND\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  if (title.includes('unknown text field'))
    head = field('content', 'iso') + field('foo', '1') + file('b6.iso')
  else if (title.includes('checksum without'))
    head = field('content', 'iso') + field('checksum', '0'.repeat(64)) + file('c3.iso')
  else if (title.includes('checksum'))
    head =
      field('content', 'iso') +
      field('checksum-algorithm', 'sha256') +
      field('checksum', title.includes('good') ? SHA_OF_ZEROS : '0'.repeat(64)) +
      file(title.includes('good') ? 'c1.iso' : 'c2.iso')
  else if (title.includes('backup'))
    head = `${field('content', 'backup')}${file('vzdump-qemu-100-2026_01_02-03_04_05.vma')}`
  const content = title.includes('3 MiB') ? Buffer.alloc(3_145_728, 1) : Buffer.alloc(40_000)
  let tail = CLOSING
  if (title.includes('file before content'))
    tail = '\r\n--BOUND\r\nContent-Disposition: form-data; name="content"\r\n\r\niso' + CLOSING
  if (title.includes('extra text field after')) {
    const names =
      total -
      head.length -
      content.length -
      CLOSING.length -
      '\r\n--BOUND\r\nContent-Disposition: form-data; name=""\r\n\r\n'.length
    tail = `\r\n--BOUND\r\nContent-Disposition: form-data; name="${'x'.repeat(names - 1)}"\r\n\r\n1${CLOSING}`
  }
  const whole = Buffer.concat([Buffer.from(head, 'latin1'), content, Buffer.from(tail, 'latin1')])
  return title.includes('without the closing') ? whole.subarray(0, -20) : whole
}

/** An empty qcow2 image of 64 MiB behind the parts that are shown. */
function qcow2(shown: Buffer): Buffer {
  const start = shown.indexOf('QFI\xfb', 0, 'latin1')
  const head = shown.subarray(0, start)
  const image = Buffer.alloc(196_616)
  shown.copy(image, 0, start)
  image.write('QFI\xfb', 0, 'latin1')
  image.writeUInt32BE(3, 4)
  image.writeBigUInt64BE(67_108_864n, 24)
  return Buffer.concat([head, image, Buffer.from(CLOSING, 'latin1')])
}
