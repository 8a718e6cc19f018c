/**
 * Refreshes the pinned schema from the data of a host's API viewer:
 *
 *     node --conditions=source packages/proxmox/generate/refresh.ts https://pve1.example:8006 9.2.1 [--fingerprint AA:BB:… | --ca ca.pem]
 *     node --conditions=source packages/proxmox/generate/refresh.ts apidoc.js 9.2.1
 *
 * The viewer's data needs no login. Afterwards `npm run generate` writes the types, and the difference is there to be reviewed.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { apiSchema, PVE_VERSION, printSchema } from '../schema/index.ts'
import { createDeadline } from '../src/deadline.ts'
import { createEndpoints } from '../src/endpoints.ts'
import { requestOn } from '../src/request.ts'
import type { TlsConfig } from '../src/tls.ts'
import { compactApiDoc, readApiDoc } from './api-doc.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { fingerprint: { type: 'string' }, ca: { type: 'string' }, out: { type: 'string' } },
})
const [source, version] = positionals
if (!source || !version || !/^\d+\.\d+(\.\d+)?$/.test(version)) {
  console.error('usage: refresh.ts URL|FILE VERSION [--fingerprint SHA256 | --ca FILE] [--out FOLDER]')
  process.exit(2)
}
const { schema, notes } = compactApiDoc(readApiDoc(await load(source)), apiSchema)
const folder = values.out ?? join(import.meta.dirname, '..', 'schema')
await writeFile(join(folder, 'pve-9.1.json'), printSchema(schema))
await writeFile(join(folder, 'VERSION'), `${version}\n`)
const { paths, methods, params, formats } = schema.counts
console.log(
  `${PVE_VERSION} -> ${version}: ${paths} paths, ${methods} calls, ${params} parameters, ${formats} formats`,
)
for (const note of notes) console.log(`look at ${note}`)

async function load(from: string): Promise<string> {
  if (!/^https?:\/\//.test(from)) return readFile(from, 'utf8')
  const url = new URL(from)
  if (url.pathname === '/') url.pathname = '/pve-docs/api-viewer/apidoc.js'
  let tls: TlsConfig | undefined
  if (values.fingerprint) tls = { fingerprints: [values.fingerprint] }
  else if (values.ca) tls = { ca: await readFile(values.ca, 'utf8') }
  const [endpoint] = createEndpoints([url.origin], tls, 1, 10_000)
  const deadline = createDeadline({ method: 'GET', path: url.pathname }, 60_000, undefined)
  try {
    const asked = { method: 'GET', path: url.pathname, headers: {}, deadline, maxBytes: 64 * 2 ** 20 }
    const { status, text } = await requestOn(endpoint, asked)
    if (status !== 200) throw new Error(`${url.href} answered ${status}`)
    return text
  } finally {
    deadline.end()
    endpoint.pool.destroy()
  }
}
