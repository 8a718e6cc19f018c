/** One simple command with its redirection. */
export interface SimpleCommand {
  words: string[]
  /** Assignments before it. */
  assignments: [string, string][]
  redirect: { path: string; append: boolean } | undefined
  /** What joins it to the one before. */
  joint: ';' | '&&' | '||' | '|'
}

/**
 * Reads the part of the shell's language that seeds use: words with quotes and variables, `;`, `&&`, `||`, `|`, lines, `>` and `>>`. Undefined for
 * anything beyond (loops, conditions, here-documents, substitution): such a script is recorded, not run.
 */
export function parseScript(
  script: string,
  variables: ReadonlyMap<string, string>,
): SimpleCommand[] | undefined {
  const commands: SimpleCommand[] = []
  let at = 0
  let current = empty(';')
  let word: string | undefined
  let pendingRedirect: { append: boolean } | undefined
  const endWord = (): void => {
    if (word === undefined) return
    if (pendingRedirect !== undefined) {
      current.redirect = { path: word, append: pendingRedirect.append }
      pendingRedirect = undefined
    } else {
      const assignment = /^([A-Za-z_]\w*)=([\s\S]*)$/.exec(word)
      if (assignment !== null && current.words.length === 0)
        current.assignments.push([assignment[1] ?? '', assignment[2] ?? ''])
      else current.words.push(word)
    }
    word = undefined
  }
  const endCommand = (joint: SimpleCommand['joint']): void => {
    endWord()
    if (current.words.length > 0 || current.assignments.length > 0 || current.redirect !== undefined)
      commands.push(current)
    current = empty(joint)
  }
  while (at < script.length) {
    const char = script[at] ?? ''
    const two = script.slice(at, at + 2)
    if (char === '\\') {
      if (script[at + 1] !== '\n') word = (word ?? '') + (script[at + 1] ?? '')
      at += 2
    } else if (char === "'") {
      const end = script.indexOf("'", at + 1)
      if (end < 0) return undefined
      word = (word ?? '') + script.slice(at + 1, end)
      at = end + 1
    } else if (char === '"') {
      const quoted = readQuoted(script, at + 1, variables)
      if (quoted === undefined) return undefined
      word = (word ?? '') + quoted.text
      at = quoted.end
    } else if (char === '$') {
      const variable = readVariable(script, at, variables)
      if (variable === undefined) return undefined
      word = (word ?? '') + variable.text
      at = variable.end
    } else if (two === '&&' || two === '||') {
      endCommand(two)
      at += 2
    } else if (char === ';' || char === '\n') {
      endCommand(';')
      at += 1
    } else if (char === '|') {
      endCommand('|')
      at += 1
    } else if (two === '>>' || char === '>') {
      if (/^[12]$/.test(word ?? '')) word = undefined
      else endWord()
      pendingRedirect = { append: two === '>>' }
      at += two === '>>' ? 2 : 1
      if (script[at] === '&') {
        // 2>&1: there is one output here.
        at += 2
        pendingRedirect = undefined
      }
    } else if (char === '#' && word === undefined) {
      const end = script.indexOf('\n', at)
      at = end < 0 ? script.length : end
    } else if (/\s/.test(char)) {
      endWord()
      at += 1
    } else if ('`<(){}&'.includes(char) && !(char === '{' || char === '}')) return undefined
    else {
      word = (word ?? '') + char
      at += 1
    }
  }
  endCommand(';')
  const beyond = new Set(['if', 'for', 'while', 'until', 'case', 'function', '{', '!', '[['])
  return commands.some((command) => beyond.has(command.words[0] ?? '')) ? undefined : commands
}

function empty(joint: SimpleCommand['joint']): SimpleCommand {
  return { words: [], assignments: [], redirect: undefined, joint }
}

function readQuoted(
  script: string,
  start: number,
  variables: ReadonlyMap<string, string>,
): { text: string; end: number } | undefined {
  let text = ''
  let at = start
  while (at < script.length) {
    const char = script[at] ?? ''
    if (char === '"') return { text, end: at + 1 }
    if (char === '`') return undefined
    if (char === '\\' && '"\\$`\n'.includes(script[at + 1] ?? '')) {
      text += script[at + 1] === '\n' ? '' : (script[at + 1] ?? '')
      at += 2
    } else if (char === '$') {
      const variable = readVariable(script, at, variables)
      if (variable === undefined) return undefined
      text += variable.text
      at = variable.end
    } else {
      text += char
      at += 1
    }
  }
  return undefined
}

function readVariable(
  script: string,
  at: number,
  variables: ReadonlyMap<string, string>,
): { text: string; end: number } | undefined {
  const match = /^\$(?:([A-Za-z_]\w*|\?)|\{([A-Za-z_]\w*)\})/.exec(script.slice(at))
  if (match === null)
    return script[at + 1] === '(' || script[at + 1] === '{' ? undefined : { text: '$', end: at + 1 }
  return { text: variables.get(match[1] ?? match[2] ?? '') ?? '', end: at + match[0].length }
}
