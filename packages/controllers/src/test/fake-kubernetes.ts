import { randomUUID } from 'node:crypto'
import {
  KubernetesApiError,
  type DeleteOptions,
  type Informer,
  type InformerEvent,
  type Kind,
  type Kubernetes,
  type KubernetesObject,
  type ObjectRef,
  type PatchOptions,
} from '@fochista/kubernetes'
import { timestampOf, type Clock } from '../runtime/clock.ts'
import { mergePatch } from '../runtime/patch.ts'

/** What a fake API server was asked. */
export interface Call {
  readonly verb: 'get' | 'list' | 'create' | 'patch' | 'delete'
  readonly plural: string
  readonly name: string
  readonly subresource?: string | undefined
  readonly body?: unknown
}

/** An informer whose view of the server a test can stop. */
export interface FakeInformer<T extends KubernetesObject> extends Informer<T> {
  /** Shows no change from now on. */
  freeze(): void
  /** Shows everything as it is, and changes again. */
  thaw(): void
}

/** As much of an API server as the controllers ask for: versions, conflicts, finalizers, the status subresource. */
export interface FakeKubernetes {
  readonly kubernetes: Kubernetes
  readonly calls: Call[]
  /** Puts an object there as if it had always been. */
  has<T extends KubernetesObject>(kind: Kind<T>, object: T): T
  /** The object as it is, or undefined. */
  read<T extends KubernetesObject>(kind: Kind<T>, name: string, namespace?: string): T | undefined
  all<T extends KubernetesObject>(kind: Kind<T>): T[]
  /** Somebody else changes an object. */
  change<T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, change: (object: T) => void): T
  /** An object goes at once, finalizers or not. */
  vanish(kind: Kind, ref: ObjectRef): void
  informer<T extends KubernetesObject>(kind: Kind<T>): FakeInformer<T>
  /** Asked before and after each call; what it returns is thrown, before or after the call took effect. */
  faults: {
    before?: ((call: Call) => unknown) | undefined
    after?: ((call: Call) => unknown) | undefined
  }
}

/** Makes an empty one. */
export function createFakeKubernetes(clock: Pick<Clock, 'now'>): FakeKubernetes {
  const objects = new Map<string, KubernetesObject>()
  const listeners = new Set<(key: string, before: KubernetesObject | undefined) => void>()
  const calls: Call[] = []
  const faults: FakeKubernetes['faults'] = {}
  let version = 100

  const keyIn = (kind: Kind, { name, namespace = '' }: ObjectRef): string =>
    `${kind.plural}|${kind.namespaced ? namespace : ''}/${name}`
  const put = (key: string, object: KubernetesObject): KubernetesObject => {
    const before = objects.get(key)
    version += 1
    object.metadata.resourceVersion = String(version)
    if (object.metadata.deletionTimestamp && !object.metadata.finalizers?.length) objects.delete(key)
    else objects.set(key, object)
    for (const listener of listeners) listener(key, before)
    return structuredClone(object)
  }
  const find = (kind: Kind, ref: ObjectRef): KubernetesObject => {
    const object = objects.get(keyIn(kind, ref))
    if (!object) throw refusal(404, 'NotFound', `${kind.plural} "${ref.name}" not found`, kind, ref.name)
    return object
  }
  const take = (kind: Kind, ref: ObjectRef): KubernetesObject => structuredClone(find(kind, ref))
  const answering = async <T>(call: Call, run: () => T): Promise<T> => {
    calls.push(call)
    await Promise.resolve()
    const before = faults.before?.(call)
    if (before !== undefined) throw before as Error
    const answer = run()
    const after = faults.after?.(call)
    if (after !== undefined) throw after as Error
    return answer
  }

  const patched = (kind: Kind, ref: ObjectRef, patch: unknown, options: PatchOptions): KubernetesObject => {
    const before = find(kind, ref)
    const { resourceVersion, subresource } = options
    if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion)
      throw refusal(409, 'Conflict', `${kind.plural} "${ref.name}" was modified`, kind, ref.name)
    const merged = merge(before, patch) as unknown as Record<string, unknown>
    const old = before as unknown as Record<string, unknown>
    const hasStatus = kind.apiVersion.startsWith('fochista.dev/')
    // With a status subresource each side writes its own half only.
    const after = !hasStatus
      ? merged
      : subresource === 'status'
        ? { ...old, status: merged['status'] }
        : { ...merged, ...(old['status'] === undefined ? {} : { status: old['status'] }) }
    if (hasStatus && subresource !== 'status' && old['status'] === undefined) delete after['status']
    const object = after as unknown as KubernetesObject
    if (mergePatch(before, object) === undefined) return structuredClone(before)
    // What the patch does not name is still that of the state before.
    object.metadata = { ...object.metadata }
    if (mergePatch(old['spec'], after['spec']) !== undefined)
      object.metadata.generation = (before.metadata.generation ?? 1) + 1
    return put(keyIn(kind, ref), object)
  }

  const removed = (kind: Kind, ref: ObjectRef, options: DeleteOptions): KubernetesObject | undefined => {
    const object = take(kind, ref)
    const { uid } = options.preconditions ?? {}
    if (uid !== undefined && uid !== object.metadata.uid)
      throw refusal(409, 'Conflict', `the UID in the precondition does not match`, kind, ref.name)
    object.metadata.deletionTimestamp ??= timestampOf(clock.now())
    const hasFinalizers = (object.metadata.finalizers?.length ?? 0) > 0
    const answer = put(keyIn(kind, ref), object)
    return hasFinalizers ? answer : undefined
  }

  const created = (kind: Kind, given: KubernetesObject): KubernetesObject => {
    const object = structuredClone(given)
    const key = keyIn(kind, object.metadata)
    if (objects.has(key))
      throw refusal(
        409,
        'AlreadyExists',
        `${kind.plural} "${object.metadata.name}" already exists`,
        kind,
        object.metadata.name,
      )
    object.metadata = {
      ...object.metadata,
      uid: object.metadata.uid ?? randomUUID(),
      generation: object.metadata.generation ?? 1,
      creationTimestamp: object.metadata.creationTimestamp ?? timestampOf(clock.now()),
    }
    return put(key, object)
  }

  const allOf = (kind: Kind): KubernetesObject[] =>
    [...objects].filter(([key]) => key.startsWith(`${kind.plural}|`)).map(([, object]) => object)

  const api = {
    get: (kind: Kind, ref: ObjectRef) =>
      answering({ verb: 'get', plural: kind.plural, name: ref.name }, () => take(kind, ref)),
    list: (kind: Kind, options: { namespace?: string; labelSelector?: string } = {}) =>
      answering({ verb: 'list', plural: kind.plural, name: '' }, () => ({
        items: allOf(kind)
          .filter(({ metadata }) => !options.namespace || metadata.namespace === options.namespace)
          .filter((object) => matches(object, options.labelSelector))
          .map((object) => structuredClone(object)),
        metadata: { resourceVersion: String(version) },
      })),
    create: (kind: Kind, object: KubernetesObject) =>
      answering({ verb: 'create', plural: kind.plural, name: object.metadata.name, body: object }, () =>
        created(kind, object),
      ),
    patch: (kind: Kind, ref: ObjectRef, patch: unknown, options: PatchOptions = {}) =>
      answering(
        {
          verb: 'patch',
          plural: kind.plural,
          name: ref.name,
          body: patch,
          ...(options.subresource ? { subresource: options.subresource } : {}),
        },
        () => patched(kind, ref, patch, options),
      ),
    delete: (kind: Kind, ref: ObjectRef, options: DeleteOptions = {}) =>
      answering({ verb: 'delete', plural: kind.plural, name: ref.name }, () => removed(kind, ref, options)),
  }

  return {
    kubernetes: api as unknown as Kubernetes,
    calls,
    faults,
    has: (kind, object) => created(kind, object) as typeof object,
    read: <T extends KubernetesObject>(kind: Kind<T>, name: string, namespace?: string) =>
      structuredClone(objects.get(keyIn(kind, { name, ...(namespace ? { namespace } : {}) }))) as
        | T
        | undefined,
    all: <T extends KubernetesObject>(kind: Kind<T>) => structuredClone(allOf(kind)) as T[],
    change: <T extends KubernetesObject>(kind: Kind<T>, ref: ObjectRef, change: (object: T) => void) => {
      const object = take(kind, ref) as T
      change(object)
      return put(keyIn(kind, ref), object) as T
    },
    vanish: (kind, ref) => {
      const key = keyIn(kind, ref)
      const before = objects.get(key)
      objects.delete(key)
      for (const listener of listeners) listener(key, before)
    },
    informer: <T extends KubernetesObject>(kind: Kind<T>) =>
      createFakeInformer<T>(kind, objects, (listener) => listeners.add(listener)),
  }
}

function createFakeInformer<T extends KubernetesObject>(
  kind: Kind<T>,
  objects: ReadonlyMap<string, KubernetesObject>,
  listen: (listener: (key: string, before: KubernetesObject | undefined) => void) => void,
): FakeInformer<T> {
  const prefix = `${kind.plural}|`
  const subscribers = new Set<(event: InformerEvent<T>) => void>()
  const everything = (): Map<string, T> =>
    new Map(
      [...objects]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, object]) => [key.slice(prefix.length), object as T]),
    )
  let shown = everything()
  let isFrozen = false
  const tell = (event: InformerEvent<T>): void => {
    for (const subscriber of subscribers) subscriber(event)
  }
  listen((key, before) => {
    if (!key.startsWith(prefix) || isFrozen) return
    const known = objects.get(key) as T | undefined
    if (known) shown.set(key.slice(prefix.length), known)
    else shown.delete(key.slice(prefix.length))
    const object = objects.get(key) as T | undefined
    const event = object
      ? before
        ? { type: 'modified', object, old: before }
        : { type: 'added', object }
      : { type: 'deleted', object: before }
    tell(event as InformerEvent<T>)
  })
  return {
    kind,
    start: () => undefined,
    stop: () => undefined,
    ready: Promise.resolve(),
    isReady: true,
    error: undefined,
    get: (namespace, name) => shown.get(`${namespace ?? ''}/${name}`),
    list: () => [...shown.values()],
    subscribe: (listener) => {
      subscribers.add(listener)
      for (const object of shown.values()) listener({ type: 'added', object } as InformerEvent<T>)
      return () => subscribers.delete(listener)
    },
    freeze: () => (isFrozen = true),
    thaw: () => {
      isFrozen = false
      const before = shown
      shown = everything()
      for (const [key, object] of shown) {
        const old = before.get(key)
        if (old !== object) tell(old ? { type: 'modified', object, old } : { type: 'added', object })
      }
      for (const [key, object] of before) if (!shown.has(key)) tell({ type: 'deleted', object })
    },
  }
}

/** RFC 7386, as a server applies it. */
export function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const isObject = typeof target === 'object' && target !== null && !Array.isArray(target)
  const result: Record<string, unknown> = isObject ? { ...(target as Record<string, unknown>) } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = merge(result[key], value)
  }
  return result
}

function matches({ metadata }: KubernetesObject, selector = ''): boolean {
  return selector
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [key = '', value] = part.split('=')
      return metadata.labels?.[key] === value
    })
}

function refusal(
  code: number,
  reason: string,
  message: string,
  kind: Kind,
  name: string,
): KubernetesApiError {
  return new KubernetesApiError(
    code,
    { message, reason, code, details: { name, kind: kind.plural } },
    { method: 'GET', path: `/${kind.plural}/${name}` },
  )
}
