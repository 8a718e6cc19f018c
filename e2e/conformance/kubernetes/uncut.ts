/** Longest part that is repeated in a body which the recorder cut. */
const LONGEST_PART = 200

/**
 * The whole of a JSON body that the recorder cut for being large: such bodies repeat one part (`x`, a patch's operation) until they
 * are `N` bytes long. Undefined when the end of what is left repeats nothing.
 */
export function uncut(body: string): string | undefined {
  const [, head = '', size = ''] = /^(.*)\.\.\.\[(\d+) bytes\]$/s.exec(body) ?? []
  const length = Number(size)
  const part = repeated(head)
  if (part === undefined || length <= head.length) return undefined
  const filled = head + part.repeat(Math.ceil((length - head.length) / part.length))
  for (let closers = 0; closers < 10; closers++) {
    const text = filled.slice(0, length - closers)
    const end = closing(text)
    if (end.length === closers) return text + end
  }
  return undefined
}

function repeated(head: string): string | undefined {
  for (let length = 1; length <= LONGEST_PART; length++) {
    const part = head.slice(-length)
    if (head.endsWith(part.repeat(Math.max(2, Math.ceil(16 / length))))) return part
  }
  return undefined
}

/** What closes everything that is open at the end of a JSON text. */
function closing(text: string): string {
  const open: string[] = []
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (isText) {
      if (letter === '\\') at++
      else if (letter === '"') isText = false
    } else if (letter === '"') isText = true
    else if (letter === '{') open.unshift('}')
    else if (letter === '[') open.unshift(']')
    else if (letter === '}' || letter === ']') open.shift()
  }
  return `${isText ? '"' : ''}${open.join('')}`
}
