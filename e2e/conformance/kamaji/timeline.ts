import type { Store } from '../../../packages/lab/src/kubernetes/api.ts'
import { isObject } from '../json.ts'

/** What was seen in a namespace during a stretch of time. */
export interface Stretch {
  /** `secrets/name`, in the order in which they came. */
  made: string[]
  gone: string[]
  /** States of the control plane, repeats folded. */
  states: string[]
  /** The lasting state it began with. */
  before: string
}

const KINDS = [
  { group: 'kamaji.clastix.io', version: 'v1alpha1', resource: 'tenantcontrolplanes' },
  { group: '', version: 'v1', resource: 'services' },
  { group: '', version: 'v1', resource: 'configmaps' },
  { group: '', version: 'v1', resource: 'secrets' },
  { group: 'apps', version: 'v1', resource: 'deployments' },
  { group: 'networking.k8s.io', version: 'v1', resource: 'ingresses' },
]

/** Writes down what happens in a namespace. */
export class Timeline {
  #stretch: Stretch = { made: [], gone: [], states: [], before: '' }
  #last = Date.now()
  /** The control plane's state now. */
  state = ''

  constructor(store: Store, namespace: string) {
    for (const kind of KINDS)
      store.watch(kind, undefined, ({ type, object }) => {
        const { name = '' } = object.metadata
        if (object.metadata.namespace !== namespace || name === 'kube-root-ca.crt') return
        this.#last = Date.now()
        if (type === 'ADDED') this.#stretch.made.push(`${kind.resource}/${name}`)
        if (type === 'DELETED') this.#stretch.gone.push(`${kind.resource}/${name}`)
        if (kind.resource === 'tenantcontrolplanes') this.#note(object['status'])
      })
  }

  #note(status: unknown): void {
    const resources = isObject(status) ? status['kubernetesResources'] : undefined
    const version = isObject(resources) ? resources['version'] : undefined
    const state = isObject(version) && typeof version['status'] === 'string' ? version['status'] : ''
    this.state = state
    const { states } = this.#stretch
    if (state !== '' && states.at(-1) !== state) states.push(state)
  }

  /** Milliseconds since something happened. */
  get quietFor(): number {
    return Date.now() - this.#last
  }

  /** Begins a new stretch. */
  begin(): void {
    this.#stretch = { made: [], gone: [], states: [], before: '' }
    this.#last = Date.now()
  }

  /** The stretch so far. */
  stretch(): Stretch {
    return this.#stretch
  }
}
