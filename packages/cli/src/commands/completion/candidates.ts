import { tr } from '../../locale.ts'
import { scripts } from './scripts.ts'
import type { LiveNames, Noun } from './live.ts'
import { fixedWords, type Line, type LineOption } from './line.ts'
import { argumentWords, parameterCandidates, pathCandidates } from './schema.ts'

/** A word that may stand here, whole, and what it is. */
export interface Candidate {
  readonly value: string
  readonly about?: string | undefined
}

/** What may come next: words, or a file's name. */
export type Candidates = readonly Candidate[] | 'files'

/** What may stand where a line is being typed. */
export async function candidatesFor(line: Line, live: LiveNames): Promise<Candidates> {
  const { command, pending, current } = line
  if (pending) return valuesOf(pending, line, live)
  if (current.startsWith('-')) {
    const [name = '', value] = current.split(/=(.*)/s)
    const option = value === undefined ? undefined : line.known.find(({ names }) => names.includes(name))
    if (!option) return command ? optionNames(line) : []
    const found = await valuesOf(option, line, live)
    return found === 'files' ? found : found.map((one) => ({ ...one, value: `${name}=${one.value}` }))
  }
  return command ? argumentCandidates(line, live) : nextWords(line)
}

/** The words that go on a command's: `create` and `list` after `vm snapshot`. */
function nextWords({ commands, words }: Line): Candidate[] {
  return commands.flatMap((command) => {
    const fixed = fixedWords(command)
    const isOnTheWay = words.every((word, index) => fixed[index] === word)
    const next = fixed[words.length]
    if (!isOnTheWay || next === undefined) return []
    return [{ value: next, about: fixed.length === words.length + 1 ? command.summary : undefined }]
  })
}

function optionNames({ known, options }: Line): Candidate[] {
  return [
    ...known.map(({ names, option }) => ({ value: names.at(-1) ?? '', about: option.description })),
    { value: '--help', about: tr('show this help', 'mostra questo aiuto') },
  ].filter(({ value }) => options[value.replace(/^--/, '')] === undefined)
}

/** Of whom an option's value is the name. */
const namesOfOptions: Readonly<Record<string, Noun>> = {
  '--namespace': 'namespace',
  '--context': 'context',
  '--cluster': 'cluster',
  '--class': 'class',
  '--proxmox': 'proxmox',
  '--node': 'host',
  '--host': 'host',
  '--storage': 'storage',
  '--iso-storage': 'storage',
}

async function valuesOf(
  { names, placeholder, option }: LineOption,
  line: Line,
  live: LiveNames,
): Promise<Candidates> {
  if (option.words) return option.words.map((value) => ({ value }))
  if (placeholder === 'file' || placeholder === 'dir') return 'files'
  const noun = namesOfOptions[names.at(-1) ?? '']
  return noun === undefined ? [] : live.of(noun, line)
}

/** Of whom an argument is the name, by the command's first word. Names of what is to be made are nobody's yet. */
const namesOfArguments: Readonly<Record<string, Readonly<Record<string, Noun>>>> = {
  vm: { vm: 'vm', words: 'vm', node: 'host', snapname: 'snapshot' },
  node: { node: 'host' },
  storage: { node: 'host', storage: 'storage', volume: 'volume' },
  task: { upid: 'task' },
  orphan: { vmid: 'vm' },
  cluster: { name: 'cluster' },
  pool: { name: 'pool', pool: 'pool' },
  machine: { name: 'machine' },
  class: { name: 'class' },
  proxmox: { name: 'proxmox' },
  kube: { name: 'kube', pod: 'pod' },
}

async function argumentCandidates(line: Line, live: LiveNames): Promise<Candidates> {
  const { command, parameters, given, words, current } = line
  const [first = ''] = words
  const name = parameters[Math.min(given.length, parameters.length - 1)]?.replace('...', '')
  const isRepeated = parameters.at(-1)?.endsWith('...') ?? false
  if (name === undefined || (given.length >= parameters.length && !isRepeated)) return []
  if (first === 'completion') return Object.keys(scripts).map((value) => ({ value }))
  if (first === 'api') return name === 'path' ? pathCandidates(line, live) : parameterCandidates(line, live)
  if (name === 'file') return 'files'
  const fixed = argumentWords(line, name)
  if (fixed.length > 0) return fixed.map((value) => ({ value }))
  const isNew =
    ['create', 'add'].includes(words[1] ?? '') || (words[1] === 'snapshot' && words[2] === 'create')
  const noun = namesOfArguments[first]?.[name]
  const isMade = isNew && ['name', 'snapname'].includes(name)
  const names = noun === undefined || isMade || current.includes('=') ? [] : await live.of(noun, line)
  // One that was named already is not named again.
  const others = names.filter(({ value }) => !given.includes(value))
  const takesParameters =
    command?.parameters && (name === 'parameters' || (name === 'words' && given.length > 0))
  return takesParameters ? [...others, ...(await parameterCandidates(line, live))] : others
}
