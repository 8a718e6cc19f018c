type Scalar = string | number | boolean
/** What a parameter may be. */
export type ParamValue = Scalar | readonly Scalar[] | undefined | null

/**
 * Encodes parameters as a form. Everything but unreserved characters is percent-encoded: Proxmox splits on `;` as on `&`, drops what
 * follows a second raw `=`, and reads `+` as a space. Booleans are 1 and 0; a list is a repeated key; undefined is left out.
 */
export function encodeForm(params: Readonly<Record<string, ParamValue>>): string {
  const pairs: string[] = []
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === null) continue
    for (const one of Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar]) {
      const printed = name === 'sshkeys' ? encodeKeys(String(one)) : printScalar(one)
      pairs.push(`${encode(name)}=${encode(printed)}`)
    }
  }
  return pairs.join('&')
}

/** Fills a path template. Throws a TypeError naming a parameter that is missing or empty: an empty one would address the parent. */
export function fillPath(template: string, values: Readonly<Record<string, Scalar>> = {}): string {
  let path = ''
  let at = 0
  for (let open = template.indexOf('{'); open >= 0; open = template.indexOf('{', at)) {
    const close = template.indexOf('}', open)
    const name = template.slice(open + 1, close)
    path += template.slice(at, open) + fillSegment(template, name, values[name])
    at = close + 1
  }
  return path + template.slice(at)
}

function fillSegment(template: string, name: string, value: Scalar | undefined): string {
  if (value === undefined || value === '')
    throw new TypeError(`${template}: path parameter "${name}" is missing`)
  // They survive percent-encoding, and whoever relays the call would walk up the path.
  if (value === '.' || value === '..')
    throw new TypeError(`${template}: path parameter "${name}" may not be "${value}"`)
  // These may stand in a path as they are, and a UPID stays readable in an error.
  const text = String(value)
  if (/^[\w.~:@!-]+$/.test(text)) return text
  return encode(text).replaceAll('%3A', ':').replaceAll('%40', '@').replaceAll('%21', '!')
}

/** Encodes what may not stand in a path that a person wrote; what is percent-encoded in it already stays. */
export function encodePath(path: string): string {
  return path.replace(/%(?![0-9A-Fa-f]{2})|[^\w.~:@!$&'()*+,;=%/-]/gu, encode)
}

/**
 * SSH keys are decoded once more by Proxmox itself, and are encoded in what it answers. A key has a space in it, so what has none and
 * `%20` instead is as Proxmox gave it.
 */
function encodeKeys(keys: string): string {
  return !/\s/.test(keys) && keys.includes('%20') ? keys : encode(keys)
}

function printScalar(value: Scalar): string {
  return typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
}

/** RFC 3986 percent-encoding. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
