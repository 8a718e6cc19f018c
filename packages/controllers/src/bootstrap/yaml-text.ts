import { Document, Scalar, visit } from 'yaml'

/** Texts that a literal block carries as they are: printable ASCII over several lines, no line that ends in a blank. */
const plainLines = /^(?! )[\x20-\x7e]*[\x21-\x7e](\n+[\x20-\x7e]*[\x21-\x7e])*\n?$/
/** What YAML 1.1 readers refuse or take for the end of a line when it stands unescaped. */
const unreadable = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g

/**
 * Prints a value as YAML that every reader understands alike. cloud-init reads YAML 1.1 and the kubelet something in between, so to
 * them a plain `on`, `=`, `0644` or `12:30:45` is no text. Every text is therefore quoted, or a literal block where a person would
 * want to read its lines.
 */
export function yamlText(value: object): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string') return
      const text = node.value.toWellFormed()
      const isBlock = text.includes('\n') && plainLines.test(text)
      node.value = text
      node.type = isBlock ? Scalar.BLOCK_LITERAL : Scalar.QUOTE_DOUBLE
    },
  })
  return document
    .toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER })
    .replace(unreadable, escaped)
}

function escaped(character: string): string {
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}
