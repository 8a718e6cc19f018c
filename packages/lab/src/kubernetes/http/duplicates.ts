/** A member of an object in a JSON text. */
export interface Key {
  /** `spec.list[0].name`. */
  path: string
  /** Whether the object had a member of that name before. */
  isDuplicate: boolean
}

/** `duplicate field "spec.x"` for each member that is there twice. */
export function duplicateFields(keys: readonly Key[]): string[] {
  const paths = keys.filter((key) => key.isDuplicate).map((key) => key.path)
  return [...new Set(paths)].map((path) => `duplicate field ${JSON.stringify(path)}`)
}

/** Every member in a JSON text, in its order. The text must be valid JSON. */
export function keysOf(text: string): Key[] {
  const found: Key[] = []
  const stack: { keys: Set<string> | undefined; path: string; index: number }[] = []
  let key: string | undefined
  let position = 0
  const here = (): string => {
    const top = stack.at(-1)
    if (top === undefined) return ''
    if (top.keys === undefined) return `${top.path}[${top.index}]`
    return top.path === '' ? (key ?? '') : `${top.path}.${key ?? ''}`
  }
  while (position < text.length) {
    const character = text[position]
    if (character === '"') {
      let end = position + 1
      while (end < text.length && text[end] !== '"') end += text[end] === '\\' ? 2 : 1
      const top = stack.at(-1)
      let after = end + 1
      while (after < text.length && /\s/.test(text[after] ?? '')) after++
      if (top?.keys !== undefined && text[after] === ':') {
        key = JSON.parse(text.slice(position, end + 1)) as string
        found.push({ path: here(), isDuplicate: top.keys.has(key) })
        top.keys.add(key)
      }
      position = end + 1
      continue
    }
    if (character === '{') stack.push({ keys: new Set(), path: here(), index: 0 })
    else if (character === '[') stack.push({ keys: undefined, path: here(), index: 0 })
    else if (character === '}' || character === ']') stack.pop()
    else if (character === ',') {
      const top = stack.at(-1)
      if (top !== undefined && top.keys === undefined) top.index++
    }
    position++
  }
  return found
}
