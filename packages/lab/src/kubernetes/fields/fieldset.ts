import type { Json, JsonObject } from '../resources.ts'
import { isObject } from '../rest/json.ts'

/**
 * A set of field paths, as managedFields keep them. A path element is written as in FieldsV1: `f:name`, `k:{"name":"a"}`,
 * `v:"value"`, `i:0`. A node may be a member itself, have children, or both.
 */
export class FieldSet {
  member = false
  readonly children = new Map<string, FieldSet>()

  /** Whether nothing is in it, itself included. */
  get empty(): boolean {
    return !this.member && this.children.size === 0
  }

  /** The child at an element, made when missing. */
  child(element: string): FieldSet {
    let child = this.children.get(element)
    if (child === undefined) this.children.set(element, (child = new FieldSet()))
    return child
  }

  /** Adds one path. */
  insert(path: string[]): void {
    const [first, ...rest] = path
    if (first === undefined) this.member = true
    else this.child(first).insert(rest)
  }

  /** Whether a path is a member. */
  has(path: string[]): boolean {
    const [first, ...rest] = path
    if (first === undefined) return this.member
    return this.children.get(first)?.has(rest) === true
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet()
    result.member = this.member || other.member
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element)
      result.children.set(element, theirs === undefined ? child : child.union(theirs))
    }
    for (const [element, child] of other.children)
      if (!this.children.has(element)) result.children.set(element, child)
    return result
  }

  difference(other: FieldSet): FieldSet {
    const result = new FieldSet()
    result.member = this.member && !other.member
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element)
      const rest = theirs === undefined ? child : child.difference(theirs)
      if (!rest.empty) result.children.set(element, rest)
    }
    return result
  }

  /** What is left when each path of `other` goes with all that is below it. */
  recursiveDifference(other: FieldSet): FieldSet {
    const result = new FieldSet()
    if (other.member) return result
    result.member = this.member
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element)
      const rest = theirs === undefined ? child : child.recursiveDifference(theirs)
      if (!rest.empty) result.children.set(element, rest)
    }
    return result
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet()
    result.member = this.member && other.member
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element)
      if (theirs === undefined) continue
      const both = child.intersection(theirs)
      if (!both.empty) result.children.set(element, both)
    }
    return result
  }

  /** Member paths in order. */
  paths(prefix: string[] = []): string[][] {
    const result: string[][] = this.member && prefix.length > 0 ? [prefix] : []
    for (const element of [...this.children.keys()].toSorted())
      result.push(...(this.children.get(element)?.paths([...prefix, element]) ?? []))
    return result
  }

  /** Members with no member below them. */
  leaves(): FieldSet {
    const result = new FieldSet()
    result.member = this.member && this.children.size === 0
    for (const [element, child] of this.children) result.children.set(element, child.leaves())
    return result
  }

  /** As FieldsV1. */
  toJson(): JsonObject {
    const result: JsonObject = {}
    if (this.member && this.children.size > 0) result['.'] = {}
    for (const element of [...this.children.keys()].toSorted())
      result[element] = this.children.get(element)?.toJson() ?? {}
    return result
  }

  /** From FieldsV1. */
  static fromJson(json: Json | undefined): FieldSet {
    const result = new FieldSet()
    if (!isObject(json)) return result
    for (const key in json) {
      if (key === '.') result.member = true
      else {
        const child = FieldSet.fromJson(json[key])
        if (child.children.size === 0) child.member = true
        result.children.set(key, child)
      }
    }
    return result
  }
}

/** A path as conflict texts print it: `.spec.containers[name="a"].image`. */
export function printPath(path: string[]): string {
  return path
    .map((element) => {
      const kind = element.slice(0, 2)
      const rest = element.slice(2)
      if (kind === 'f:') return `.${rest}`
      if (kind === 'i:') return `[${rest}]`
      if (kind === 'v:') return `[=${rest}]`
      const keys = JSON.parse(rest) as JsonObject
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`
    })
    .join('')
}
