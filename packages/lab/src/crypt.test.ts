import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPassword } from './crypt.ts'

test('passwords agree with what crypt(3) makes of them', () => {
  const kept = [
    ['secret', '$5$abc$qsg6EHbUzHQzF1POlD7zUwBINSELQxypPaeDcZe6vH0'],
    ['Hello world!', '$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA'],
    [
      'Hello world!',
      '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    ],
    ['plain', 'plain'],
  ] as const
  for (const [password, text] of kept) {
    assert.ok(isPassword(password, text), text)
    assert.ok(!isPassword(`${password}x`, text), text)
  }
  assert.ok(!isPassword('!', '!*') && !isPassword('$1$x$y', '$1$x$y'))
})
