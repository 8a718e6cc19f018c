import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineEditor } from '../../../guest/terminal/line.ts'
import { RfbLogin } from './rfb-login.ts'
import { RfbServer } from './rfb.ts'
import { TerminalMessages } from './terminal-messages.ts'
import { vncAnswer } from './test-viewer.ts'
import { SIZE, TextScreen } from './text-screen.ts'

/** A series of numbers below `limit` that is the same each time. */
function series(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state % limit
  }
}

/** Bytes of which some begin what a reader knows. */
function noise(next: (limit: number) => number): Buffer {
  const starts = [
    '\u001B[',
    '\u001B]',
    '0:5:',
    '1:80:',
    '\u001B[2J\u001B[H',
    '\r\n',
    '\u0003',
    '\u0002',
    '\u0000',
    'é',
  ]
  return Buffer.concat(
    Array.from({ length: 1 + next(12) }, () =>
      next(2) === 0 ? Buffer.from(starts[next(starts.length)] ?? '') : Buffer.from([next(256), next(256)]),
    ),
  )
}

test('whatever a console is sent, it goes on or hangs up, and keeps within its bounds', () => {
  for (let seed = 1; seed <= 300; seed += 1) {
    const next = series(seed)
    const screen = new TextScreen()
    let [sent, typed, closed] = [0, '', false]
    const rfb = new RfbServer({
      screen,
      name: 'any',
      send: (bytes) => (sent += bytes.length),
      close: () => (closed = true),
      press: () => {},
    })
    const login = new RfbLogin({
      password: 'right',
      send: () => {},
      close: () => {},
      entered: () => assert.fail('nobody may come in by chance'),
    })
    const messages = new TerminalMessages((text) => (typed += text))
    const line = new LineEditor({
      show: (text) => screen.write(text),
      entered: (text) => (typed += text),
      interrupted: () => {},
      ended: () => {},
    })
    rfb.data(Buffer.from([1]))
    login.data(Buffer.from('RFB 003.008\n\u0002'))
    for (let turn = 0; turn < 20; turn += 1) {
      const bytes = noise(next)
      screen.write(bytes.toString())
      if (!closed) rfb.data(bytes)
      login.data(bytes)
      messages.data(bytes)
      line.type(bytes.toString())
      assert.ok(screen.cursor.row < SIZE.rows && screen.cursor.column < SIZE.columns)
    }
    rfb.close()
    assert.ok(
      screen.lines.length === SIZE.rows &&
        screen.lines.every((text) => Array.from(text).length <= SIZE.columns),
    )
    assert.ok(sent > 0 && typed.length < 100_000)
  }
  // The one who knows the password does come in.
  let said: Buffer = Buffer.alloc(0)
  let rest = ''
  const login = new RfbLogin({
    password: 'right',
    send: (bytes) => (said = bytes),
    close: () => {},
    entered: (more) => (rest = more.toString()),
  })
  login.data(Buffer.from('RFB 003.008\n\u0002'))
  login.data(Buffer.concat([vncAnswer(said, 'right'), Buffer.from('more')]))
  assert.equal(rest, 'more')
})
