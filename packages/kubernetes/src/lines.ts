import { StringDecoder } from 'node:string_decoder'
import { KubernetesAnswerError } from './errors.ts'

/**
 * The complete lines of a byte stream, whatever way it is cut into pieces; a last line without its end is given too when
 * `keepTail` is set (logs), and dropped otherwise (a watch event cut by a reset). Throws KubernetesAnswerError for a line longer
 * than `maxLength` characters.
 */
export async function* readLines(
  stream: AsyncIterable<Uint8Array>,
  options: { maxLength: number; keepTail: boolean },
): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  // Pieces of the unfinished line are joined once: joining at every piece would cost the square of a long line.
  let pieces: string[] = []
  let length = 0
  for await (const chunk of stream) {
    let text = decoder.write(chunk as Buffer)
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const line = pieces.join('') + text.slice(0, end)
      pieces = []
      length = 0
      text = text.slice(end + 1)
      if (line !== '') yield line
    }
    if (text === '') continue
    pieces.push(text)
    length += text.length
    if (length > options.maxLength)
      throw new KubernetesAnswerError(`a line of the stream is longer than ${options.maxLength} characters`)
  }
  const tail = pieces.join('') + decoder.end()
  if (options.keepTail && tail !== '') yield tail
}
