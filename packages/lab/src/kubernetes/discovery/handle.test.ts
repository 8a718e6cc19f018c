import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { builtinResources } from '../builtin/index.ts'
import type { ResourceDefinition } from '../resources.ts'
import { ResourceRegistry } from '../resources.ts'
import { discover } from './handle.ts'

const root = fileURLToPath(new URL('../../../../../', import.meta.url))
const shared = process.env['FOCHISTA_RECORDINGS'] ?? join(root, '..', 'shared')
const records = join(shared, 'kamaji', 'transcripts-kubernetes', '01-discovery.jsonl')

const KUBECTL =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json'

function registryOf(extra: ResourceDefinition[] = []): ResourceRegistry {
  const registry = new ResourceRegistry()
  for (const definition of [...builtinResources, ...extra]) registry.add(definition)
  return registry
}

function ask(path: string, headers: Record<string, string> = {}, registry = registryOf(), method = 'GET') {
  const url = new URL(path, 'https://server')
  return discover(
    {
      method,
      path: url.pathname,
      query: url.searchParams,
      headers,
      serverAddress: '192.0.2.10:16443',
      gitVersion: 'v1.36.3',
    },
    registry,
  )
}

test('aggregated discovery has a tag, and the same tag is answered with 304', () => {
  const first = ask('/apis', { accept: KUBECTL })
  assert.equal(first?.status, 200)
  assert.equal(first.contentType, 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList')
  const registry = registryOf()
  const tag = ask('/apis', { accept: KUBECTL }, registry)?.headers?.['Etag'] ?? ''
  assert.equal(ask('/apis', { accept: KUBECTL, 'if-none-match': tag }, registry)?.status, 304)
  assert.equal(ask('/apis', { accept: KUBECTL, 'if-none-match': `W/${tag}` }, registry)?.status, 200)
})

test('the beta form alone is not acceptable, and beside JSON it falls back to the plain form', () => {
  const beta = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
  assert.equal(ask('/apis', { accept: beta })?.status, 406)
  assert.equal(ask('/apis', { accept: `${beta},application/json` })?.contentType, 'application/json')
})

test('a custom kind appears in both forms with its own group and version, and changes the tag', () => {
  const registry = registryOf()
  const before = ask('/apis', { accept: KUBECTL }, registry)?.headers?.['Etag']
  registry.add({
    group: 'fochista.dev',
    version: 'v1',
    resource: 'machines',
    singular: 'machine',
    kind: 'Machine',
    listKind: 'MachineList',
    namespaced: true,
    shortNames: ['mc'],
    categories: ['all', 'fochista'],
    verbs: ['delete', 'get'],
    subresources: [{ name: 'status', kind: 'Machine', verbs: ['get', 'patch', 'update'] }],
    crd: true,
  })
  const after = ask('/apis', { accept: KUBECTL }, registry)
  assert.notEqual(after?.headers?.['Etag'], before)
  const items = (JSON.parse(String(after?.body ?? '')) as { items: { metadata: { name: string } }[] }).items
  assert.deepEqual(items.at(-1), {
    metadata: { name: 'fochista.dev' },
    versions: [
      {
        version: 'v1',
        resources: [
          {
            resource: 'machines',
            responseKind: { group: 'fochista.dev', version: 'v1', kind: 'Machine' },
            scope: 'Namespaced',
            singularResource: 'machine',
            verbs: ['delete', 'get'],
            shortNames: ['mc'],
            categories: ['all', 'fochista'],
            subresources: [
              {
                subresource: 'status',
                responseKind: { group: 'fochista.dev', version: 'v1', kind: 'Machine' },
                verbs: ['get', 'patch', 'update'],
              },
            ],
          },
        ],
        freshness: 'Current',
      },
    ],
  })
  assert.equal(ask('/apis/fochista.dev', {}, registry)?.status, 200)
  assert.equal(ask('/apis/nosuch.dev', {}, registry), undefined)
})

test('discovery answers as recorded, to the byte', (context) => {
  if (!existsSync(records)) {
    context.skip(`the recorded exchanges are not at ${records}`)
    return
  }
  let compared = 0
  for (const line of readFileSync(records, 'utf8').split('\n')) {
    if (line === '') continue
    const { n, title, request, response } = JSON.parse(line) as {
      n: number
      title: string
      request?: { method: string; path: string; headers: [string, string][] }
      response: { status: number; body?: string; headers: [string, string][] }
    }
    if (request === undefined || n > 133 || response.status === 403) continue
    const headers: Record<string, string> = {}
    for (const [name, value] of request.headers) headers[name.toLowerCase()] = value
    // The tag is that of another body: taken from ours.
    if (headers['if-none-match']?.startsWith('"') === true && response.status === 304)
      headers['if-none-match'] =
        ask(request.path, { accept: headers['accept'] ?? '' })?.headers?.['Etag'] ?? ''
    const actual = ask(request.path, headers, registryOf(), request.method)
    if (actual === undefined || !/^\/(api|apis|version)(\/|\?|$)/.test(request.path)) continue
    const wanted = response.body ?? ''
    if (
      wanted.startsWith('base64:') ||
      /accept.*protobuf$/i.test(title) ||
      title.startsWith('Accept protobuf')
    )
      continue
    compared++
    assert.equal(actual.status, response.status, `#${n} ${title}`)
    const type = response.headers.find(([name]) => name === 'Content-Type')?.[1] ?? ''
    assert.equal(actual.contentType, type, `#${n} ${title}`)
    const cut = wanted.indexOf('...[')
    if (request.method === 'HEAD' || response.status === 304) continue
    if (cut >= 0) assert.equal(actual.body.slice(0, cut), wanted.slice(0, cut), `#${n} ${title}`)
    else assert.equal(String(actual.body).trimEnd(), wanted.trimEnd(), `#${n} ${title}`)
  }
  assert.ok(compared > 50, `${compared} compared`)
})
