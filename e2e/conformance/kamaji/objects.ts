import { isObject, parseJson } from '../json.ts'
import type { Json } from '../json.ts'
import { send } from '../kubernetes/send.ts'
import { ADMIN } from './cluster.ts'
import type { Fields } from './recorded.ts'

const HOME = '/apis/kamaji.clastix.io/v1alpha1/namespaces/errors/tenantcontrolplanes'

/** Does between the recorded lines what the recorder did there and did not write down. */
export class Objects {
  readonly #url: string
  /** The base of all control planes, as the recordings' creates have it. */
  readonly #base: Fields
  readonly #specs = new Map<string, Json>()

  constructor(url: string, base: Fields) {
    this.#url = url
    this.#base = base
  }

  async call(method: string, path: string, body?: Json): Promise<{ status: number; body: Json | undefined }> {
    const answer = await send(this.#url, {
      method,
      path,
      headers: [
        ['Authorization', `Bearer ${ADMIN}`],
        ['Content-Type', 'application/json'],
      ],
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: parseJson(answer.body) }
  }

  /** Makes a control plane of the base, its spec changed, and keeps its state for `putBack`. */
  async make(name: string, change: (spec: Fields) => void = () => {}, labelled = true): Promise<void> {
    const object = structuredClone(this.#base)
    const metadata = isObject(object['metadata']) ? object['metadata'] : {}
    object['metadata'] = { ...metadata, name, labels: { 'tenant.clastix.io': name } }
    if (!labelled) delete (object['metadata'] as Fields)['labels']
    const spec = isObject(object['spec']) ? object['spec'] : {}
    change(spec)
    const { body } = await this.call('POST', HOME, object)
    if (isObject(body)) this.#specs.set(name, body['spec'] ?? null)
  }

  /** The state of an object now. */
  async get(path: string): Promise<Json | undefined> {
    return (await this.call('GET', path)).body
  }

  async remove(path: string): Promise<void> {
    await this.call('DELETE', path)
  }

  /** Puts the first spec of a control plane back; where that is refused the object is made anew. */
  async putBack(name: string, anew: () => Promise<void>): Promise<void> {
    const object = await this.get(`${HOME}/${name}`)
    const spec = this.#specs.get(name)
    if (isObject(object) && spec !== undefined) {
      const { status } = await this.call('PUT', `${HOME}/${name}`, { ...object, spec })
      if (status === 200) return
    }
    await this.remove(`${HOME}/${name}`)
    await anew()
  }
}
