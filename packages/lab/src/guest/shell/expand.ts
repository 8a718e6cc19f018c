import { posix } from 'node:path'
import type { Disk } from '../disk.ts'
import type { Part, Script, Word } from './syntax.ts'

/** What words are expanded with. */
export interface Scope {
  readonly disk: Disk
  /** Value of a variable or parameter; undefined for an unset one. */
  value(name: string): string | undefined
  /** The parameters, `$1` and on. */
  readonly parameters: readonly string[]
  /** Output of a command that a word substitutes. */
  substitute(body: Script): Promise<string>
}

interface Piece {
  readonly text: string
  readonly quoted: boolean
}

/** The fields that a word becomes: split at blanks where it is not quoted, patterns replaced by the paths that fit. */
export async function fieldsOf(scope: Scope, word: Word): Promise<string[]> {
  const fields: Piece[][] = []
  let open: Piece[] | undefined
  for (const part of word) {
    if (part.kind === 'variable' && part.name === '@' && part.quoted) {
      for (const [index, text] of scope.parameters.entries()) {
        if (index > 0 || !open) fields.push((open = []))
        open.push({ text, quoted: true })
      }
      continue
    }
    const text = await textOfPart(scope, part)
    if (part.quoted || part.kind === 'text') {
      if (!open) fields.push((open = []))
      open.push({ text, quoted: part.quoted })
      continue
    }
    const [first = '', ...others] = text.split(/\s+/)
    if (first !== '') {
      if (!open) fields.push((open = []))
      open.push({ text: first, quoted: false })
    }
    for (const other of others) {
      open = undefined
      if (other !== '') fields.push((open = [{ text: other, quoted: false }]))
    }
  }
  return fields.flatMap((pieces) => pathsOf(scope.disk, pieces))
}

/** The one text that a word becomes where nothing is split, as in an assignment. */
export async function textOf(scope: Scope, word: Word): Promise<string> {
  let text = ''
  for (const part of word) text += await textOfPart(scope, part)
  return text
}

/** A word as a pattern of `case`: what is quoted stands for itself. */
export async function patternOf(scope: Scope, word: Word): Promise<RegExp> {
  const pieces: Piece[] = []
  for (const part of word) pieces.push({ text: await textOfPart(scope, part), quoted: part.quoted })
  return new RegExp(`^${sourceOf(pieces, '[\\s\\S]')}$`)
}

async function textOfPart(scope: Scope, part: Part): Promise<string> {
  switch (part.kind) {
    case 'text':
      return part.text
    case 'command':
      return (await scope.substitute(part.body)).replace(/\n+$/, '')
    case 'sum':
      return String(sum(await textOf(scope, part.text), (name) => Number(scope.value(name) ?? 0)))
    case 'variable':
      return variable(scope, part)
  }
}

async function variable(
  scope: Scope,
  { name, operator, operand }: Part & { kind: 'variable' },
): Promise<string> {
  const value = '@*'.includes(name) ? scope.parameters.join(' ') : scope.value(name)
  if (operator === undefined || operand === undefined) return value ?? ''
  const isSet = operator.startsWith(':') ? value !== undefined && value !== '' : value !== undefined
  if (operator.endsWith('-')) return isSet ? (value ?? '') : textOf(scope, operand)
  if (operator.endsWith('+')) return isSet ? textOf(scope, operand) : ''
  return trimmed(value ?? '', operator, await textOf(scope, operand))
}

/** `${x#pattern}` and its kin. */
function trimmed(value: string, operator: string, pattern: string): string {
  const whole = new RegExp(`^${sourceOf([{ text: pattern, quoted: false }], '[\\s\\S]')}$`)
  const lengths = Array.from({ length: value.length + 1 }, (_, index) => index)
  const isLong = operator.length === 2
  const ordered = isLong ? lengths.toReversed() : lengths
  for (const length of ordered) {
    const rest = value.length - length
    if (operator.startsWith('#') && whole.test(value.slice(0, length))) return value.slice(length)
    if (operator.startsWith('%') && whole.test(value.slice(rest))) return value.slice(0, rest)
  }
  return value
}

function sourceOf(pieces: readonly Piece[], any: string): string {
  return pieces
    .map(({ text, quoted }) => {
      const plain = text.replace(/[.+^${}()|\\/*?]/g, String.raw`\$&`)
      return quoted
        ? plain.replace(/[[\]]/g, String.raw`\$&`)
        : plain.replaceAll('\\*', `${any}*`).replaceAll('\\?', any)
    })
    .join('')
}

function pathsOf(disk: Disk, pieces: readonly Piece[]): string[] {
  const text = pieces.map((piece) => piece.text).join('')
  if (!pieces.some((piece) => !piece.quoted && /[*?]/.test(piece.text))) return [text]
  const pattern = new RegExp(`^${sourceOf(pieces, '[^/]')}$`)
  const found = [...disk.files.keys()].filter(
    (path) => pattern.test(path) && !posix.basename(path).startsWith('.'),
  )
  return found.length > 0 ? found.toSorted() : [text]
}

/** Whole numbers with + - * / % and parentheses. */
function sum(text: string, value: (name: string) => number): number {
  const tokens = text.match(/\d+|[A-Za-z_]\w*|[-+*/%()]/g) ?? []
  let at = 0
  const atom = (): number => {
    const token = tokens[at++] ?? '0'
    if (token === '-') return -atom()
    if (token !== '(') return /^\d/.test(token) ? Number(token) : value(token)
    const inner = terms()
    at += 1
    return inner
  }
  const factors = (): number => {
    let result = atom()
    for (let sign = tokens[at]; sign === '*' || sign === '/' || sign === '%'; sign = tokens[at]) {
      at += 1
      const right = atom()
      result = sign === '*' ? result * right : sign === '/' ? Math.trunc(result / right) : result % right
    }
    return result
  }
  const terms = (): number => {
    let result = factors()
    for (let sign = tokens[at]; sign === '+' || sign === '-'; sign = tokens[at]) {
      at += 1
      result = sign === '+' ? result + factors() : result - factors()
    }
    return result
  }
  return terms()
}
