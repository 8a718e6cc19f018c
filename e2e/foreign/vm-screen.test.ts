import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { eventually, has, startBench } from '../harness.ts'

// The page of `fochista vm screen` in a browser, which is asked by its debugging protocol what it shows.

/** Calls of the debugging protocol on the browser's first page. */
type Devtools = <T>(method: string, params?: object) => Promise<T>

async function browserOn(t: TestContext, folder: string, url: string): Promise<Devtools> {
  const profile = join(folder, 'browser')
  const child = spawn(
    'chromium',
    [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      // The /dev/shm of a container may be too small for it.
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--window-size=1000,700',
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      url,
    ],
    { stdio: 'ignore', env: { ...process.env, HOME: folder } },
  )
  t.after(async () => {
    child.kill('SIGKILL')
    await eventually('the browser is gone', 10_000, () =>
      Promise.resolve(assert.notEqual(child.signalCode, null)),
    )
  })
  const page = await eventually('the browser is there', 30_000, async () => {
    const [port] = (await readFile(join(profile, 'DevToolsActivePort'), 'utf8')).split('\n')
    const targets = (await (await fetch(`http://127.0.0.1:${port}/json`)).json()) as {
      type: string
      webSocketDebuggerUrl: string
    }[]
    const found = targets.find(({ type }) => type === 'page')
    assert.ok(found)
    return found
  })
  const socket = new WebSocket(page.webSocketDebuggerUrl)
  const waiting = new Map<number, (result: unknown) => void>()
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown }
    waiting.get(id)?.(result)
  })
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }))
  let last = 0
  return (method, params = {}) =>
    new Promise((resolve) => {
      last += 1
      waiting.set(last, resolve as (result: unknown) => void)
      socket.send(JSON.stringify({ id: last, method, params }))
    })
}

test('a browser shows the picture of a VM, and changes it by keys', async (t) => {
  if (!has(t, 'chromium')) return
  const bench = await startBench({ bare: true, speed: 10 })
  await bench.ok('vm', 'create', 'pve1', 'vmid=700', 'name=web-1', 'memory=512')
  await bench.ok('vm', 'start', 'web-1')
  let said = ''
  const command = spawn(process.execPath, [...bench.command, 'vm', 'screen', 'web-1', '--no-open'], {
    env: { ...process.env, ...bench.environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => command.kill())
  command.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const url = await eventually('the page is served', 30_000, () => {
    const [found] = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(said) ?? []
    assert.ok(found)
    return Promise.resolve(found)
  })
  const devtools = await browserOn(t, bench.folder, url)
  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result } = await devtools<{ result: { value: T } }>('Runtime.evaluate', {
      expression,
      returnByValue: true,
    })
    return result.value
  }
  await eventually('the page is connected', 30_000, async () =>
    assert.equal(await evaluate("document.getElementById('state').textContent"), 'connected'),
  )
  const picture = (): Promise<string> => evaluate("document.querySelector('#screen canvas').toDataURL()")
  const size =
    "(({ width, height }) => width > 100 && height > 100)(document.querySelector('#screen canvas'))"
  await eventually('the page has a screen', 30_000, async () => assert.equal(await evaluate(size), true))
  const isLit = `(() => {
    const canvas = document.querySelector('#screen canvas')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    return data.some((value, index) => index % 4 !== 3 && value > 60)
  })()`
  await eventually('the screen shows something', 30_000, async () =>
    assert.equal(await evaluate(isLit), true),
  )
  const before = await picture()
  for (const key of 'root') {
    await devtools('Input.dispatchKeyEvent', { type: 'keyDown', key, text: key })
    await devtools('Input.dispatchKeyEvent', { type: 'keyUp', key })
  }
  await eventually('keys change the picture', 30_000, async () => assert.notEqual(await picture(), before))
  const { data } = await devtools<{ data: string }>('Page.captureScreenshot')
  // Set to a file's name, it keeps what the browser showed.
  const kept = process.env['FOCHISTA_SCREENSHOT']
  if (kept) await writeFile(kept, Buffer.from(data, 'base64'))

  // A second page has no screen: the address serves once.
  const second = await fetch(new URL('open', url), { method: 'POST' })
  assert.equal(second.status, 410)
  await devtools('Page.navigate', { url: 'about:blank' })
  await eventually('the command ends with the page', 30_000, () =>
    Promise.resolve(assert.equal(command.exitCode, 0)),
  )
})
