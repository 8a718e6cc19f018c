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
  /** Notes a clone that runs already, whoever began it, limit or not. */
  hold(key: string, domains: readonly LockDomain[]): void
  /** Gives slot or place back; whoever can go now is woken. */
  release(key: string): void
}

/** Makes the slots of a Proxmox cluster. `wake` is called with the key of each who should ask again. */
export function createCloneSlots(wake: (key: string) => void): CloneSlots {
  const holders = new Map<string, readonly LockDomain[]>()
  const queue = new Map<string, readonly LockDomain[]>()

  const heldIn = (domain: LockDomain): number =>
    [...holders.values()].filter((domains) => domains.some(({ key }) => key === domain.key)).length

  /** Those who came earlier, want the same and are not held up elsewhere: who waits for something else blocks nobody here. */
  const rivals = (key: string, domain: LockDomain): number => {
    let count = 0
    for (const [other, wanted] of queue) {
      if (other === key) break
      if (!wanted.some((one) => one.key === domain.key)) continue
      if (!wanted.some((one) => one.key !== domain.key && heldIn(one) >= one.limit)) count += 1
    }
    return count
  }

  const blocking = (key: string, domains: readonly LockDomain[]): Waiting | undefined => {
    for (const domain of domains) {
      const ahead = heldIn(domain) + rivals(key, domain)
      if (ahead >= domain.limit) return { label: domain.label, ahead }
    }
    return undefined
  }

  return {
    take: (key, domains) => {
      if (holders.has(key)) return undefined
      // Setting a key that is there keeps its place.
      queue.set(key, domains)
      const waiting = blocking(key, domains)
      if (waiting) return waiting
      queue.delete(key)
      holders.set(key, domains)
      return undefined
    },
    hold: (key, domains) => {
      queue.delete(key)
      holders.set(key, domains)
    },
    release: (key) => {
      const held = holders.delete(key)
      const queued = queue.delete(key)
      if (held || queued) for (const other of queue.keys()) wake(other)
    },
  }
}
