import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { type ApiSchema, apiSchema, type Call, type Param, PVE_VERSION } from '../schema/index.ts'
import { shortNames } from '../src/property-formats.ts'
import { serve, testFingerprint } from '../src/test-server.ts'
import { compactApiDoc, readApiDoc } from './api-doc.ts'
import { printCalls, printFormats } from './types.ts'

/** Our form, written again as the API viewer has it. */
function docOf(param: Param): Record<string, unknown> {
  const { fmt, pat, patFlags, opt, defKey, items, props, extra, ...rest } = param
  const names = {
    min: 'minimum',
    minBogus: 'min',
    maxBogus: 'max',
    max: 'maximum',
    minLen: 'minLength',
    maxLen: 'maxLength',
    def: 'default',
    req: 'requires',
    unit: 'renderer',
    for: 'instance-types',
    typeProp: 'type-property',
  } as Record<string, string>
  const doc: Record<string, unknown> = { description: 'words "that" [are] {dropped}', typetext: 'too' }
  for (const [key, value] of Object.entries(rest)) {
    if (key === 'idx' || key === 'link' || key === 'oneOf') continue
    doc[names[key] ?? key] = value
  }
  if (fmt?.startsWith('#')) doc['format'] = docsOf(apiSchema.formats[fmt.slice(1)] ?? {})
  else if (fmt !== undefined) doc['format'] = fmt
  if (pat !== undefined) doc['pattern'] = patFlags ? `(?^${patFlags}:${pat})` : pat
  if (opt) doc['optional'] = 1
  if (defKey) doc['default_key'] = 1
  if (items) doc['items'] = docOf(items)
  if (props) doc['properties'] = docsOf(props)
  if (extra !== undefined) doc['additionalProperties'] = typeof extra === 'object' ? docOf(extra) : extra
  if (param['link'] !== undefined) doc['links'] = [{ rel: 'child', href: param['link'] }]
  if (Array.isArray(param['oneOf'])) doc['oneOf'] = (param['oneOf'] as Param[]).map(docOf)
  return doc
}

const docsOf = (params: Readonly<Record<string, Param>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).map(([name, param]) => [name, docOf(param)]))

function docOfCall(method: string, call: Call): Record<string, unknown> {
  const { name, params, returns, perm, permCode, token, protected: runsAsRoot, proxyto, extraParams } = call
  const check = Array.isArray(perm) ? { check: perm } : perm === 'root@pam' ? undefined : { user: perm }
  return {
    method,
    name,
    parameters: { properties: docsOf(params), ...(!extraParams && { additionalProperties: 0 }) },
    returns: docOf(returns ?? {}),
    ...(check && { permissions: { ...check, ...(permCode && { description: 'x' }) } }),
    allowtoken: token,
    ...(runsAsRoot && { protected: 1 }),
    ...(proxyto === 'fn' ? { proxyto_callback: 'x' } : proxyto && { proxyto }),
    ...(call['download'] !== undefined && { download_allowed: 1 }),
    ...(call['creds'] !== undefined && { expose_credentials: 1 }),
  }
}

/** The pinned schema as a host would serve it, with the viewer's program after it. */
function apiDoc(schema: ApiSchema): string {
  const children = Object.entries(schema.paths).map(([path, calls]) => ({
    path,
    text: path.split('/').at(-1),
    info: Object.fromEntries(
      Object.entries(calls).map(([method, call]) => [method, docOfCall(method, call)]),
    ),
  }))
  return `const apiSchema = ${JSON.stringify(children, undefined, 3)}\n;\nlet method2cmd = { GET: 'get' }; throw new Error('this was run')`
}

test('a refresh from a host of the pinned version changes nothing', () => {
  const { schema, notes } = compactApiDoc(readApiDoc(apiDoc(apiSchema)), apiSchema)
  assert.deepEqual(notes, [])
  assert.deepEqual(schema.counts, apiSchema.counts)
  for (const [path, calls] of Object.entries(apiSchema.paths))
    assert.deepEqual(schema.paths[path], calls, path)
  assert.deepEqual(schema.formats, apiSchema.formats)
  assert.equal(printCalls(schema, 'x'), printCalls(apiSchema, 'x'))
})

test('a new call, parameter and property string are taken over, and a person is told where to look', () => {
  const info = {
    GET: {
      name: 'look',
      parameters: {
        additionalProperties: 0,
        properties: {
          'thing[n]': { type: 'string', optional: 1, format: { a: { type: 'integer', default_key: 1 } } },
          odd: { type: 'string', pattern: '(?<!(a' },
        },
      },
      returns: { type: 'string' },
      permissions: { user: 'all' },
    },
  }
  const { schema, notes } = compactApiDoc(
    [{ path: '/new', children: [{ path: '/new/{id}', info }] }],
    apiSchema,
  )
  const call = schema.paths['/new/{id}']?.GET
  assert.deepEqual(call?.params, {
    'thing[n]': { type: 'string', opt: 1, fmt: '#thing' },
    odd: { type: 'string' },
  })
  assert.deepEqual(schema.formats, { thing: { a: { type: 'integer', defKey: 1 } } })
  assert.deepEqual([call?.perm, call?.token, notes.length], ['all', 1, 2])
  assert.match(
    printCalls(schema, 'x'),
    /'\/new\/\{id\}': \{ path: \{ id: string \}; params: \{ odd: string; \[key: `thing\$\{number\}`\]: string \| undefined \}; result: string \}/,
  )
})

test('what is not the data of an API viewer, or only its beginning, is refused', () => {
  assert.throws(() => readApiDoc('<html></html>'), /not the data of a Proxmox API viewer/)
  assert.throws(() => readApiDoc('const apiSchema = [ { "path": "/"'), /the file was cut/)
})

test('the command reads a live host over pinned TLS and writes schema and version', async (t) => {
  const { url, seen } = await serve(t, (_, response) => void response.end(apiDoc(apiSchema)))
  const out = await mkdtemp(join(tmpdir(), 'fochista-schema-'))
  t.after(() => rm(out, { recursive: true }))
  const command = join(import.meta.dirname, 'refresh.ts')
  const flags = ['--conditions=source', command, url, '9.9.9', '--fingerprint', testFingerprint, '--out', out]
  const { stdout } = await promisify(execFile)(process.execPath, flags)
  assert.equal(stdout, `${PVE_VERSION} -> 9.9.9: 435 paths, 649 calls, 2965 parameters, 69 formats\n`)
  assert.equal(seen[0]?.path, '/pve-docs/api-viewer/apidoc.js')
  assert.equal(await readFile(join(out, 'VERSION'), 'utf8'), '9.9.9\n')
  const written = JSON.parse(await readFile(join(out, 'pve-9.1.json'), 'utf8')) as ApiSchema
  assert.deepEqual(written.counts, apiSchema.counts)
})

test('what is committed is what the generator prints', async () => {
  const committed = (name: string) =>
    readFile(join(import.meta.dirname, '..', 'src', 'generated', name), 'utf8')
  assert.equal(printCalls(apiSchema, PVE_VERSION), await committed('calls.ts'))
  assert.equal(printFormats(apiSchema, shortNames), await committed('formats.ts'))
})
