import { createLabClock } from '../../clock.ts'
import { installDefaultRoles } from '../auth/default-roles.ts'
import { builtinDefinitions, builtinRules } from '../builtin/index.ts'
import { startLifecycle } from '../lifecycle.ts'
import { localStore } from '../local-store.ts'
import type { ApiObject, GroupVersionResource } from '../resources.ts'
import { ResourceRegistry } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { Storage } from '../store/storage.ts'
import type { ControllerHost } from './runtime.ts'

/** A store with all built-in kinds and no HTTP, for the tests of controllers; time runs a hundred times faster. */
export function testHost(speed = 100): ControllerHost & { stop(): void } {
  const registry = new ResourceRegistry()
  const storage = new Storage()
  const clock = createLabClock(speed)
  const core: Core = {
    storage,
    registry,
    clock,
    builtin: builtinRules(registry, storage, { clock }),
    admissions: [],
    webhookServers: new Map(),
    caPem: '',
  }
  for (const definition of builtinDefinitions(registry)) registry.add(definition)
  installDefaultRoles(core)
  const stop = startLifecycle(core)
  const store = localStore(core)
  const namespaces: GroupVersionResource = { group: '', version: 'v1', resource: 'namespaces' }
  const accounts: GroupVersionResource = { group: '', version: 'v1', resource: 'serviceaccounts' }
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    store.create(namespaces, { metadata: { name } })
    store.create(accounts, { metadata: { name: 'default', namespace: name } })
  }
  return { store, clock, stop }
}

/** A Deployment or DaemonSet with one container. */
export function workload(
  name: string,
  spec: { [key: string]: ApiObject['spec'] } = {},
  image = 'nginx:1',
): ApiObject {
  return {
    metadata: { name, namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'c', image }] },
      },
      ...spec,
    },
  }
}
