/** Where clones get into each other's way: how many may run there at once. */
export interface LockDomain {
  /** Unique key, such as `storage local-lvm on pve1`. */
  readonly key: string
  /** For people, such as `local-lvm`. */
  readonly label: string
  readonly limit: number
}

/** A place in the queue. */
export interface Waiting {
  /** Where it waits. */
  readonly label: string
  /** How many are before it. */
  readonly ahead: number
}

/**
 * Who may clone now. Storage locks time out after ten seconds, so clones that would wait for each other in Proxmox wait here, in the
 * order in which they came, where they can be seen.
 */
export interface CloneSlots {
  /** Takes a slot in all domains, or says where it waits. Asking again keeps the place and the slot. */
  take(key: string, domains: readonly LockDomain[]): Waiting | undefined
  /** Where a key waits that has asked before; undefined if it does not, or if it is its turn. */
  waiting(key: string): Waiting | undefined
  /** Notes a clone that runs already, whoever began it, limit or not. */
  hold(key: string, domains: readonly LockDomain[]): void
  /** Gives slot or place back; whoever can go now is woken. */
  release(key: string): void
}

/** Makes the slots of a Proxmox cluster. `wake` is called with the key of each who can go when it asks again. */
export function createCloneSlots(wake: (key: string) => void): CloneSlots {
  const holders = new Map<string, readonly LockDomain[]>()
  const queue = new Map<string, readonly LockDomain[]>()
  /** How many hold a slot, by key of the domain. */
  const held = new Map<string, number>()

  const heldIn = ({ key }: LockDomain): number => held.get(key) ?? 0
  const count = (domains: readonly LockDomain[], by: 1 | -1): void => {
    for (const domain of domains) held.set(domain.key, heldIn(domain) + by)
  }
  const hold = (key: string, domains: readonly LockDomain[]): void => {
    count(holders.get(key) ?? [], -1)
    holders.set(key, domains)
    count(domains, 1)
  }

  /**
   * Goes along the queue and tells of each whether it is held up. Those who came earlier and want the same count as if they had it, unless
   * they are held up elsewhere: who waits for something else blocks nobody here. Ends when `visit` answers true.
   */
  const walk = (visit: (key: string, waiting: Waiting | undefined) => boolean): void => {
    const earlier = new Map<string, number>()
    for (const [key, domains] of queue) {
      const ahead = (domain: LockDomain): number => heldIn(domain) + (earlier.get(domain.key) ?? 0)
      const blocking = domains.find((domain) => ahead(domain) >= domain.limit)
      if (visit(key, blocking && { label: blocking.label, ahead: ahead(blocking) })) return
      for (const domain of domains)
        if (!domains.some((other) => other.key !== domain.key && heldIn(other) >= other.limit))
          earlier.set(domain.key, (earlier.get(domain.key) ?? 0) + 1)
    }
  }

  const place = (key: string): Waiting | undefined => {
    let waiting: Waiting | undefined
    walk((one, its) => {
      if (one === key) waiting = its
      return one === key
    })
    return waiting
  }

  return {
    waiting: (key) => (queue.has(key) ? place(key) : undefined),
    take: (key, domains) => {
      if (holders.has(key)) return undefined
      // Setting a key that is there keeps its place.
      queue.set(key, domains)
      const waiting = place(key)
      if (waiting) return waiting
      queue.delete(key)
      hold(key, domains)
      return undefined
    },
    hold: (key, domains) => {
      queue.delete(key)
      hold(key, domains)
    },
    release: (key) => {
      const had = holders.get(key)
      if (had) count(had, -1)
      holders.delete(key)
      if (!queue.delete(key) && !had) return
      const free: string[] = []
      walk((one, waiting) => {
        if (!waiting) free.push(one)
        return false
      })
      for (const one of free) wake(one)
    },
  }
}
