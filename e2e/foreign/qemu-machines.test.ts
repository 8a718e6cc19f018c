import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { Viewer } from '../../packages/lab/src/proxmox/qemu/console/test-viewer.ts'
import { eventually, has, startBench } from '../harness.ts'

// VMs of the lab as processes of a real QEMU, driven by the API alone. What they boot shows each key that is pressed.

/** A boot sector: reads keys and shows them, for ever. */
const ECHO = Buffer.from('b400cd16b40ecd10ebf6', 'hex')

/** An ISO 9660 image that boots a sector, by El Torito: only what a firmware looks at. */
function bootImage(code: Buffer): Buffer {
  const sector = (number: number): number => number * 2048
  const image = Buffer.alloc(sector(21))
  image.write('\u0001CD001\u0001', sector(16), 'latin1')
  image.write('\u0000CD001\u0001EL TORITO SPECIFICATION', sector(17), 'latin1')
  image.writeUInt32LE(19, sector(17) + 71)
  image.write('\u00FFCD001\u0001', sector(18), 'latin1')
  const catalogue = image.subarray(sector(19))
  catalogue[0] = 1
  catalogue.writeUInt16LE(0xaa55, 30)
  // The words of the validation entry sum up to zero.
  catalogue.writeUInt16LE((0x10000 - ((1 + 0xaa55) & 0xffff)) & 0xffff, 28)
  catalogue[32] = 0x88
  catalogue.writeUInt16LE(4, 38)
  catalogue.writeUInt32LE(20, 40)
  code.copy(image, sector(20))
  image.writeUInt16LE(0xaa55, sector(20) + 510)
  return image
}

test('VMs run as processes of QEMU, whose screen, serial port, monitor, keys and snapshots they have, and end with the lab', async (t) => {
  if (!has(t, 'qemu-system-x86_64') || !has(t, 'qemu-img') || !has(t, 'curl')) return
  const bench = await startBench({
    bare: true,
    speed: 20,
    options: ['--machines', 'qemu', '--seed', 'empty'],
  })
  const { environment } = bench
  const url = `${environment['PROXMOX_URL']}/api2/json`
  /** Only root itself may ask the monitor for memory. */
  const headers: Record<string, string> = {}
  const request = async (method: string, path: string, ...words: string[]): Promise<unknown> => {
    const outcome = await bench.run('curl', [
      '-sS',
      '--cacert',
      environment['PROXMOX_CA'] ?? '',
      ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
      '-X',
      method,
      `${url}${path}`,
      ...words,
    ])
    const { data, message, errors } = JSON.parse(outcome.stdout) as Record<string, unknown>
    assert.equal(message, undefined, `${method} ${path}: ${String(message)} ${JSON.stringify(errors)}`)
    return data
  }
  const task = async (method: string, path: string, ...words: string[]): Promise<void> => {
    const upid = String(await request(method, path, ...words))
    const node = upid.split(':')[1] ?? ''
    await eventually(`${path} ends`, 60_000, async () => {
      const status = (await request('GET', `/nodes/${node}/tasks/${upid}/status`)) as {
        status: string
        exitstatus: string
      }
      assert.equal(status.status, 'stopped')
      const log = await request('GET', `/nodes/${node}/tasks/${upid}/log`)
      assert.equal(status.exitstatus, 'OK', JSON.stringify(log))
    })
  }
  const VM = '/nodes/pve1/qemu/100'
  const monitor = async (command: string): Promise<string> =>
    String(await request('POST', `${VM}/monitor`, '--data-urlencode', `command=${command}`))
  const sendKeys = async (keys: string): Promise<void> => {
    for (const key of keys) await request('PUT', `${VM}/sendkey`, '-d', `key=${key}`)
  }
  /** The text on the screen below the firmware's own, which has a random UUID in it, as QEMU's memory of the card has it. */
  const text = async (): Promise<string> => {
    const dump = await monitor('xp /4000bx 0xb8000')
    const bytes = [...dump.matchAll(/0x([0-9a-f]{2})(?![0-9a-f:])/g)].map(([, byte = '']) =>
      Number.parseInt(byte, 16),
    )
    const screen = String.fromCharCode(...bytes.filter((_, at) => at % 2 === 0)).replaceAll('\u0000', ' ')
    return /Booting from DVD\/CD.*/.exec(screen)?.[0] ?? ''
  }
  const attach = async (kind: string): Promise<WebSocket & { proxy: Record<string, string> }> => {
    const proxy = (await request('POST', `${VM}/${kind}`)) as Record<string, string>
    const query = new URLSearchParams({ port: proxy['port'] ?? '', vncticket: proxy['ticket'] ?? '' })
    const socket = new WebSocket(
      `${url.replace('https', 'wss')}${VM}/vncwebsocket?${query.toString()}`,
      'binary',
      {
        headers,
        ca: await readFile(environment['PROXMOX_CA'] ?? ''),
      },
    )
    t.after(() => socket.terminate())
    return Object.assign(socket, { proxy })
  }

  const login = (await request(
    'POST',
    '/access/ticket',
    '--data-urlencode',
    'username=root@pam',
    '--data-urlencode',
    `password=${environment['PROXMOX_PASSWORD']}`,
  )) as { ticket: string; CSRFPreventionToken: string }
  headers['Cookie'] = `PVEAuthCookie=${encodeURIComponent(login.ticket)}`
  headers['CSRFPreventionToken'] = login.CSRFPreventionToken

  const iso = join(bench.folder, 'echo.iso')
  await writeFile(iso, bootImage(ECHO))
  await task('POST', '/nodes/pve1/storage/local/upload', '-F', 'content=iso', '-F', `filename=@${iso}`)
  await task(
    'POST',
    '/nodes/pve1/qemu',
    ...[
      'vmid=100',
      'name=web',
      'memory=64',
      'serial0=socket',
      'scsi0=local-lvm:1',
      'ide2=local:iso/echo.iso,media=cdrom',
      'boot=order=ide2',
      'net0=virtio,bridge=vmbr0',
    ].flatMap((field) => ['--data-urlencode', field]),
  )
  await task('POST', `${VM}/status/start`)
  const { pid } = (await request('GET', `${VM}/status/current`)) as { pid: number }
  assert.match(await readFile(`/proc/${pid}/cmdline`, 'latin1'), /^qemu-system-x86_64\0/)
  assert.match(await monitor('info kvm'), /disabled/)

  const terminal = await attach('termproxy')
  let serial = ''
  terminal.on('message', (bytes: Buffer) => (serial += bytes.toString('latin1')))
  terminal.on('open', () => terminal.send(`${terminal.proxy['user']}:${terminal.proxy['ticket']}\n`))
  const screen = await attach('vncproxy')
  const viewer = new Viewer(screen.proxy['password'] ?? '', (bytes) => screen.send(bytes))
  screen.on('message', (bytes: Buffer) => viewer.data(bytes))
  await eventually('the screen is there', 30_000, async () => assert.equal(viewer.name, 'QEMU (web)'))

  await eventually('it has booted', 60_000, async () => assert.notEqual(await text(), ''))
  await eventually('keys are shown', 60_000, async () => {
    await sendKeys('a')
    assert.match(await text(), /aa/)
  })
  assert.match(serial, /^OKstarting serial terminal on interface serial0\r\n/)
  // The firmware gives its screen and keyboard to the serial port too.
  terminal.send('0:4:port')
  await eventually('what is typed on the serial port is shown', 30_000, async () =>
    assert.match(await text(), /aaport/),
  )
  await eventually('and seen there', 30_000, () => Promise.resolve(assert.match(serial, /aaport$/)))
  const lit = (): number => viewer.frame.pixels.filter((pixel) => pixel !== 0).length
  const before = lit()
  // Keys of the client of the screen, and what it shows then.
  viewer.press(...Array.from('xyzzy', (letter) => letter.charCodeAt(0)))
  await eventually('keys of the screen are shown', 30_000, async () => assert.match(await text(), /xyzzy/))
  await eventually('the picture has changed', 30_000, async () => assert.ok(lit() > before))

  await task('POST', `${VM}/snapshot`, '-d', 'snapname=typed', '-d', 'vmstate=1')
  await sendKeys('lost')
  await eventually('more keys', 30_000, async () => assert.match(await text(), /xyzzylost/))
  await task('POST', `${VM}/snapshot/typed/rollback`)
  assert.match(await text(), /xyzzy/)
  assert.doesNotMatch(await text(), /lost/)
  await sendKeys('back')
  await eventually('it goes on', 30_000, async () => assert.match(await text(), /xyzzyback/))

  await task('POST', `${VM}/status/suspend`)
  assert.match(await monitor('info status'), /paused/)
  assert.equal(((await request('GET', `${VM}/status/current`)) as { qmpstatus: string }).qmpstatus, 'paused')
  await task('POST', `${VM}/status/resume`)
  await task('POST', `${VM}/status/suspend`, '-d', 'todisk=1')
  await task('POST', `${VM}/status/start`)
  assert.match(await text(), /xyzzyback/)
  await task('POST', `${VM}/status/reset`)
  await eventually('it boots again', 60_000, async () => assert.doesNotMatch(await text(), /xyzzy/))

  // A lab that is killed takes its machines along.
  const now = ((await request('GET', `${VM}/status/current`)) as { pid: number }).pid
  assert.notEqual(now, pid)
  bench.killLab()
  await eventually('QEMU is gone', 30_000, async () => {
    const found = spawnSync('ps', ['-o', 'stat=', '-p', String(now)])
      .stdout.toString()
      .trim()
    assert.match(found, /^Z?$/)
  })
})
