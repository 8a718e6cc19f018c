/** What Go's JSON decoder says of a text that is no JSON; undefined when it is. */
export function goJsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text)
    return undefined
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    const character = text[Number(position ?? '0')]
    return text.trim() === '' || character === undefined
      ? 'unexpected end of JSON input'
      : `invalid character '${character}' looking for beginning of value`
  }
}
