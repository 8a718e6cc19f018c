import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goJsonError, parseJson } from './go-json.ts'

test('a text that is no JSON is refused in the words of Go', () => {
  const cases: [string, string][] = [
    ['', 'unexpected end of JSON input'],
    ['{"a":1', 'unexpected end of JSON input'],
    ['{bad', "invalid character 'b' looking for beginning of object key string"],
    ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
    ['{"a" 1}', "invalid character '1' after object key"],
    ['{"a":1 "b"', `invalid character '"' after object key:value pair`],
    ['[1 2]', "invalid character '2' after array element"],
    ['[1,]', "invalid character ']' looking for beginning of value"],
    ['{} x', "invalid character 'x' after top-level value"],
    ['tru3', "invalid character '3' in literal true (expecting 'e')"],
    ['nil', "invalid character 'i' in literal null (expecting 'u')"],
    ['-x', "invalid character 'x' in numeric literal"],
    ['1.x', "invalid character 'x' after decimal point in numeric literal"],
    ['1ex', "invalid character 'x' in exponent of numeric literal"],
    ['01', "invalid character '1' after top-level value"],
    ['"a\nb"', "invalid character '\\n' in string literal"],
    ['"\\x"', "invalid character 'x' in string escape code"],
    ['"\\u12g4"', "invalid character 'g' in \\u hexadecimal character escape"],
    [`'a'`, String.raw`invalid character '\'' looking for beginning of value`],
  ]
  for (const [text, error] of cases) assert.equal(goJsonError(text), error, text)
})

test('what is JSON is read as it is, but for nesting that nobody needs', () => {
  for (const text of ['null', ' [1, {"a": [true, "\\u00e9"]}] ', '-0.5e+3', '{}', '[]']) {
    assert.equal(goJsonError(text), '')
    assert.deepEqual(parseJson(text), JSON.parse(text))
  }
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  assert.notEqual(parseJson(nested(400)), undefined)
  assert.equal(parseJson(nested(100_000)), undefined)
  assert.equal(goJsonError(nested(100_000)), "invalid character '[' exceeded max depth")
})
