import { compile } from '../../schema/cel.ts'

/** Why a CEL expression cannot be compiled, in the words of the API server; undefined when it can. */
export function celProblem(expression: string): string | undefined {
  const program = compile(expression)
  return program instanceof Error ? `compilation failed: ${words(expression, program.message)}` : undefined
}

/** A character that the language does not know is told as the original's lexer does; other problems in the parser's words. */
function words(expression: string, message: string): string {
  const [, letter = '', line = '1', pointer = ''] =
    /^Unexpected character: (.)\n\n>\s*(\d+) \|[^\n]*\n( *\^)/.exec(message) ?? []
  if (letter === '') return message
  const text = expression.split('\n')[Number(line) - 1] ?? ''
  // Before the pointer stands what is before the line: the mark, the number and the bar.
  const column = pointer.length - `>${line.padStart(5)} | `.length
  return `ERROR: <input>:${line}:${column}: Syntax error: token recognition error at: '${letter}'\n | ${text}\n | ${'.'.repeat(column - 1)}^`
}
