import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { apiSchema, type Method } from '../schema/index.ts'
import { checkCall } from './check.ts'
import { createDeadline } from './deadline.ts'
import { ProxmoxAnswerError, ProxmoxApiError } from './errors.ts'
import { normaliserOf } from './normalise.ts'
import { parseDrive } from './drive.ts'
import { parsePropertyString, printPropertyString } from './property-string.ts'
import { serve } from './test-server.ts'
import { createTransport } from './transport.ts'
import { isUpid, parseUpid, printUpid } from './upid.ts'

interface Exchange {
  n: number
  request: { method: string; path: string }
  response: { status: number | null; reason?: string; headers?: [string, string][]; body?: string }
}

const shared =
  process.env['FOCHISTA_RECORDINGS'] ?? join(import.meta.dirname, '..', '..', '..', '..', 'shared')
const folder = join(shared, 'pve', 'transcripts')
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : []
const exchanges = files.flatMap((file) =>
  readFileSync(join(folder, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => ({ file, ...(JSON.parse(line) as Exchange) }))
    .filter(({ response }) => response !== undefined),
)
const skip = files.length === 0 ? 'NEEDS the recorded exchanges of Proxmox VE (FOCHISTA_RECORDINGS)' : false

/** Answers of the json format with a whole body, with the template of their path. */
function* answers() {
  for (const { file, n, request, response } of exchanges) {
    const path = /^\/api2\/json(\/[^?]*)/.exec(request.path)?.[1]
    if (
      !path ||
      response.status !== 200 ||
      !response.body ||
      !/^[[{]/.test(response.body) ||
      response.body.includes('...[')
    )
      continue
    let template: string
    try {
      template = checkCall(apiSchema, request.method as Method, decodeURI(path), {})
    } catch (error) {
      if (!(error instanceof ProxmoxApiError) || error.status === 501) continue
      template = templateIgnoringParameters(request.method as Method, decodeURI(path))
    }
    yield {
      where: `${file}#${n}`,
      method: request.method as Method,
      template,
      body: JSON.parse(response.body) as { data: unknown },
    }
  }
}

function templateIgnoringParameters(method: Method, path: string): string {
  const loose = {
    ...apiSchema,
    paths: Object.fromEntries(
      Object.entries(apiSchema.paths).map(([key, calls]) => [
        key,
        Object.fromEntries(
          Object.entries(calls).map(([verb, call]) => [
            verb,
            { ...call, params: {}, extraParams: 1 as const },
          ]),
        ),
      ]),
    ),
  }
  return checkCall(loose, method, path, {})
}

test('every recorded answer is decoded without loss: what is normalised has the same value', { skip }, () => {
  let count = 0
  for (const { where, method, template, body } of answers()) {
    const after = normaliserOf(method, template)(structuredClone(body.data))
    assertSame(body.data, after, where)
    count += 1
  }
  assert.ok(count > 700, `only ${count} answers`)
})

/** Equal but for the spelling of booleans and numbers. */
function assertSame(before: unknown, after: unknown, where: string): void {
  if (Array.isArray(before)) {
    assert.ok(Array.isArray(after) && after.length === before.length, where)
    before.forEach((item, index) => assertSame(item, after[index], `${where}[${index}]`))
  } else if (typeof before === 'object' && before !== null) {
    assert.deepEqual(Object.keys(after as object), Object.keys(before), where)
    for (const [key, value] of Object.entries(before))
      assertSame(value, (after as Record<string, unknown>)[key], `${where}.${key}`)
  } else if (typeof after === 'boolean') {
    assert.ok(
      [1, 0, '1', '0', '', true, false].includes(before as never) && Boolean(Number(before)) === after,
      `${where}: ${String(before)}`,
    )
  } else if (before !== after) {
    assert.equal(
      String(after),
      String(Number(before)) === String(after) ? String(after) : String(before),
      where,
    )
  }
}

test('every recorded UPID is read and printed back to the letter', { skip }, () => {
  const upids = new Set(
    exchanges.flatMap(({ response }) => response.body?.match(/UPID:[^"\\\s%<]+:/g) ?? []).filter(isUpid),
  )
  assert.ok(upids.size > 100)
  for (const upid of upids) assert.equal(printUpid(parseUpid(upid)), upid)
})

test('every recorded property string of a configuration survives a round trip', { skip }, () => {
  const kinds =
    /^(net|scsi|sata|ide|virtio|ipconfig|agent|smbios1|boot|vga|efidisk|tpmstate|numa|unused|meta|cpu|rng|machine)\d*$/
  let count = 0
  for (const { where, template, body } of answers()) {
    if (
      template !== '/nodes/{node}/qemu/{vmid}/config' ||
      typeof body.data !== 'object' ||
      body.data === null
    )
      continue
    for (const [key, value] of Object.entries(body.data)) {
      const kind = kinds.exec(key)?.[1]
      if (!kind || typeof value !== 'string' || value === '') continue
      const values = parsePropertyString(kind, value)
      assert.deepEqual(
        parsePropertyString(kind, printPropertyString(kind, values)),
        values,
        `${where} ${key}: ${value}`,
      )
      if (kind === 'scsi') assert.notEqual(parseDrive('scsi', value).file, '', value)
      count += 1
    }
  }
  assert.ok(count > 100, `only ${count} property strings`)
})

test(
  'every recorded answer over a real connection is data, or an error with the reason and the parameters as recorded',
  { skip },
  async (t) => {
    const whole = exchanges.filter(
      ({ request, response }) =>
        /^(GET|POST|PUT|DELETE)$/.test(request.method) &&
        request.path.startsWith('/api2/json/') &&
        response.status !== null &&
        response.status >= 200 &&
        !/\.\.\.\[|^base64:/.test(response.body ?? ''),
    )
    let at = 0
    const { url } = await serve(
      t,
      (_, response) => {
        const { status, reason = '', body = '', headers = [] } = whole[at]?.response ?? { status: 500 }
        const kept = headers.filter(([name]) => /^(content-type|connection)$/i.test(name))
        response
          .writeHead(status ?? 500, Buffer.from(reason).toString('latin1'), Object.fromEntries(kept))
          .end(body)
      },
      { tls: false },
    )
    const transport = createTransport([url], undefined, 1, 60_000)
    t.after(() => transport.close())
    let refused = 0
    for (; at < whole.length; at += 1) {
      const { file, n, request, response } = whole[at] as (typeof whole)[number]
      const where = `${file}#${n} ${request.method} ${request.path}`
      const call = { method: request.method, path: encodeURI(decodeURI(request.path.split('?')[0] ?? '')) }
      const deadline = createDeadline(call, 60_000, undefined)
      try {
        const { data } = await transport.send({ ...call, headers: {}, deadline, repeatable: false })
        assert.equal(response.status, 200, where)
        assert.deepEqual(data, (JSON.parse(response.body ?? '') as { data: unknown }).data, where)
      } catch (error) {
        if (error instanceof ProxmoxAnswerError && !response.body?.startsWith('{"')) continue
        assert.ok(error instanceof ProxmoxApiError, `${where}: ${String(error)}`)
        refused += 1
        assert.equal(error.status, response.status, where)
        if (response.reason)
          assert.ok(error.reason.startsWith(response.reason.trim()), `${where}: ${error.reason}`)
        const told = /"errors":/.test(response.body ?? '')
          ? (JSON.parse(response.body ?? '') as { errors: object }).errors
          : {}
        assert.deepEqual(error.errors, told, where)
      } finally {
        deadline.end()
      }
    }
    assert.ok(whole.length > 1200 && refused > 300, `${whole.length} exchanges, ${refused} refusals`)
  },
)
