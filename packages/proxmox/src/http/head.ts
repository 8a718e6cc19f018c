/**
 * Prints the head of a request, with the empty line that ends it. Throws a TypeError for what would end a line: whoever gives a header
 * must not write the next one, nor another request. The value stays unsaid, as it may be a secret.
 * @param path with query
 */
export function printHead(
  method: string,
  path: string,
  host: string,
  headers: Readonly<Record<string, string>>,
): string {
  if (!/^[\x21-\x7e]+$/.test(path)) throw new TypeError('the path has characters that no path has')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`
  for (const name in headers) {
    const value = headers[name] ?? ''
    if (!/^[\w-]+$/.test(name) || !/^[\t\x20-\x7e]*$/.test(value))
      throw new TypeError(`the header "${name}" has characters that no header has`)
    head += `${name}: ${value}\r\n`
  }
  return `${head}\r\n`
}
