import type { Connection } from './connection/types.ts'
import type { Kind } from './kind.ts'
import type { KubernetesObject, ObjectList, ObjectRef } from './objects.ts'
import type { Query } from './transport.ts'

/** What a client may be told; all of it has a default. */
export type KubernetesOptions = {
  /** Time for one request, ms; streams are limited until their headers. @default 30000 */
  timeoutMs?: number
  /** Name written into `managedFields` by our writes. @default 'fochista' */
  fieldManager?: string
  /** Largest answer and longest watch event accepted, bytes. @default 64 MiB */
  maxBytes?: number
  /** Repeats of a call after 429 with Retry-After and, for GET only, after a broken connection. @default 2 */
  retries?: number
  /** Most objects of one list, all pages together, and of one informer. @default any number */
  maxItems?: number
  /** Objects of a list asked for at once. @default 500 */
  pageSize?: number
  /** Most bytes of one list, all pages together; not counted where only a part of each object is kept. @default any number */
  maxListBytes?: number
  /** Time for all pages of one list together, ms. @default any time */
  listTimeoutMs?: number
  /** How fast answers and watches are read, all together; the burst may come at once after a silence. @default as fast as they come */
  pace?: { bytesPerSecond: number; burst: number }
  /** Runs each call (streams not): whoever calls a server that may be slow limits here how many calls are under way. */
  around?: <T>(run: () => Promise<T>) => Promise<T>
}

/** Options of every call. */
export type CallOptions = {
  /** Ends the call, which then throws its reason. */
  signal?: AbortSignal
  /** Time for this call, ms. @default the client's */
  timeoutMs?: number
}

/** Which objects of a kind. */
export type SelectOptions = {
  /** Only this namespace. @default all */
  namespace?: string
  /** As kubectl takes it: `app=web,tier!=db`. @default all */
  labelSelector?: string
  /** Of the few fields that the server knows: `metadata.name=a`, `spec.nodeName=b`. @default all */
  fieldSelector?: string
}

/** Options of a list. */
export type ListOptions = SelectOptions &
  CallOptions & {
    /** Objects asked for at once; pages are joined. @default the client's */
    pageSize?: number
    /** Stop after so many objects. @default all */
    limit?: number
  }

/** What of each object is kept; called as it arrives. What it returns is the cache's, which may replace parts by equal ones. Throws for what is no object of the kind. */
export type Keep<T> = (object: T) => T

/** Options of every write. */
export type WriteOptions = CallOptions & {
  /** Let the server do everything but keep it. @default false */
  dryRun?: boolean
  /** Name written into `managedFields`. @default the client's */
  fieldManager?: string
  /** What the server does with unknown fields. @default the server's (Warn) */
  fieldValidation?: 'Ignore' | 'Warn' | 'Strict'
}

/** Options of a patch. */
export type PatchOptions = WriteOptions & {
  /** `strategic` is for built-in kinds only; custom kinds answer 415. @default 'merge' */
  type?: 'merge' | 'json' | 'strategic'
  /** `status`, `scale` … @default the object itself */
  subresource?: string
  /** Fail with a conflict if the object is not at this version. Not with `json`: put a `test` into the patch. */
  resourceVersion?: string
}

/** Options of a deletion. */
export type DeleteOptions = CallOptions & {
  /** Delete only this very object. */
  preconditions?: { uid?: string; resourceVersion?: string }
  /** What happens to what the object owns. @default the kind's, mostly Background */
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  /** How long pods may take to end, seconds; 0 = at once. @default the object's own */
  gracePeriodSeconds?: number
  /** Let the server do everything but delete it. @default false */
  dryRun?: boolean
}

/** A change that a watch tells. A deleted object is in its last known state. */
export type WatchEvent<T> = { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }

/** Options of a call by its path. */
export type RawRequestOptions = CallOptions & {
  query?: Query
  headers?: Readonly<Record<string, string>>
  /** An object is sent as JSON; text and bytes as they are, with the content type given in `headers`. */
  body?: unknown
  /** @default the client's */
  retries?: number
}

/** Which lines of a log. */
export type LogOptions = CallOptions & {
  /** Needed when the pod has several. */
  container?: string
  /** Go on as lines are written, until the container ends. @default false */
  follow?: boolean
  /** Of the container's run before this one. @default false */
  previous?: boolean
  /** Only lines not older than so many seconds. @default all */
  sinceSeconds?: number
  /** Only so many lines from the end. @default all */
  tailLines?: number
  /** Each line begins with its time. @default false */
  timestamps?: boolean
}

/** What the server says of itself. */
export type VersionInfo = { major: string; minor: string; gitVersion: string; platform?: string }

/** An action, in the words of RBAC. */
export type Access = {
  verb: string
  resource: string
  /** @default '' (core) */
  group?: string
  subresource?: string
  name?: string
  namespace?: string
}

/** A client of one API server. Every call throws the errors of this package; see `errors.ts`. */
export interface Kubernetes {
  readonly connection: Connection
  get<T extends KubernetesObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    options?: CallOptions & { subresource?: string },
  ): Promise<T>
  /** All matching objects, at one resource version, page by page behind the scenes. */
  list<T extends KubernetesObject>(kind: Kind<T>, options?: ListOptions): Promise<ObjectList<T>>
  create<T extends KubernetesObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  /** Replaces the object; its `resourceVersion` makes a change in between a conflict. */
  update<T extends KubernetesObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  updateStatus<T extends KubernetesObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<T>
  patch<T extends KubernetesObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    patch: unknown,
    options?: PatchOptions,
  ): Promise<T>
  /** Server-side apply: creates, or changes the fields given. The kind is found by discovery unless given. */
  apply<T extends KubernetesObject>(
    object: T,
    options?: WriteOptions & {
      /** Take over fields that others own. @default false */
      force?: boolean
      kind?: Kind<T>
      subresource?: string
    },
  ): Promise<T>
  /** Answers the object while its finalizers or its grace period still hold it, else `undefined`. */
  delete<T extends KubernetesObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    options?: DeleteOptions,
  ): Promise<T | undefined>
  /** Sets the number of replicas through the scale subresource. */
  scale<T extends KubernetesObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    replicas: number,
    options?: WriteOptions,
  ): Promise<void>
  /**
   * Everything there is as ADDED, then every change, for ever: it resumes after dropped connections, and after a gap it compares and
   * announces what vanished as DELETED. Ends when the signal aborts. Throws only what waiting cannot cure (a refusal).
   */
  watch<T extends KubernetesObject>(
    kind: Kind<T>,
    options?: SelectOptions & { signal?: AbortSignal },
  ): AsyncIterable<WatchEvent<T>>
  /** Any call: JSON is decoded, other answers are text, an empty one is `undefined`. */
  request<T = unknown>(method: string, path: string, options?: RawRequestOptions): Promise<T>
  /** Any call whose answer is read as it comes. Leaving the loop ends it. */
  requestStream(method: string, path: string, options?: RawRequestOptions): AsyncIterable<Uint8Array>
  version(options?: CallOptions): Promise<VersionInfo>
  /** A token of a service account, valid for a time (default an hour, at least ten minutes). */
  createToken(
    serviceAccount: ObjectRef,
    options?: CallOptions & { expirationSeconds?: number; audiences?: string[] },
  ): Promise<{ token: string; expirationTimestamp: string }>
  /** Whether the caller may do something (SelfSubjectAccessReview). */
  canI(access: Access, options?: CallOptions): Promise<{ allowed: boolean; reason: string }>
  /** Whether somebody may do something (SubjectAccessReview). */
  canThey(
    who: { user: string; groups?: string[]; uid?: string; extra?: Record<string, string[]> },
    access: Access,
    options?: CallOptions,
  ): Promise<{ allowed: boolean; reason: string }>
  /** Who a token belongs to (TokenReview); `undefined` when the server does not accept it. */
  reviewToken(
    token: string,
    options?: CallOptions & { audiences?: string[] },
  ): Promise<
    { username: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } | undefined
  >
  /** Lines of a container's log. */
  logs(pod: ObjectRef, options?: LogOptions): AsyncIterable<string>
  /** How a kind is served, by discovery; what is not known yet is looked up again. Throws ManifestError for an unknown kind. */
  resolve(object: { apiVersion: string; kind: string }): Promise<Kind>
  close(): Promise<void>
}
