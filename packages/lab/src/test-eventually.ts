/** Waits until something holds, looking every few milliseconds. Throws an Error with the text, and what `context` says, after a minute. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false,
  context: () => string = () => '',
): Promise<T> {
  const end = Date.now() + 60_000
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > end) throw new Error(`it did not come to this: ${what}\n${context()}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
