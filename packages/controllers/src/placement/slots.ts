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
  /** Gives slot or place back; whoever can go now is woken, and not once more before it has asked. */
  release(key: string): void
}

/** Those who wait for the same domains, in the order in which they came. */
interface Line {
  readonly domains: readonly LockDomain[]
  readonly members: Member[]
}

interface Member {
  readonly key: string
  /** Grows with each who comes. */
  readonly turn: number
  /** It was woken and has not asked since: once is enough, however many slots become free meanwhile. */
  isCalled: boolean
}

/** Makes the slots of a Proxmox cluster. `wake` is called with the key of each who can go when it asks again. */
export function createCloneSlots(wake: (key: string) => void): CloneSlots {
  const holders = new Map<string, readonly LockDomain[]>()
  const queue = new Map<string, { readonly member: Member; readonly line: Line }>()
  /** By their domains: there are few, however many wait, so that no question looks at all who do. */
  const lines = new Map<string, Line>()
  let turns = 0
  /** How many hold a slot, by key of the domain. */
  const held = new Map<string, number>()

  const heldIn = ({ key }: LockDomain): number => held.get(key) ?? 0
  const isFull = (domain: LockDomain): boolean => heldIn(domain) >= domain.limit
  const count = (domains: readonly LockDomain[], by: 1 | -1): void => {
    for (const domain of domains) held.set(domain.key, heldIn(domain) + by)
  }
  const hold = (key: string, domains: readonly LockDomain[]): void => {
    count(holders.get(key) ?? [], -1)
    holders.set(key, domains)
    count(domains, 1)
  }

  const leave = (key: string): boolean => {
    const waiter = queue.get(key)
    if (!waiter) return false
    const { line, member } = waiter
    line.members.splice(countBefore(line, member.turn), 1)
    if (line.members.length === 0) lines.delete(nameOf(line.domains))
    return queue.delete(key)
  }
  const enter = (key: string, domains: readonly LockDomain[]): void => {
    const name = nameOf(domains)
    const known = queue.get(key)
    if (known && nameOf(known.line.domains) === name) return
    // Who wants something else now keeps its turn.
    const member = known?.member ?? { key, turn: (turns += 1), isCalled: false }
    leave(key)
    const line = lines.get(name) ?? { domains, members: [] }
    lines.set(name, line)
    line.members.splice(countBefore(line, member.turn), 0, member)
    queue.set(key, { member, line })
  }

  /**
   * What holds somebody up. Those who came earlier and want the same count as if they had it, unless they are held up elsewhere: who waits for
   * something else blocks nobody here.
   */
  const holdup = (domains: readonly LockDomain[], turn: number): Waiting | undefined => {
    for (const domain of domains) {
      let ahead = heldIn(domain)
      for (const line of lines.values()) {
        if (!line.domains.some(({ key }) => key === domain.key)) continue
        if (line.domains.some((other) => other.key !== domain.key && isFull(other))) continue
        ahead += countBefore(line, turn)
      }
      if (ahead >= domain.limit) return { label: domain.label, ahead }
    }
    return undefined
  }
  const place = (key: string): Waiting | undefined => {
    const waiter = queue.get(key)
    if (!waiter) return undefined
    waiter.member.isCalled = false
    return holdup(waiter.line.domains, waiter.member.turn)
  }

  return {
    waiting: place,
    take: (key, domains) => {
      if (holders.has(key)) return undefined
      enter(key, domains)
      const waiting = place(key)
      if (waiting) return waiting
      leave(key)
      hold(key, domains)
      return undefined
    },
    hold: (key, domains) => {
      leave(key)
      hold(key, domains)
    },
    release: (key) => {
      const had = holders.get(key)
      if (had) count(had, -1)
      holders.delete(key)
      if (!leave(key) && !had) return
      const free: Member[] = []
      for (const { domains, members } of lines.values())
        for (const member of members) {
          // Whoever came later waits for as much, and more.
          if (holdup(domains, member.turn)) break
          if (!member.isCalled) free.push(member)
        }
      for (const one of free.sort((a, b) => a.turn - b.turn)) {
        one.isCalled = true
        wake(one.key)
      }
    },
  }
}

const nameOf = (domains: readonly LockDomain[]): string =>
  domains.map(({ key, limit }) => `${key}\0${limit}`).join('\0')

/** How many of a line came before a turn. */
function countBefore({ members }: Line, turn: number): number {
  let low = 0
  let high = members.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((members[middle]?.turn ?? 0) < turn) low = middle + 1
    else high = middle
  }
  return low
}
