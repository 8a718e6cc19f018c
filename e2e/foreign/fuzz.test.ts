import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { createRandom } from '../chaos/seed.ts'
import { eventually, example, startBench } from '../harness.ts'
import type { Bench } from '../harness.ts'
import { makeCase } from './fuzz/cases.ts'
import { call } from './fuzz/server.ts'
import type { Server } from './fuzz/server.ts'
import { connectTo, throwAt } from './fuzz/throw.ts'

/** Seconds that malformed requests are thrown; `FUZZ_SECONDS=600 npm run test:foreign` takes longer. */
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 15)
/** Decides all that is thrown: `FUZZ_SEED` repeats it. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
/** Only this case is thrown: `FUZZ_CASE`. */
const ONLY = process.env['FUZZ_CASE']
/** Cases that are under way at the same time. */
const AT_ONCE = 16
/** Between looks whether the servers still answer as they should, cases. */
const LOOK_EVERY = 100
/** By how much the lab's memory may grow from its first rest to its last, MiB. */
const GROWTH = 150
/** Texts that only a fault of the lab's own puts into an answer. */
const FAULTS =
  /TypeError|RangeError|ReferenceError|Cannot (read|set|convert)|is not (a function|iterable|defined(?! in schema))|call stack|node:internal|file:\/\/|\.ts:\d/

test('malformed requests crash, hang and leak nothing, and well-formed ones are still answered', async (t) => {
  const again = `FUZZ_SEED=${SEED}`
  t.diagnostic(`seed ${SEED}: ${again} repeats it`)
  const bench = await startBench({ bare: true, speed: 100 })
  const servers = await serversOf(bench)
  const problems: string[] = []
  let thrown = 0
  const throwOne = async (index: number): Promise<void> => {
    const random = createRandom((SEED ^ (index * 0x9e3779b1)) >>> 0)
    const server = random.pick(servers)
    const thrownCase = makeCase(random, server)
    const answer = await throwAt(server, thrownCase)
    thrown++
    const later = (answer.match(/^HTTP\/1\.[01] (?!100)\d+/gm) ?? []).slice(1)
    // That what follows is no request, may be said.
    if (thrownCase.hides === true && later.some((line) => !line.endsWith(' 400')))
      problems.push(
        `${again} FUZZ_CASE=${index}: ${thrownCase.name}: what was hidden is answered: ${answer.slice(0, 2000)}`,
      )
    const fault = FAULTS.exec(answer)
    if (fault !== null)
      problems.push(
        `${again} FUZZ_CASE=${index}: ${thrownCase.name}: ${answer.slice(Math.max(0, fault.index - 300), fault.index + 200)}`,
      )
  }
  /** Throws cases for some seconds. */
  const throwFor = async (seconds: number, from: number): Promise<number> => {
    const until = Date.now() + seconds * 1000
    let next = from
    const worker = async (): Promise<void> => {
      while (Date.now() < until && problems.length < 10) {
        const index = next++
        await throwOne(index)
        if (index % LOOK_EVERY === 0) await lookAt(bench, servers)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    return next
  }
  if (ONLY !== undefined) {
    await throwOne(Number(ONLY))
    await lookAt(bench, servers)
    assert.deepEqual(problems, [])
    return
  }
  await lookAt(bench, servers)
  const handles = await handlesOf(bench)
  const silent = servers.flatMap((server) => sayNothing(server))
  // What a process needs for its work, it takes in the beginning: compared is what comes after.
  const next = await throwFor(SECONDS / 3, 0)
  for (const { server, socket } of silent) {
    // As the original, the host's API waits five seconds for somebody to say something.
    if (server.speaks === 'proxmox' && SECONDS >= 15)
      await eventually('who says nothing is sent away', 30_000, async () => {
        assert.ok(socket.destroyed, server.name)
        return Promise.resolve()
      })
    socket.destroy()
  }
  await rest(bench, handles)
  const before = await memoryOf(bench)
  await throwFor((SECONDS * 2) / 3, next)
  await rest(bench, handles)
  assert.deepEqual(problems, [])
  for (const server of servers) await workWith(server)
  await seesWhatIsHeld(bench, servers, handles)
  await eventually('the memory comes back', 30_000, async () => {
    const now = await memoryOf(bench)
    assert.ok(now < before + GROWTH, `${again}: ${now} MiB, ${before} MiB after a third of it`)
  })
  t.diagnostic(`${thrown} malformed requests; ${before} MiB, then ${await memoryOf(bench)} MiB`)
})

/** Connections whose client is there and says nothing, or not enough. */
function sayNothing(server: Server): { server: Server; socket: Socket }[] {
  const sockets = [false, true, true].map((isTls) => connectTo(server, isTls))
  sockets[2]?.write('GET /version HTTP/1.1\r\nHost: l')
  return sockets.map((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('end', () => socket.destroy())
    socket.resume()
    return { server, socket }
  })
}

/** Whether connections that stay are noticed: a look that sees none of them would see no leak. */
async function seesWhatIsHeld(bench: Bench, servers: readonly Server[], handles: number): Promise<void> {
  const held = servers.flatMap((server) => Array.from({ length: 8 }, () => connectTo(server, true)))
  for (const socket of held) socket.on('error', () => socket.destroy())
  try {
    await eventually('what is held is seen', 10_000, async () => {
      await assert.rejects(noMoreThan(bench, handles), /handles/)
    })
  } finally {
    for (const socket of held) socket.destroy()
  }
  await rest(bench, handles)
}

/** Both back ends and a tenant. */
async function serversOf(bench: Bench): Promise<Server[]> {
  const { environment: env } = bench
  const server = (name: string, url: string, authorization: string): Server => {
    const { hostname, port } = new URL(url)
    const speaks = name === 'proxmox' ? 'proxmox' : 'kubernetes'
    const healthy = speaks === 'proxmox' ? '/api2/json/version' : '/version'
    return { name, host: hostname, port: Number(port), authorization, healthy, speaks }
  }
  await bench.kubectl('apply', '-f', example('tenant-test.yaml'))
  const endpoint = await eventually('the tenant answers', 60_000, async () => {
    const text = await bench.kubectl(
      'get',
      'tcp',
      'tenant-test',
      '-o',
      'jsonpath={.status.controlPlaneEndpoint}',
    )
    assert.notEqual(text, '')
    const tenant = server('tenant', `https://${text}`, '')
    assert.equal((await call(tenant, 'GET', '/version')).status, 200)
    return text
  })
  return [
    server('kubernetes', env['KAMAJI_URL'] ?? '', `Bearer ${env['KAMAJI_TOKEN']}`),
    server('tenant', `https://${endpoint}`, 'Bearer nobody'),
    server(
      'proxmox',
      env['PROXMOX_URL'] ?? '',
      `PVEAPIToken=${env['PROXMOX_TOKEN_ID']}=${env['PROXMOX_SECRET']}`,
    ),
  ]
}

/** Whether the lab is there, complains of nothing and answers. */
async function lookAt(bench: Bench, servers: readonly Server[]): Promise<void> {
  const errors = bench.lab.errors()
  assert.ok(bench.lab.isUp(), `the lab ended (seed ${SEED}): ${errors}`)
  assert.doesNotMatch(errors, FAULTS, `seed ${SEED}`)
  for (const server of servers) {
    const { status, body } = await call(server, 'GET', server.healthy)
    // The tenant knows nobody by our token, and says so.
    assert.equal(status, server.name === 'tenant' ? 401 : 200, `${server.name} (seed ${SEED}): ${body}`)
  }
}

/** Does with a server what it is for. */
async function workWith(server: Server): Promise<void> {
  if (server.speaks === 'proxmox') {
    const { status, body } = await call(server, 'GET', '/api2/json/cluster/resources?type=vm')
    assert.equal(status, 200)
    assert.ok(Array.isArray((JSON.parse(body) as { data: unknown }).data))
    return
  }
  if (server.name === 'tenant') return
  const path = '/api/v1/namespaces/default/configmaps'
  const text = JSON.stringify({ metadata: { name: 'after-all' }, data: { a: 'b' } })
  const made = await call(server, 'POST', path, { type: 'application/json', text })
  assert.equal(made.status, 201, made.body)
  const read = await call(server, 'GET', `${path}/after-all`)
  assert.equal((JSON.parse(read.body) as { data: { a: string } }).data.a, 'b')
  assert.equal((await call(server, 'DELETE', `${path}/after-all`)).status, 200)
}

/** Waits until the lab has no more open than before. */
async function rest(bench: Bench, handles: number): Promise<void> {
  await eventually('connections are closed', 30_000, () => noMoreThan(bench, handles))
}

async function noMoreThan(bench: Bench, handles: number): Promise<void> {
  const now = await handlesOf(bench)
  assert.ok(now <= handles + 4, `seed ${SEED}: ${now} handles, ${handles} before`)
}

async function handlesOf({ lab }: Bench): Promise<number> {
  return (await readdir(`/proc/${lab.pid}/fd`)).length
}

/** Resident memory, MiB. */
async function memoryOf({ lab }: Bench): Promise<number> {
  const status = await readFile(`/proc/${lab.pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? '0') / 1024)
}
