import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readLiterals, type Literal } from './test-literals.ts'

// What a person sees stands in the sources in English and Italian, `tr('…', '…')`. Here the sources are read as text.

const files = globSync('**/*.ts', { cwd: import.meta.dirname }).filter(
  (file) => !/(?:^|\/)test-|\.test\.ts$/.test(file),
)
const literals = files.flatMap((file) =>
  readLiterals(file, readFileSync(join(import.meta.dirname, file), 'utf8')),
)

/** What an interpolation stands for: without the words of its own, which are translated. */
const valuesIn = ({ values }: Literal): string[] =>
  values.map((value) => value.replaceAll(/'[^']*'/g, "''").replaceAll(/\s+/g, ' ')).sort()
/** What stands the same in every language: options, commands, paths, variables, examples of values. */
const wordsIn = ({ text }: Literal): string[] =>
  (
    text.match(
      /--[a-z][\w-]+|fochista [a-z]+(?: [a-z]+)?(?= |$|")|(?<![\w-])~?\/[\w./-]{3,}|[A-Z]+_[A-Z_]+|\b\d+\w?\b/g,
    ) ?? []
  ).sort()

test('each sentence in English has one in Italian with the same values, options, commands and names', () => {
  const pairs = literals.filter(({ argument }) => argument !== undefined)
  const english = pairs.filter(({ argument }) => argument === 0)
  assert.ok(english.length > 300, `${english.length} sentences were found`)
  for (const en of english) {
    const it = pairs.find((one) => one.call === en.call && one.argument === 1 && one.file === en.file)
    const where = `${en.file}:${en.line}: ${en.text}`
    assert.ok(it, `no Italian: ${where}`)
    assert.ok(it.text.trim() !== '', where)
    assert.deepEqual(valuesIn(it), valuesIn(en), where)
    assert.deepEqual(wordsIn(it), wordsIn(en), `${where} / ${it.text}`)
    // Line breaks, indents and the marks at the end are part of the layout.
    assert.equal(/\s*$/.exec(it.text)?.[0], /\s*$/.exec(en.text)?.[0], where)
    assert.equal(/[.:?]?\s*$/.exec(it.text)?.[0].trim(), /[.:?]?\s*$/.exec(en.text)?.[0].trim(), where)
  }
})

test('what is said or shown is said by a sentence in both languages', () => {
  // Where a text is told to a person: an error, a hint, a line of progress, a question, a help.
  const says =
    /(?:(?:Command|Usage|StillInProgress|Cancelled)Error\(|\.note\(|\.ask\(|\b(?:hint|state|detail|summary|message):|\.description\()\s*$/
  const prose = /\p{L}{2,} \p{L}{2,}/u
  // Lines to type are the same everywhere.
  const toType = /(?:^| {2})(?:fochista|kubectl|pveum|chmod|eval) .*/s
  const alone = literals.filter(
    ({ argument, text, before }) =>
      argument === undefined && says.test(before) && prose.test(text.replace(toType, '')),
  )
  assert.deepEqual(
    alone.map(({ file, line, text }) => `${file}:${line}: ${text}`),
    [],
  )
})

interface Help {
  readonly path: string
  /** The summary, and each option's description. */
  readonly texts: readonly string[]
}

function helpIn(language: string): Help[] {
  const program = `
    const { nouns } = await import(${JSON.stringify(new URL('commands.ts', import.meta.url).href)})
    const all = (await Promise.all(Object.values(nouns).map((load) => load()))).flat()
    process.stdout.write(JSON.stringify(all.map(({ path, summary, options = {} }) =>
      ({ path, texts: [summary, ...Object.values(options).map(({ description }) => description)] }))))`
  const flags = process.execArgv.filter((flag) => flag !== '--test')
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '-e', program], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: language },
  })
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout) as Help[]
}

test('the help of every command and option is another one in Italian', () => {
  const [english, italian] = [helpIn('C'), helpIn('it_IT.UTF-8')]
  assert.ok(english.length > 130)
  const same = english.flatMap(({ path, texts }, index) =>
    // A word alone is a name of a kind, and the same in both.
    texts
      .filter((text, at) => text.includes(' ') && text === italian[index]?.texts[at])
      .map((text) => `${path}: ${text}`),
  )
  assert.deepEqual(same, [])
})
