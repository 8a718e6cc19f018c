import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { languageOf } from './locale.ts'

test('the language is that of the first variable that says something', () => {
  for (const [environment, language] of [
    [{}, 'en'],
    [{ LANG: 'it_IT.UTF-8' }, 'it'],
    [{ LANG: 'it' }, 'it'],
    [{ LC_ALL: 'C.UTF-8', LANG: 'it_IT.UTF-8' }, 'en'],
    [{ LC_MESSAGES: 'it_CH', LANG: 'de_CH' }, 'it'],
    [{ LC_ALL: '', LANG: 'it_IT@euro' }, 'it'],
    [{ LANG: 'italics' }, 'en'],
  ] as const)
    assert.equal(languageOf(environment), language)
})

test('an Italian reads help and errors in Italian', () => {
  const fochista = (...args: string[]) =>
    spawnSync(
      process.execPath,
      [
        ...process.execArgv.filter((flag) => flag !== '--test'),
        join(import.meta.dirname, 'main.ts'),
        ...args,
      ],
      { encoding: 'utf8', env: { PATH: process.env['PATH'], LC_ALL: 'it_IT.UTF-8' } },
    )
  const help = fochista('pool', 'scale', '--help')
  assert.match(help.stdout, /^Uso: .*\n\nimposta quante macchine tiene un pool\n\nOpzioni:\n/)
  assert.ok(!/show this help|namespace \(default/.test(help.stdout))
  const wrong = fochista('pool', 'scale', '--replicas', 'x', 'w')
  assert.equal(wrong.status, 1)
  assert.match(wrong.stderr, /^errore: --replicas: "x" non è un numero intero di almeno 0\n {2}vedi: /)
})
