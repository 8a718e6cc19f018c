import { randomInt } from 'node:crypto'
import type { Fault, FaultSpec } from './spec.ts'

/** Something that a fault may strike. */
export interface Occasion {
  readonly method?: string
  readonly isWatch?: boolean
  readonly path?: string
  readonly user?: string | undefined
  readonly tenant?: string | undefined
  readonly node?: string | undefined
  readonly vmid?: number | undefined
  readonly storage?: string | undefined
  readonly task?: string
}

/** A fault that counts its occasions. */
export class Armed {
  readonly id: string
  readonly spec: FaultSpec
  readonly #since = Date.now()
  readonly #seed: number
  readonly #dice: () => number
  readonly #path: RegExp | undefined
  #seen = 0
  #struck = 0
  #over = false

  constructor(id: string, spec: FaultSpec) {
    this.id = id
    this.#seed = spec.when?.seed ?? randomInt(2 ** 32)
    this.#dice = diceOf(this.#seed)
    this.#path = spec.on.path === undefined ? undefined : pathPattern(spec.on.path)
    this.spec = spec.when?.share === undefined ? spec : { ...spec, when: { ...spec.when, seed: this.#seed } }
  }

  get state(): Fault['state'] {
    const { for: lasts } = this.spec.when ?? {}
    if (this.#over || (lasts !== undefined && Date.now() - this.#since >= lasts)) return 'over'
    return this.#struck >= this.#limit() ? 'spent' : 'active'
  }

  /** Ends it. */
  end(): void {
    this.#over = true
  }

  /** Whether it is about an occasion; counts nothing. */
  fits(occasion: Occasion): boolean {
    const { on } = this.spec
    return (
      (on.tenant === undefined || on.tenant === occasion.tenant) &&
      (on.method === undefined ||
        on.method === (on.method === 'WATCH' && occasion.isWatch === true ? 'WATCH' : occasion.method)) &&
      (this.#path === undefined || this.#path.test(occasion.path ?? '')) &&
      (on.user === undefined || on.user === occasion.user || on.user === occasion.user?.split('!')[0]) &&
      (on.node === undefined || on.node === occasion.node) &&
      (on.vmid === undefined || on.vmid === occasion.vmid) &&
      (on.storage === undefined || on.storage === occasion.storage) &&
      (on.task === undefined || on.task === occasion.task)
    )
  }

  /** Whether it strikes this occasion; both are counted. */
  strikes(occasion: Occasion): boolean {
    if (this.state !== 'active' || !this.fits(occasion)) return false
    this.#seen += 1
    const { nth = 1, share } = this.spec.when ?? {}
    if (this.#seen < nth) return false
    if (share !== undefined && this.#dice() >= share) return false
    this.#struck += 1
    return true
  }

  view(): Fault {
    return {
      id: this.id,
      ...this.spec,
      state: this.state,
      seen: this.#seen,
      struck: this.#struck,
      since: new Date(this.#since).toISOString(),
    }
  }

  #limit(): number {
    const { nth, times } = this.spec.when ?? {}
    return times ?? (nth === undefined ? Infinity : 1)
  }
}

/** A path with `{name}` and `*` for one part and `**` for any number. */
function pathPattern(path: string): RegExp {
  const source = path
    .split(/(\*\*|\*|\{[^{}/]*\})/)
    .map((part, index) =>
      index % 2 === 0 ? part.replace(/[\\^$.|?*+()[\]{}]/g, String.raw`\$&`) : part === '**' ? '.*' : '[^/]+',
    )
    .join('')
  return new RegExp(`^${source}/?$`)
}

/** Numbers from 0 to 1, the same series for the same seed: mulberry32. */
function diceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
