/** Whether two lists have the same values in the same order; a list that is not there is like no other. */
export const isAlike = (one: readonly unknown[] | undefined, other: readonly unknown[]): boolean =>
  one?.length === other.length && one.every((value, at) => value === other[at])
