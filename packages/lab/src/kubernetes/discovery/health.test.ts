import assert from 'node:assert/strict'
import { test } from 'node:test'
import { builtinResources } from '../builtin/index.ts'
import { ResourceRegistry } from '../resources.ts'
import { healthText } from './health.ts'
import { rootPaths } from './root.ts'

const ask = (path: string, query = ''): string | undefined => healthText(path, new URLSearchParams(query))

test('a check runs alone, all run together, and those left out are told as such', () => {
  assert.equal(ask('/livez'), 'ok')
  assert.equal(ask('/livez/etcd'), 'ok')
  assert.equal(ask('/readyz/informer-sync'), 'ok')
  assert.equal(ask('/livez/informer-sync'), undefined, 'readiness only')
  assert.equal(ask('/livez/nosuch'), undefined)
  assert.match(ask('/livez', 'verbose') ?? '', /^\[\+\]ping ok\n[^]*\nlivez check passed\n$/)
  assert.match(
    ask('/readyz', 'verbose&exclude=etcd') ?? '',
    /\n\[\+\]etcd excluded: ok\n\[\+\]etcd-readiness ok\n/,
  )
})

test('the root tells of every path that is served: groups, versions and single checks', () => {
  const registry = new ResourceRegistry()
  for (const definition of builtinResources) registry.add(definition)
  const paths = rootPaths(registry)['paths'] as string[]
  for (const path of [
    '/apis/apps',
    '/apis/apps/v1',
    '/readyz/shutdown',
    '/livez/poststarthook/rbac/bootstrap-roles',
  ])
    assert.ok(paths.includes(path), path)
  assert.deepEqual(paths, paths.toSorted())
})
