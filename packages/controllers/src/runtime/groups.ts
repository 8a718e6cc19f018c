import { isAlike } from './alike.ts'

/** The names of the groups that an object is in, worked out from the object alone. Pass the same function each time: it is the group's key. */
export type Grouping<T> = (object: T) => readonly string[]

/** Objects by the groups that they are in, kept as they change: a question about a group costs a glance at each of its members. */
export interface Groups<T> {
  /** Notes an object as it is now; undefined if it is gone. */
  put(key: string, object: T | undefined): void
  /** Tells of each object that is there, and of each that changes. */
  follow(follower: Follower<T>): void
  /** The objects of a group. What a grouping is asked for first time is worked out of all objects. */
  members(grouping: Grouping<T>, group: string): T[]
}

/** Hears of objects as they are now; undefined for one that is gone. */
export type Follower<T> = (key: string, object: T | undefined) => void

interface Entry<T> {
  object: T
  /** Of each grouping that was asked for, in the order of the first questions. */
  readonly names: (readonly string[])[]
}

/** One grouping: the entries of each group by key. */
interface Index<T> {
  readonly grouping: Grouping<T>
  readonly groups: Map<string, Map<string, Entry<T>>>
}

/** Makes empty groups. */
export function createGroups<T>(): Groups<T> {
  const entries = new Map<string, Entry<T>>()
  const indexes: Index<T>[] = []
  const followers: Follower<T>[] = []
  /** Most changes of an object leave it in its groups, which hold its entry, so that nothing of theirs is touched. */
  const file = (key: string, entry: Entry<T>, at: number, names: readonly string[]): void => {
    const before = entry.names[at] ?? []
    if (isAlike(before, names)) return
    entry.names[at] = names
    const groups = indexes[at]?.groups ?? new Map<string, Map<string, Entry<T>>>()
    for (const name of before) {
      if (names.includes(name)) continue
      const group = groups.get(name)
      group?.delete(key)
      if (group?.size === 0) groups.delete(name)
    }
    for (const name of names) {
      const group = groups.get(name)
      if (group) group.set(key, entry)
      else groups.set(name, new Map([[key, entry]]))
    }
  }
  const indexOf = (grouping: Grouping<T>): Index<T> => {
    const known = indexes.find((one) => one.grouping === grouping)
    if (known) return known
    const index = { grouping, groups: new Map<string, Map<string, Entry<T>>>() }
    const at = indexes.push(index) - 1
    for (const [key, entry] of entries) file(key, entry, at, grouping(entry.object))
    return index
  }
  return {
    put: (key, object) => {
      let entry = entries.get(key)
      if (entry?.object === object) return
      for (const follower of followers) follower(key, object)
      if (object === undefined) {
        if (entry) for (const at of indexes.keys()) file(key, entry, at, [])
        entries.delete(key)
        return
      }
      if (entry) entry.object = object
      else entries.set(key, (entry = { object, names: [] }))
      let at = 0
      for (const { grouping } of indexes) file(key, entry, at++, grouping(object))
    },
    follow: (follower) => {
      followers.push(follower)
      for (const [key, { object }] of entries) follower(key, object)
    },
    members: (grouping, group) =>
      [...(indexOf(grouping).groups.get(group)?.values() ?? [])].map(({ object }) => object),
  }
}
