import { kamajiCrds } from '@fochista/kamaji/crds'
import type { Json } from '../json.ts'
import { isObject, parseJson } from '../json.ts'
import { beginsAs, readCutJson } from './cut-json.ts'
import { uncut } from './uncut.ts'

/** A printer column that a request of which only the beginning is left added to a CRD: the answers after it show it. */
const ADDED_COLUMN = { name: 'Zone', type: 'string', jsonPath: '.spec.zone' }

/** Knows the whole of request bodies that the recorder cut. */
export class WholeBodies {
  /** Bodies sent before, and what was answered last at a path. */
  readonly #sent: string[] = []
  readonly #answered = new Map<string, Json>()

  /** Keeps what a later request may repeat. */
  keep(path: string, sent: string | undefined, answered: Json | undefined): void {
    if (sent !== undefined) this.#sent.push(sent)
    if (isObject(answered)) this.#answered.set(path, answered)
  }

  /** The whole of a cut body that is sent to a path: repeated from before, a published CRD, or one that repeats a part. */
  find(path: string, cut: string): string | undefined {
    const [, head = '', size = ''] = /^(.*)\.\.\.\[(\d+) bytes\]$/s.exec(cut) ?? []
    const same = this.#sent.find((body) => body.startsWith(head) && Buffer.byteLength(body) === Number(size))
    if (same !== undefined) return same
    const begun = readCutJson(head)
    if (begun === undefined) return uncut(cut)
    for (const crd of kamajiCrds) {
      const body = JSON.stringify(crd)
      if (beginsAs(begun.value, parseJson(body), begun.open)) return body
    }
    return withColumn(this.#answered.get(path), begun.value) ?? uncut(cut)
  }
}

/** A CRD as it was read, with the added column, when a cut body is that CRD. */
function withColumn(read: Json | undefined, begun: Json): string | undefined {
  if (!isObject(read) || !isObject(begun) || read['kind'] !== 'CustomResourceDefinition') return undefined
  const metadata = begun['metadata']
  const uid = isObject(metadata) ? metadata['uid'] : undefined
  const spec = read['spec']
  if (uid === undefined || !isObject(spec) || !Array.isArray(spec['versions'])) return undefined
  const [first, ...others] = spec['versions']
  if (!isObject(first) || !Array.isArray(first['additionalPrinterColumns'])) return undefined
  const columns = [...first['additionalPrinterColumns'], ADDED_COLUMN]
  return JSON.stringify({
    ...read,
    spec: { ...spec, versions: [{ ...first, additionalPrinterColumns: columns }, ...others] },
  })
}
