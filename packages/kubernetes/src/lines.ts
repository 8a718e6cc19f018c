import { StringDecoder } from 'node:string_decoder'
import { KubernetesAnswerError } from './errors.ts'

/**
 * The complete lines of a byte stream, whatever way it is cut into pieces. Those that end in the same piece are given together: the steps of
 * generators for each of them were a tenth of what following a cluster costs. A last line without its end is given too when `keepTail` is set (logs), and
 * dropped otherwise (a watch event cut by a reset). Throws KubernetesAnswerError for a line longer than `maxLength` characters.
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  options: { maxLength: number; keepTail: boolean },
): AsyncGenerator<string[]> {
  const decoder = new StringDecoder('utf8')
  // Pieces of the unfinished line are joined once: joining at every piece would cost the square of a long line.
  let pieces: string[] = []
  let length = 0
  for await (const chunk of stream) {
    const text = decoder.write(chunk as Buffer)
    const lines: string[] = []
    let from = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = pieces.join('') + text.slice(from, end)
      pieces = []
      length = 0
      from = end + 1
      if (line !== '') lines.push(line)
    }
    if (lines.length > 0) yield lines
    if (from === text.length) continue
    pieces.push(text.slice(from))
    length += text.length - from
    if (length > options.maxLength)
      throw new KubernetesAnswerError(`a line of the stream is longer than ${options.maxLength} characters`)
  }
  const tail = pieces.join('') + decoder.end()
  if (options.keepTail && tail !== '') yield [tail]
}
