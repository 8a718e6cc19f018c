import { UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'

/** Parameters of a Proxmox call, by name; a list where a name was given more than once. */
export type Parameters = Record<string, string | string[]>

/** The words of a variadic argument; the parser hands them over joined. */
export function wordsOf(joined: string | undefined): string[] {
  return joined ? joined.split('\u0000') : []
}

/** Reads `parameter=value` words; a repeated name makes a list. Throws UsageError naming a word that is none. */
export function parametersOf(words: readonly string[]): Parameters {
  const parameters: Parameters = {}
  for (const word of words) {
    const at = word.indexOf('=')
    if (at < 1) throw new UsageError(`"${word}" ${tr('is not parameter=value', 'non è parametro=valore')}`)
    const [name, value] = [word.slice(0, at), word.slice(at + 1)]
    const before = parameters[name]
    parameters[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]
  }
  return parameters
}
