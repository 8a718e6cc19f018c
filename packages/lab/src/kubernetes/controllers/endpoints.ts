import type { ApiObject, JsonObject } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { items, member, textOf } from '../builtin/defaults/fields.ts'
import { kinds } from './kinds.ts'
import { holds, isFinished, nodeNameOf, ownedBy, specOf, statusOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'

const MANAGED = 'endpoints.kubernetes.io/managed-by'
const MANAGER = 'endpointslice-controller.k8s.io'

/** Keeps Endpoints and an EndpointSlice for each service with a selector. */
export function startEndpoints(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'endpoint-controller', (key) => reconcile(loop, key))
  return loop
    .watch(kinds.services, (event) => keyOf(event.object))
    .watch(kinds.pods, (event) => {
      const { namespace, labels } = event.object.metadata
      return loop.store
        .list(kinds.services, { namespace })
        .filter((service) => selects(service, labels ?? {}))
        .map(keyOf)
    })
}

function selects(service: ApiObject, labels: { [key: string]: string }): boolean {
  const selector = Object.entries(member(specOf(service), 'selector') ?? {})
  return selector.length > 0 && selector.every(([key, value]) => labels[key] === value)
}

interface Backend {
  pod: ApiObject
  address: string
  ready: boolean
}

function backendsOf(loop: Loop, service: ApiObject): Backend[] {
  const eager = specOf(service)['publishNotReadyAddresses'] === true
  return loop.store
    .list(kinds.pods, { namespace: service.metadata.namespace })
    .filter((pod) => selects(service, pod.metadata.labels ?? {}) && !isFinished(pod))
    .map((pod) => ({
      pod,
      address: textOf(statusOf(pod)['podIP']),
      ready: eager || (holds(pod, 'Ready') && pod.metadata.deletionTimestamp === undefined),
    }))
    .filter((each) => each.address !== '')
    .toSorted((a, b) => (a.address < b.address ? -1 : 1))
}

/** A service port as pods offer it: its number, by name if that is what the service says. */
function portsOf(service: ApiObject, backends: Backend[]): JsonObject[] {
  return items(specOf(service), 'ports').flatMap((port): JsonObject[] => {
    const target = port['targetPort']
    const number =
      typeof target === 'number'
        ? target
        : backends
            .flatMap(({ pod }) => items(specOf(pod), 'containers'))
            .flatMap((container) => items(container, 'ports'))
            .find((each) => each['name'] === target)?.['containerPort']
    if (number === undefined) return []
    const name = textOf(port['name'])
    return [{ ...(name === '' ? {} : { name }), port: number, protocol: port['protocol'] }]
  })
}

function reference({ pod }: Backend): JsonObject {
  return {
    kind: 'Pod',
    namespace: pod.metadata.namespace,
    name: pod.metadata.name,
    uid: pod.metadata.uid,
  }
}

function reconcile(loop: Loop, key: string): void {
  const [namespace, name] = splitKey(key)
  const service = loop.store.get(kinds.services, namespace, name)
  if (service === undefined) {
    // The Endpoints go with their service; the slices are its dependents.
    const left = loop.store.get(kinds.endpoints, namespace, name)
    if (left?.metadata.labels?.[MANAGED] === 'endpoint-controller')
      loop.store.delete(kinds.endpoints, { namespace, name }, loop.writes)
    return
  }
  if (Object.keys(member(specOf(service), 'selector') ?? {}).length === 0) return
  const backends = backendsOf(loop, service)
  const ports = portsOf(service, backends)
  writeEndpoints(loop, service, backends, ports)
  writeSlice(loop, service, backends, ports)
}

function writeEndpoints(loop: Loop, service: ApiObject, backends: Backend[], ports: JsonObject[]): void {
  const namespace = service.metadata.namespace
  const name = service.metadata.name ?? ''
  const entry = (each: Backend): JsonObject => ({
    ip: each.address,
    ...(nodeNameOf(each.pod) === '' ? {} : { nodeName: nodeNameOf(each.pod) }),
    targetRef: reference(each),
  })
  const ready = backends.filter((each) => each.ready).map(entry)
  const waiting = backends.filter((each) => !each.ready).map(entry)
  const subsets: JsonObject[] =
    backends.length === 0
      ? []
      : [
          {
            ...(ready.length === 0 ? {} : { addresses: ready }),
            ...(waiting.length === 0 ? {} : { notReadyAddresses: waiting }),
            ports,
          },
        ]
  const found = loop.store.get(kinds.endpoints, namespace, name)
  const metadata = {
    name,
    namespace,
    labels: { ...service.metadata.labels, [MANAGED]: 'endpoint-controller' },
  }
  const content = subsets.length === 0 ? {} : { subsets }
  if (found === undefined) loop.store.create(kinds.endpoints, { metadata, ...content }, loop.writes)
  else if (!equal(found['subsets'] ?? [], subsets)) {
    const { subsets: _, ...rest } = copy(found)
    loop.store.update(kinds.endpoints, { ...rest, metadata: rest.metadata, ...content }, loop.writes)
  }
}

function writeSlice(loop: Loop, service: ApiObject, backends: Backend[], ports: JsonObject[]): void {
  const namespace = service.metadata.namespace
  const name = service.metadata.name ?? ''
  const content = {
    addressType: 'IPv4',
    endpoints: backends.map((each): JsonObject => {
      const going = each.pod.metadata.deletionTimestamp !== undefined
      return {
        addresses: [each.address],
        conditions: { ready: each.ready, serving: holds(each.pod, 'Ready'), terminating: going },
        targetRef: reference(each),
        ...(nodeNameOf(each.pod) === '' ? {} : { nodeName: nodeNameOf(each.pod) }),
      }
    }),
    ports: ports.map((port) => ({
      name: port['name'] ?? '',
      port: port['port'],
      protocol: port['protocol'],
    })),
  }
  const found = loop.store
    .list(kinds.endpointSlices, { namespace })
    .find(
      (slice) =>
        slice.metadata.labels?.['kubernetes.io/service-name'] === name &&
        slice.metadata.labels['endpointslice.kubernetes.io/managed-by'] === MANAGER,
    )
  if (found === undefined)
    loop.store.create(
      kinds.endpointSlices,
      {
        metadata: {
          generateName: `${name}-`,
          namespace,
          labels: {
            ...service.metadata.labels,
            'endpointslice.kubernetes.io/managed-by': MANAGER,
            'kubernetes.io/service-name': name,
          },
          ownerReferences: [ownedBy(service, 'v1', 'Service')],
        },
        ...content,
      },
      loop.writes,
    )
  else loop.store.update(kinds.endpointSlices, { ...copy(found), ...content }, loop.writes)
}
