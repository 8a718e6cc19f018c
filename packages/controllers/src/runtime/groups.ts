/** The names of the groups that an object is in, worked out from the object alone. Pass the same function each time: it is the group's key. */
export type Grouping<T> = (object: T) => readonly string[]

/** Keys of objects by the groups that they are in, kept as the objects change. */
export interface Groups<T> {
  /** Notes the states of an object that anybody may be shown; none if it is gone. */
  put(key: string, states: readonly T[]): void
  keys(group: string): Iterable<string>
}

/** Makes empty groups. */
export function createGroups<T>(grouping: Grouping<T>): Groups<T> {
  const groups = new Map<string, Set<string>>()
  const namesOf = new Map<string, readonly string[]>()
  return {
    put: (key, states) => {
      const before = namesOf.get(key) ?? []
      const names = [...new Set(states.flatMap(grouping))]
      if (before.length === names.length && names.every((name, at) => name === before[at])) return
      for (const name of before) {
        const group = groups.get(name)
        group?.delete(key)
        if (group?.size === 0) groups.delete(name)
      }
      for (const name of names) groups.set(name, (groups.get(name) ?? new Set()).add(key))
      if (names.length > 0) namesOf.set(key, names)
      else namesOf.delete(key)
    },
    keys: (group) => groups.get(group) ?? [],
  }
}
