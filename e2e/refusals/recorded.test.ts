import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { apiSchema, type Method, type Param } from '@fochista/proxmox/schema'
import { recordingFolders, recordingsIn } from '../conformance/recordings.ts'
import { asAnswer, normal } from './proxmox/oracle.ts'
import { MISSING, UNKNOWN, wrongFields, wrongValues } from './proxmox/wrong.ts'

// What is expected of bad input elsewhere is held against what was recorded from the original.

const folder = recordingFolders()?.proxmox
const skip = folder === undefined || !existsSync(folder) ? 'no recorded exchanges on this machine' : false

interface Recorded {
  readonly file: string
  readonly n: number
  readonly request: { readonly method: string; readonly path: string; readonly body: string | null }
  readonly response: { readonly status: number | null; readonly reason: string; readonly body: string | null }
}

interface Said {
  readonly message?: string
  readonly errors?: Readonly<Record<string, string>>
}

/** Every recorded exchange that has an answer. */
function recorded(): Recorded[] {
  return recordingsIn(folder ?? '', /^\d\d.*\.jsonl$/).flatMap((file) =>
    readFileSync(join(folder ?? '', file), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => ({ ...(JSON.parse(line) as Recorded), file }))
      .filter((one) => (one.response as unknown) !== undefined && one.response.status !== null),
  )
}

/** The JSON of an answer; undefined for one that has none. */
function saidIn({ response: { body } }: Recorded): Said | undefined {
  if (body === null || !body.startsWith('{"')) return undefined
  try {
    return JSON.parse(body) as Said
  } catch {
    return undefined
  }
}

test('a refusal has the status line and the body that recorded ones have, in both formats', { skip }, (t) => {
  let count = 0
  for (const one of recorded()) {
    const said = saidIn(one)
    const { request, response } = one
    const format = request.path.startsWith('/api2/extjs') ? 'extjs' : 'json'
    if (said?.message === undefined || !/^\/api2\/(?:json|extjs)/.test(request.path)) continue
    const { status } = JSON.parse(response.body ?? '') as { status?: number | string }
    const text = said.message.replace(/\n$/, '')
    const wanted = asAnswer(
      {
        status: Number(format === 'extjs' ? status : response.status),
        text,
        bare: text === said.message,
        ...(said.errors && { errors: said.errors }),
      },
      format,
    )
    const got = normal({ line: `${response.status} ${response.reason}`, body: response.body ?? '' })
    assert.deepEqual(got, wanted, `${one.file} ${one.n}`)
    count++
  }
  t.diagnostic(`${count} refusals`)
  assert.ok(count > 300)
})

/** The description of a parameter that a request had. */
function paramOf({ request: { method, path } }: Recorded, name: string): Param | undefined {
  const segments = (path.split('?')[0] ?? '').split('/').slice(3).filter(Boolean)
  const template = Object.keys(apiSchema.paths).find((each) => {
    const parts = each.split('/').filter(Boolean)
    return (
      parts.length === segments.length &&
      parts.every((part, index) => part.startsWith('{') || part === segments[index]) &&
      apiSchema.paths[each]?.[method as Method] !== undefined
    )
  })
  const params = template === undefined ? {} : apiSchema.paths[template]?.[method as Method]?.params
  return params?.[name] ?? params?.[name.replace(/\d+$/, '[n]')]
}

/** Words that a call says by itself, which no schema has. */
const OWN =
  /cannot use|already exists|you can't use|unknown option|no such|No such|required\.$|reserved|namespace|invalid ACL|Only root|script '|is required to|different storage|wrong file|hotplug problem|must be different|either|both|regex pattern 'net|unknown macro|missing property - |special syntax|local node|unable to parse worker/

test(
  'the words for a wrong parameter are those that were recorded, with its value in them',
  { skip },
  (t) => {
    let count = 0
    const strange: string[] = []
    for (const one of recorded()) {
      if (one.response.status !== 400) continue
      for (const [name, text] of Object.entries(saidIn(one)?.errors ?? {})) {
        if (OWN.test(text)) continue
        count++
        const param = paramOf(one, name)
        const format = param?.fmt?.startsWith('#') === true ? param.fmt.slice(1) : undefined
        // What is expected of each mistake, as a pattern in which its value may be any.
        const expected = [
          MISSING,
          UNKNOWN,
          ...(param ? wrongValues(param).map(({ value, text: words }) => anyValue(words, value)) : []),
          ...(format === undefined
            ? []
            : wrongFields(format, name).map(({ text: words }) => anyValue(words, 'nosuch'))),
          "missing property required by '\\w+'",
          `type check \\('${param?.type}'\\) failed - got (?:ARRAY|HASH|JSON::PP::Boolean|'[^]*')`,
        ]
        if (!expected.some((pattern) => new RegExp(`^(?:${pattern})$`).test(text)))
          strange.push(`${one.file} ${one.n}: ${one.request.method} ${one.request.path} ${name}: ${text}`)
      }
    }
    t.diagnostic(`${count} recorded texts`)
    assert.deepEqual(strange, [])
    assert.ok(count > 60)
  },
)

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

function anyValue(words: string, value: string): string {
  return value === '' ? escaped(words) : escaped(words).replaceAll(escaped(value), '[^]*')
}
