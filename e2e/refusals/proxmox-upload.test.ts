import { test } from 'node:test'
import { checksOf } from './proxmox/checks.ts'
import { startHost, type Answer, type Request } from './proxmox/host.ts'
import { asAnswer, wrongParameters, type Refusal } from './proxmox/oracle.ts'

const host = startHost()
const { compare, settle } = checksOf(host)
const like = host.world.storages.get('local')
if (!like) throw new TypeError('the world has no such storage')
host.world.storages.set('off1', { ...like, name: 'off1', disabled: true })
host.world.storages.set('images', { ...like, name: 'images', content: ['images'] })

const text = (name: string, value: string): string =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
const file = (filename: string, field = 'filename'): string =>
  `--b\r\nContent-Disposition: form-data; name="${field}"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n`
const END = '--b--\r\n'
const PLACE = 'at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line'

function upload(
  body: string,
  more: { storage?: string; type?: string; headers?: readonly string[] } = {},
): Request {
  const { storage = 'local', type = 'multipart/form-data; boundary=b', headers } = more
  return {
    method: 'POST',
    target: `/api2/json/nodes/pve1/storage/${storage}/upload`,
    caller: host.root,
    body: [type, body],
    ...(headers && { headers }),
  }
}

const bare = (line: string): Answer => ({ line: `500 ${line}`, body: `${line}\n` })
const refused = (refusal: Refusal): Answer => asAnswer(refusal, 'json')
const failed = (words: string): Answer => refused({ status: 500, text: words })
const wrong = (name: string, words: string): Answer => refused(wrongParameters({ [name]: words }))
const UPLOAD_FAILED = bare(`upload failed ${PLACE} 1370.`)

test('an upload that is wrong gets what the original gives, by its parts, its names and its storage', async (t) => {
  const iso = text('content', 'iso')
  const whole = iso + file('a.iso') + END
  const rows: readonly (readonly [request: Request, wanted: Answer])[] = [
    [
      upload(iso + file('a.iso', 'file') + END),
      bare(`wrong field name 'file' for file upload, expected 'filename' ${PLACE} 1284.`),
    ],
    [upload(iso + END), UPLOAD_FAILED],
    [upload(iso + file('a.iso')), UPLOAD_FAILED],
    [upload(whole, { type: 'multipart/form-data; boundary="b"' }), UPLOAD_FAILED],
    [upload(iso + text('nosuch', '1') + file('a.iso') + END), { line: '400 Bad Request', body: '' }],
    [upload(file('a.iso') + iso + END), wrong('content', 'property is missing and it is not optional')],
    ...['snippets', 'backup', 'images'].map(
      (content) =>
        [
          upload(text('content', content) + file('a.iso') + END),
          wrong(
            'content',
            `value '${content}' does not have a value in the enumeration 'iso, vztmpl, import'`,
          ),
        ] as const,
    ),
    [
      upload(text('content', 'foo') + file('a.iso') + END),
      wrong('content', "invalid format - invalid content type 'foo'\n"),
    ],
    [upload(iso + file('a.txt') + END), wrong('filename', 'wrong file extension')],
    [upload(text('content', 'vztmpl') + file('a.iso') + END), wrong('filename', 'wrong file extension')],
    [
      upload(text('content', 'import') + file('a.iso') + END),
      wrong('filename', 'invalid filename or wrong extension'),
    ],
    [
      upload(iso + text('checksum', 'abc') + file('a.iso') + END),
      wrong('checksum-algorithm', "missing property required by 'checksum'"),
    ],
    [upload(whole, { storage: 'nope' }), failed("storage 'nope' does not exist")],
    [upload(whole, { storage: 'off1' }), failed("storage 'off1' is disabled")],
    [upload(whole, { storage: 'local-lvm' }), failed("can't upload to storage type 'lvmthin'")],
    [upload(whole, { storage: 'images' }), failed("storage 'images' does not support 'iso' content")],
    // What is no upload at all is never answered.
    [upload('content=iso', { type: 'application/x-www-form-urlencoded' }), { line: 'no answer', body: '' }],
    [upload(whole, { type: 'multipart/form-data' }), { line: 'no answer', body: '' }],
    [
      upload(whole, { headers: ['Transfer-Encoding: chunked'] }),
      {
        line: '501 chunked transfer encoding not supported',
        body: 'chunked transfer encoding not supported',
      },
    ],
  ]
  for (const [request, wanted] of rows) await compare(request, wanted)
  settle(t, 20)
})
