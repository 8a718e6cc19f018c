/** Fields that a JSON text has twice in the same object: `duplicate field "spec.x"`. The text must be valid JSON. */
export function duplicateKeys(text: string): string[] {
  const found: string[] = []
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
        if (top.keys.has(key)) found.push(`duplicate field ${JSON.stringify(here())}`)
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
  return [...new Set(found)]
}
