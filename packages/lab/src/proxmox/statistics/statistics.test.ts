import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { adjustable, createLabClock } from '../../clock.ts'
import { createCall } from '../call.ts'
import { newVm } from '../qemu/vm.ts'
import { createProxmoxWorld, stopVm, type ProxmoxWorld, type Vm } from '../world.ts'
import type { Row } from './frames.ts'
import { statisticsHandlers } from './handlers.ts'
import { keepPowerHistory, lookAtPower } from './power.ts'

const MINUTE = 60_000
const VM = '/nodes/{node}/qemu/{vmid}'

/** A world with a host and a VM of two cores, whose clock stands at a moment until it is moved. */
function setUp(start = Date.now()): {
  world: ProxmoxWorld
  vm: Vm
  pass: (minutes: number) => void
  rows: typeof ask
} {
  const clock = adjustable({ ...createLabClock(), now: () => start })
  const world = createProxmoxWorld(clock)
  const host = { name: 'pve1', id: 1, address: '192.0.2.1', online: true, cores: 4, memory: 8 * 1024 ** 3 }
  world.hosts.set('pve1', { ...host, bootedAt: clock.now() })
  const vm = newVm(100, 'pve1', {
    cores: '2',
    memory: '1024',
    boot: 'order=scsi0',
    scsi0: 'local-lvm:vm-100-disk-0,size=8G',
  })
  world.vms.set(100, vm)
  keepPowerHistory(world)
  const ask = (key: string, params: Record<string, string>): Row[] =>
    statisticsHandlers[`GET ${key}`]?.(
      createCall(
        { world, contact: 'pve1' },
        { user: 'root@pam' },
        {},
        { node: 'pve1', vmid: '100', ...params },
      ),
    ) as Row[]
  return { world, vm, pass: (minutes) => clock.shift(minutes * MINUTE), rows: ask }
}

// At the borders of a minute, an hour and a year, and now.
for (const start of [
  '2026-12-31T23:19:59.999Z',
  '2026-12-31T23:20:00Z',
  '2027-01-01T00:00:00.001Z',
  undefined,
])
  test(`rows tell what a VM did since ${start ?? 'now'}: off, on, standing still, off again; before that nothing is known`, () => {
    const { world, vm, pass, rows } = setUp(start === undefined ? undefined : Date.parse(start))
    pass(10)
    vm.startedAt = world.clock.now()
    vm.running = true
    world.events.emit('started', vm)
    pass(10)
    vm.paused = true
    lookAtPower(world)
    pass(10)
    stopVm(world, vm)
    pass(10)
    const hour = rows(`${VM}/rrddata`, { timeframe: 'hour' })
    assert.ok(
      hour.length >= 59 &&
        hour.every((row, index) => index === 0 || row.time - (hour[index - 1]?.time ?? 0) === 60),
    )
    const at = (minutesAgo: number): Row => {
      const time = Math.floor(world.clock.now() / MINUTE) * 60 - minutesAgo * 60
      return hour.find((row) => row.time === time) ?? assert.fail(`no row of ${minutesAgo} minutes ago`)
    }
    assert.deepEqual(Object.keys(at(50)), ['time'])
    for (const off of [35, 5])
      assert.deepEqual(Object.keys(at(off)).toSorted(), ['disk', 'maxcpu', 'maxdisk', 'maxmem', 'time'])
    const { cpu = 0, mem = 0, netin, diskread, maxmem, maxcpu, maxdisk } = at(24)
    assert.ok(cpu > 0.01 && cpu < 0.1 && mem > 0 && mem < 1024 ** 3, JSON.stringify(at(24)))
    assert.deepEqual([netin, diskread, maxmem, maxcpu, maxdisk], [640, 512, 1024 ** 3, 2, 8 * 1024 ** 3])
    assert.deepEqual([at(15)['cpu'], at(15)['netin']], [0, 0])
    // Longer rows are means, or the greatest.
    const frame = { timeframe: 'day' }
    assert.equal(rows(`${VM}/rrddata`, frame).length - hour.length, 1440 - 60)
    const greatest = rows(`${VM}/rrddata`, { ...frame, cf: 'MAX' })
    assert.ok(Math.max(...greatest.map((row) => row['cpu'] ?? 0)) >= 0.5)
    // The host did what its guests did, and a little more.
    const host = rows('/nodes/{node}/rrddata', { timeframe: 'hour' }).find(({ time }) => time === at(24).time)
    assert.equal(host?.['netin'], 640)
    assert.ok((host['cpu'] ?? 0) > (cpu * 2) / 4 && (host['memused'] ?? 0) > mem)
  })

test('a graph is a PNG image with its curves', () => {
  const { world, vm, pass, rows } = setUp()
  vm.startedAt = world.clock.now()
  vm.running = true
  world.events.emit('started', vm)
  pass(30)
  const { image, filename } = rows(`${VM}/rrd`, { timeframe: 'hour', ds: 'cpu,netin' }) as unknown as {
    image: string
    filename: string
  }
  assert.match(filename, /100_cpu_netin\.png$/)
  const png = Buffer.from(image, 'latin1')
  assert.equal(png.toString('latin1', 1, 4), 'PNG')
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [800, 200])
  const pixels = inflateSync(png.subarray(41, 41 + png.readUInt32BE(33)))
  assert.equal(pixels.length, 200 * (1 + 800 * 3))
  const colours = new Set<string>()
  for (let row = 0; row < 200; row += 1)
    for (let x = 0; x < 800; x += 1) {
      const place = row * 2401 + 1 + x * 3
      colours.add(pixels.subarray(place, place + 3).join())
    }
  for (const colour of ['255,255,255', '0,0,0', '31,119,180', '255,127,14'])
    assert.ok(colours.has(colour), colour)
  assert.throws(() => rows(`${VM}/rrd`, { timeframe: 'hour', ds: 'nope' }), /No DS called 'nope'/)
})
