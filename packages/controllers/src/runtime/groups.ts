/** The names of the groups that an object is in, worked out from the object alone. Pass the same function each time: it is the group's key. */
export type Grouping<T> = (object: T) => readonly string[]

/** Objects by the groups that they are in, kept as they change: a question about a group costs a glance at each of its members. */
export interface Groups<T> {
  /** Notes an object as it is now; undefined if it is gone. */
  put(key: string, object: T | undefined): void
  /** The objects of a group by their keys. */
  members(group: string): ReadonlyMap<string, T>
}

/** Makes empty groups. */
export function createGroups<T>(grouping: Grouping<T>): Groups<T> {
  const groups = new Map<string, Map<string, T>>()
  const namesOf = new Map<string, readonly string[]>()
  const nobody: ReadonlyMap<string, T> = new Map()
  return {
    put: (key, object) => {
      const names = object === undefined ? [] : grouping(object)
      for (const name of namesOf.get(key) ?? []) {
        if (names.includes(name)) continue
        const group = groups.get(name)
        group?.delete(key)
        if (group?.size === 0) groups.delete(name)
      }
      if (object === undefined || names.length === 0) {
        namesOf.delete(key)
        return
      }
      namesOf.set(key, names)
      for (const name of names) {
        const group = groups.get(name)
        if (group) group.set(key, object)
        else groups.set(name, new Map([[key, object]]))
      }
    },
    members: (group) => groups.get(group) ?? nobody,
  }
}
