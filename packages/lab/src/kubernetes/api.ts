import type {
  ApiObject,
  GroupVersionResource,
  JsonObject,
  ResourceDefinition,
  ResourceRegistry,
  UserInfo,
} from './resources.ts'
import type { WebhookServer } from './admission/webhooks.ts'
import type { LabClock } from '../clock.ts'
import type { KeyPair } from '../pki.ts'
import type { Exchange } from './http/exchange.ts'
import type { PodPorts } from './http/pods/port-forward.ts'
import type { ObjectKey } from './store/storage.ts'

/** What a write does, as admission sees it. */
export type Operation = 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'

/** What an admission hook is asked. */
export interface AdmissionRequest {
  operation: Operation
  definition: ResourceDefinition
  gvr: GroupVersionResource
  subresource?: string
  /** Undefined on DELETE. */
  object?: ApiObject
  /** Undefined on CREATE. */
  oldObject?: ApiObject
  namespace?: string
  name?: string
  user: UserInfo
  dryRun: boolean
}

/**
 * An in-process admission webhook. `mutate` returns the changed object (or undefined for no change), `validate` throws.
 * An `AdmissionDenied` becomes `admission webhook "<name>" denied the request: <text>`; a `StatusError` passes as it is.
 */
export interface Admission {
  /** Name as in the webhook configuration: `vtenantcontrolplane.kb.io`. */
  name: string
  /** Whether the hook wants to see a request. Default: all. */
  matches?(request: AdmissionRequest): boolean
  mutate?(request: AdmissionRequest): ApiObject | undefined
  validate?(request: AdmissionRequest): void
}

/** Thrown by admission hooks to refuse. */
export class AdmissionDenied extends Error {
  override name = 'AdmissionDenied'
  /** HTTP status of the answer. */
  readonly code: number
  readonly reason: string | undefined
  constructor(message: string, options: { code?: number; reason?: string } = {}) {
    super(message)
    this.code = options.code ?? 403
    this.reason = options.reason ?? (options.code === undefined ? 'Forbidden' : undefined)
  }
}

/** A change as a watcher sees it. */
export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED'
  object: ApiObject
  /** State before, of MODIFIED and DELETED. */
  old?: ApiObject
  /** Revision of the change. */
  revision: number
}

/** Options of writes in process. */
export interface WriteOptions {
  subresource?: string
  /** Default: `system:apiserver` in system:masters. */
  user?: UserInfo
  fieldManager?: string
  dryRun?: boolean
}

/** How to delete. */
export interface DeleteOptions extends WriteOptions {
  propagationPolicy?: 'Background' | 'Foreground' | 'Orphan'
  gracePeriodSeconds?: number
  preconditions?: { uid?: string; resourceVersion?: string }
}

/** How to patch in process. */
export interface PatchOptions extends WriteOptions {
  /** Default merge. */
  type?: 'merge' | 'json' | 'strategic' | 'apply'
  /** Apply only: take over fields of others. */
  force?: boolean
}

/**
 * The store as controllers in the same process use it: the same defaulting, validation and admission as over HTTP.
 * Objects given out are shared: never change them, copy them (`structuredClone`). Errors are `StatusError`s.
 */
export interface Store {
  /** Latest revision: resourceVersion of the last change. */
  readonly revision: number
  /** The object, or undefined. `namespace` is undefined for cluster-scoped kinds. */
  get(gvr: GroupVersionResource, namespace: string | undefined, name: string): ApiObject | undefined
  list(gvr: GroupVersionResource, options?: { namespace?: string; labelSelector?: string }): ApiObject[]
  create(gvr: GroupVersionResource, object: ApiObject, options?: WriteOptions): ApiObject
  update(gvr: GroupVersionResource, object: ApiObject, options?: WriteOptions): ApiObject
  patch(
    gvr: GroupVersionResource,
    ref: { namespace?: string; name: string },
    patch: JsonObject | JsonObject[],
    options?: PatchOptions,
  ): ApiObject
  /** Removes or marks for deletion. Returns the last state. Throws NotFound. */
  delete(
    gvr: GroupVersionResource,
    ref: { namespace?: string; name: string },
    options?: DeleteOptions,
  ): ApiObject
  /**
   * Calls back for each change after `from`; with `from` undefined first ADDED for all that is there. Calls are made
   * after the write, in order, not inside it. Returns what ends it.
   */
  watch(
    gvr: GroupVersionResource,
    from: number | undefined,
    listener: (event: StoreEvent) => void,
  ): () => void
}

/** A token that means a user. */
export interface StaticToken {
  token: string
  user: UserInfo
}

/** One line of a container's output. */
export interface LogLine {
  /** Milliseconds since 1970. */
  time: number
  text: string
}

/** Says what a pod's container has written; undefined when it has not started. */
export type PodLog = (pod: ApiObject, container: string) => LogLine[] | undefined

/** How a server is made. */
export interface ApiServerOptions {
  /** Address to listen on. Default 127.0.0.1. */
  host?: string
  /** Default 0: a free one. */
  port?: number
  tls: { certPem: string; keyPem: string }
  /** CA of client certificates, PEM. Without it none is accepted. */
  clientCaPem?: string
  /** CA of the front proxy's certificates, PEM: who shows one names its users in `X-Remote-*` headers. */
  frontProxyCaPem?: string
  /** CA that clients of this server trust: published in kube-root-ca.crt. Default: clientCaPem. */
  caPem?: string
  staticTokens?: StaticToken[]
  /** Accept Secrets bootstrap-token-* of kube-system as credentials. Default true. */
  bootstrapTokens?: boolean
  /** Private key (PEM, EC P-256 or RSA) that signs service account tokens. Default: a new EC key. */
  serviceAccountKeyPem?: string
  /** Issuer claim. Default https://kubernetes.default.svc.cluster.local. */
  issuer?: string
  /** Answer requests without credentials as system:anonymous. Default true. */
  anonymous?: boolean
  /** Default v1.36.3. */
  gitVersion?: string
  clock: LabClock
  admission?: Admission[]
  /** Default 10.96.0.0/16. */
  serviceCidr?: string
  /** Where the logs of pods come from. Default: one line per container that runs, saying that nothing really does. */
  podLog?: PodLog
  /** Where the ports of a pod can be reached, for who forwards them; undefined for a pod of which nobody knows. Default: of all. */
  podPorts?: (pod: ApiObject) => PodPorts | undefined
  /** Stands between requests, whose callers are known, and what answers them. */
  intercept?: Intercept
  /** Keeps the objects beyond the process. Default: nothing does. */
  keep?: StorageKeeper
  /** CRDs to have from the start. */
  crds?: JsonObject[]
}

/** Keeps the objects of an API server. */
export interface StorageKeeper {
  /** The objects to begin with, and the latest revision; undefined for a server that begins anew. */
  readonly restored: { revision: number; objects: { key: ObjectKey; object: ApiObject }[] } | undefined
  /** Told of each change inside the write, before whoever wrote is answered; without an object it was removed. */
  changed(key: ObjectKey, object: ApiObject | undefined, revision: number): void
}

/** Stands between a request and what answers it. */
export type Intercept = (exchange: Exchange, answer: () => Promise<void>) => Promise<void>

/** An emulated API server. */
export interface ApiServer {
  /** https://host:port, after listen(). */
  readonly url: string
  readonly store: Store
  readonly registry: ResourceRegistry
  readonly clock: LabClock
  /** Programs of the control plane that run beside it: `scheduler`, `controller-manager`. ComponentStatuses tell of them. */
  readonly components: Set<string>
  listen(): Promise<void>
  /** Cuts all connections and stops to listen until `resume`. */
  suspend(): Promise<void>
  /** Listens again, at the same address. */
  resume(): Promise<void>
  /** The certificate that it shows. */
  readonly certificate: KeyPair
  /** Shows another certificate to those who connect from now on, and trusts clients of another authority if one is given. */
  present(certificate: KeyPair, caPem?: string): void
  close(): Promise<void>
  /** Adds a CustomResourceDefinition as a client would; it is established at once. */
  registerCrd(crd: JsonObject): void
  /** Adds an in-process webhook. Returns what takes it away. */
  addAdmission(admission: Admission): () => void
  /** The version it tells of itself: another one after an upgrade. */
  gitVersion: string
  /** Answers for a webhook that configurations name by this URL, in this process and at once. */
  serveWebhook(url: string, webhook: WebhookServer): void
  /** Adds a credential. */
  addToken(token: StaticToken): void
}
