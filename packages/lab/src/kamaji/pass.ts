import type { TenantControlPlane } from '@fochista/kamaji'
import type { LabClock } from '../clock.ts'
import type { Store } from '../kubernetes/api.ts'
import type { ApiObject, GroupVersionResource, Json, JsonObject } from '../kubernetes/resources.ts'
import { at, copy, equal, isObject, setAt } from '../kubernetes/rest/json.ts'
import type { KeyPair } from '../pki.ts'
import { secretChecksum } from './checksum.ts'
import type { Texts } from './certificates.ts'
import { asControlPlane, ownedMetadata } from './control-plane.ts'
import { base64, fromBase64 } from './kubeconfig-text.ts'
import { emptyStatus } from './status.ts'
import { gvr, keys, MANAGER } from './vocabulary.ts'

/** Thrown to end a pass and try again after `afterMs`. */
export class Requeue extends Error {
  override name = 'Requeue'
  readonly afterMs: number
  constructor(message: string, afterMs = 1000) {
    super(message)
    this.afterMs = afterMs
  }
}

/** Who Kamaji is to the API server. */
export const KAMAJI_USER = {
  username: 'system:serviceaccount:kamaji-system:kamaji-controller-manager',
  groups: ['system:masters', 'system:serviceaccounts', 'system:authenticated'],
}

const WRITE = { user: KAMAJI_USER, fieldManager: MANAGER }
/** What a status write costs on the recorded machine, ms. */
const STATUS_WRITE_MS = 60

/** One reconcile pass over one control plane: reads and writes as Kamaji. */
export class Pass {
  readonly store: Store
  readonly clock: LabClock
  readonly namespace: string
  readonly name: string
  readonly etcdCa: KeyPair
  readonly etcdEndpoints: readonly string[]
  /** Where the API server is reached; known after the Service step. */
  address = ''

  constructor(
    store: Store,
    clock: LabClock,
    ref: { namespace: string; name: string },
    etcd: { ca: KeyPair; endpoints: readonly string[] },
  ) {
    this.store = store
    this.clock = clock
    this.namespace = ref.namespace
    this.name = ref.name
    this.etcdCa = etcd.ca
    this.etcdEndpoints = etcd.endpoints
  }

  /** The control plane as it is now. Ends the pass when it has gone. */
  get object(): ApiObject {
    const found = this.store.get(gvr.tenantControlPlanes, this.namespace, this.name)
    if (found === undefined) throw new Requeue(`the control plane ${this.namespace}/${this.name} has gone`, 0)
    return found
  }

  get tcp(): TenantControlPlane {
    return asControlPlane(this.object)
  }

  /** Now, RFC 3339 in whole seconds. */
  get now(): string {
    return new Date(this.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  get(kind: GroupVersionResource, name: string): ApiObject | undefined {
    return this.store.get(kind, this.namespace, name)
  }

  /**
   * Makes an object so: what `wanted` says of metadata, spec and data is put over what is there. Returns whether something changed.
   * Labels and annotations of others stay.
   */
  ensure(kind: GroupVersionResource, wanted: ApiObject): boolean {
    const name = wanted.metadata.name ?? ''
    const found = this.get(kind, name)
    if (found === undefined) {
      this.store.create(
        kind,
        { ...wanted, metadata: { ...wanted.metadata, namespace: this.namespace } },
        WRITE,
      )
      return true
    }
    const { metadata, ...content } = wanted
    const next: ApiObject = {
      ...found,
      ...content,
      metadata: {
        ...found.metadata,
        labels: { ...found.metadata.labels, ...metadata.labels },
        annotations: { ...found.metadata.annotations, ...metadata.annotations },
        ...(metadata.ownerReferences === undefined ? {} : { ownerReferences: metadata.ownerReferences }),
      },
    }
    if (Object.keys(next.metadata.annotations ?? {}).length === 0) delete next.metadata.annotations
    const spec = content['spec']
    // What the API server filled in of a Service (addresses, node ports) is not ours to say.
    if (kind === gvr.services && isObject(spec) && isObject(found['spec']))
      next['spec'] = {
        ...found['spec'],
        ...spec,
        ports: keepNodePorts(spec['ports'], found['spec']['ports']),
      }
    const before = found.metadata.resourceVersion
    return this.store.update(kind, next, WRITE).metadata.resourceVersion !== before
  }

  /** Writes a value into the control plane's status. Nothing happens, and no time passes, when it is there already. */
  async setStatus(path: string[], value: Json): Promise<void> {
    await this.writeStatus((status) => setAt(status, path, value))
  }

  /** Changes the control plane's status in one write. */
  async writeStatus(change: (status: JsonObject) => void): Promise<void> {
    const object = copy(this.object) as ApiObject
    const status = isObject(object['status']) ? object['status'] : emptyStatus()
    change(status)
    if (equal(status, this.object['status'])) return
    object['status'] = status
    delete object.metadata.resourceVersion
    this.store.update(gvr.tenantControlPlanes, withVersion(object, this.object), {
      ...WRITE,
      subresource: 'status',
    })
    await this.clock.sleep(STATUS_WRITE_MS)
  }

  /** Deletes an object; nothing happens when it is not there. */
  remove(kind: GroupVersionResource, name: string): void {
    if (this.get(kind, name) !== undefined)
      this.store.delete(kind, { namespace: this.namespace, name }, WRITE)
  }

  /** Changes the control plane's metadata or spec. */
  change(change: (object: ApiObject) => void): boolean {
    const object = copy(this.object) as ApiObject
    change(object)
    const before = this.object.metadata.resourceVersion
    return this.store.update(gvr.tenantControlPlanes, object, WRITE).metadata.resourceVersion !== before
  }

  /** The texts in a Secret's data; undefined when there is no such Secret. */
  secretTexts(suffix: string): Texts | undefined {
    const data = this.get(gvr.secrets, `${this.name}-${suffix}`)?.['data']
    if (!isObject(data)) return undefined
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, fromBase64(value)]))
  }

  /** The tenant's certificate authority. Ends the pass when it is not there. */
  get ca(): KeyPair {
    const texts = this.secretTexts('ca')
    if (texts?.['ca.crt'] === undefined || texts['ca.key'] === undefined)
      throw new Requeue('the certificate authority is not there yet', 100)
    return { certPem: texts['ca.crt'], keyPem: texts['ca.key'] }
  }

  /**
   * Keeps a Secret that Kamaji makes: there, unchanged by hand, still right, and made anew when its `rotate` annotation asks for it.
   * Then repeats name and checksum in the status.
   */
  async keepSecret(options: {
    suffix: string
    statusPath?: string[]
    type?: string
    lifecycle?: 'x509' | 'kubeconfig'
    annotations?: Record<string, string>
    finalizers?: string[]
    /** Whether what is there may stay. */
    isRight?: (texts: Texts) => boolean
    make: (old: Texts | undefined) => Promise<Texts> | Texts
    /** Time that making it took on the recorded machine, ms. */
    costMs?: number
    /** Status without `lastUpdate`. */
    undated?: boolean
  }): Promise<boolean> {
    const { suffix, statusPath } = options
    const name = `${this.name}-${suffix}`
    const found = this.get(gvr.secrets, name)
    const data = found?.['data'] as Record<string, string> | undefined
    const rotate = found?.metadata.annotations?.[keys.rotate] === ''
    const isWhole =
      data !== undefined &&
      found?.metadata.annotations?.[keys.checksum] === secretChecksum(data) &&
      (options.isRight?.(this.secretTexts(suffix) ?? {}) ?? true)
    const paused = found?.metadata.annotations?.[keys.paused] !== undefined
    let made = false
    if ((!isWhole || rotate) && !(paused && found !== undefined)) {
      const texts = await options.make(rotate || data === undefined ? undefined : this.secretTexts(suffix))
      if (options.costMs !== undefined) await this.clock.sleep(options.costMs)
      const encoded = Object.fromEntries(Object.entries(texts).map(([key, value]) => [key, base64(value)]))
      const metadata = ownedMetadata(this.tcp, name, suffix, {
        ...(options.lifecycle === undefined ? {} : { labels: { [keys.lifecycle]: options.lifecycle } }),
        annotations: {
          ...options.annotations,
          [keys.checksum]: secretChecksum(encoded),
          ...(rotate ? { [keys.rotate]: this.now } : {}),
        },
        ...(options.finalizers === undefined ? {} : { finalizers: options.finalizers }),
      })
      this.ensure(gvr.secrets, { metadata, type: options.type ?? 'Opaque', data: encoded })
      made = true
    }
    const sum = this.get(gvr.secrets, name)?.metadata.annotations?.[keys.checksum] ?? ''
    if (statusPath !== undefined && at(this.object, ['status', ...statusPath, 'checksum']) !== sum)
      await this.setStatus(statusPath, {
        secretName: name,
        checksum: sum,
        ...(options.undated === true ? {} : { lastUpdate: this.now }),
      })
    return made
  }
}

function withVersion(object: ApiObject, live: ApiObject): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: live.metadata.resourceVersion ?? '' } }
}

function keepNodePorts(wanted: Json | undefined, found: Json | undefined): Json {
  const old = Array.isArray(found) ? found.filter(isObject) : []
  if (!Array.isArray(wanted)) return found ?? []
  return wanted.filter(isObject).map((port) => {
    const before = old.find((each) => each['name'] === port['name'])
    return before?.['nodePort'] !== undefined && port['nodePort'] === undefined
      ? { ...port, nodePort: before['nodePort'] }
      : port
  })
}
