/** Raw parameter values, before they are verified: as a form or a JSON body gave them. */
export type RawParams = Record<string, unknown>

/** A raw value as text: as it was written, objects and lists as JSON. */
export function rawText(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value) ?? ''
}

/**
 * Decodes a query or a form body as the original does: pairs end at `&` and at `;`, what follows a second raw `=` is lost,
 * `+` is a space, bad escapes stay, a repeated key becomes a list.
 * @param bare value of a key without `=`: undefined drops it.
 */
export function decodeForm(text: string, bare: string | undefined): RawParams {
  const params: RawParams = {}
  if (text === '') return params
  for (const pair of text.split(/[&;]/)) {
    if (pair === '') continue
    const [rawKey = '', rawValue] = pair.split('=')
    const value = rawValue === undefined ? bare : unescape(rawValue)
    if (value === undefined) continue
    const key = unescape(rawKey)
    const before = params[key]
    if (before === undefined) params[key] = value
    else if (Array.isArray(before)) before.push(value)
    else params[key] = [before, value]
  }
  return params
}

/** Undoes `%xx` and `+`, then reads UTF-8; bytes that are none become replacement characters. */
function unescape(text: string): string {
  return unescapePercent(text.replaceAll('+', ' '))
}

/** Undoes `%xx`, then reads UTF-8. Escapes that are none stay as they are. */
export function unescapePercent(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    const bytes: number[] = []
    for (let at = 0; at < text.length; at++) {
      const hex = text[at] === '%' ? /^[0-9a-f]{2}/i.exec(text.slice(at + 1, at + 3)) : null
      if (hex) {
        bytes.push(Number.parseInt(hex[0], 16))
        at += 2
      } else bytes.push(...Buffer.from(text[at] ?? '', 'utf8'))
    }
    return Buffer.from(bytes).toString('utf8')
  }
}
