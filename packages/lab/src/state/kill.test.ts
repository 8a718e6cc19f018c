import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

const LAB = new URL('../lab.ts', import.meta.url).href

interface Running {
  readonly process: ChildProcess
  readonly env: Record<string, string>
  readonly caOf: Record<'proxmox' | 'kubernetes', Buffer>
}

/** Starts a lab in a process of its own, with its state in a folder. */
async function start(t: TestContext, folder: string): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      `import { startLab } from ${JSON.stringify(LAB)}
       const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed: 50, state: ${JSON.stringify(folder)} })
       console.log(JSON.stringify(lab.environment))
       process.on('SIGTERM', () => void lab.stop().then(() => process.exit(0)))`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  t.after(() => child.kill('SIGKILL'))
  const [line] = await Promise.race([
    (async () => {
      for await (const text of createInterface({ input: child.stdout })) return [text]
      throw new Error('the lab ended before it was up')
    })(),
    new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error('the lab does not come up')), 120_000).unref(),
    ),
  ])
  const env = JSON.parse(line ?? '') as Record<string, string>
  return {
    process: child,
    env,
    caOf: {
      proxmox: await readFile(env['PROXMOX_CA'] ?? ''),
      kubernetes: await readFile(env['KAMAJI_CA'] ?? ''),
    },
  }
}

async function end({ process: child }: Running, signal: NodeJS.Signals): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await ended
}

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-state-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const agents = { proxmox: new Agent({ keepAlive: true }), kubernetes: new Agent({ keepAlive: true }) }

/** Calls a back end; rejects where it gives no answer. */
function call(
  { env, caOf }: Running,
  side: 'proxmox' | 'kubernetes',
  method: string,
  path: string,
  body?: string | Buffer,
  type = side === 'proxmox' ? 'application/x-www-form-urlencoded' : 'application/json',
): Promise<{ status: number; body: string }> {
  const base = side === 'proxmox' ? `${env['PROXMOX_URL']}/api2/json` : (env['KAMAJI_URL'] ?? '')
  return new Promise((resolve, reject) => {
    const outgoing = request(
      base + path,
      {
        method,
        agent: agents[side],
        ca: caOf[side],
        headers: {
          authorization:
            side === 'proxmox'
              ? `PVEAPIToken=${env['PROXMOX_TOKEN_ID']}=${env['PROXMOX_SECRET']}`
              : `Bearer ${env['KAMAJI_TOKEN']}`,
          ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('error', reject)
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps'

/** What a lab has acknowledged. */
interface Acknowledged {
  /** resourceVersion by name. */
  readonly objects: Map<string, string>
  readonly deleted: Set<string>
  /** Description and tags, which are always written together, by VMID. */
  readonly configs: Map<number, string>
  /** The same as it was asked for last, and perhaps not answered. */
  readonly asked: Map<number, string>
  readonly pools: Set<string>
}

function countOf({ objects, deleted, pools }: Acknowledged): number {
  return objects.size + deleted.size + pools.size
}

/** Writes to both back ends until they are gone, and remembers what was answered. */
async function load(lab: Running, seen: Acknowledged, round: number): Promise<void> {
  const writers = [
    async (n: number): Promise<void> => {
      const name = `c-${round}-${n}`
      const made = await call(
        lab,
        'kubernetes',
        'POST',
        CONFIG_MAPS,
        JSON.stringify({ metadata: { name }, data: { text: 'x'.repeat(3000) } }),
      )
      assert.equal(made.status, 201, made.body)
      const { metadata } = JSON.parse(made.body) as { metadata: { resourceVersion: string } }
      seen.objects.set(name, metadata.resourceVersion)
      if (n % 3 !== 0) return
      // Asked for, and perhaps done without an answer: then nothing is known of it.
      seen.objects.delete(name)
      assert.equal((await call(lab, 'kubernetes', 'DELETE', `${CONFIG_MAPS}/${name}`)).status, 200)
      seen.deleted.add(name)
    },
    async (n: number): Promise<void> => {
      const vmid = [100, 102, 10_002][n % 3] ?? 100
      const node = { 100: 'pve1', 102: 'pve3', 10_002: 'pve2' }[vmid]
      const mark = `r${round}-${n}`
      seen.asked.set(vmid, mark)
      const changed = await call(
        lab,
        'proxmox',
        'PUT',
        `/nodes/${node}/qemu/${vmid}/config`,
        `description=${mark}&tags=${mark}`,
      )
      assert.equal(changed.status, 200, changed.body)
      seen.configs.set(vmid, mark)
    },
    async (n: number): Promise<void> => {
      const poolid = `pool-${round}-${n}`
      assert.equal((await call(lab, 'proxmox', 'POST', '/pools', `poolid=${poolid}`)).status, 200)
      seen.pools.add(poolid)
    },
  ]
  await Promise.all(
    writers.map(async (write) => {
      for (let n = 0; ; n++)
        try {
          await write(n)
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error
          return
        }
    }),
  )
}

async function check(lab: Running, seen: Acknowledged): Promise<void> {
  const list = JSON.parse((await call(lab, 'kubernetes', 'GET', CONFIG_MAPS)).body) as {
    metadata: { resourceVersion: string }
    items: { metadata: { name: string; resourceVersion: string }; data: { text: string } }[]
  }
  const there = new Map(list.items.map((item) => [item.metadata.name, item]))
  for (const [name, version] of seen.objects) {
    assert.equal(there.get(name)?.metadata.resourceVersion, version, `${name} is not what was acknowledged`)
    assert.equal(there.get(name)?.data.text.length, 3000)
  }
  for (const name of seen.deleted) assert.ok(!there.has(name), `${name} is there again`)
  const highest = Math.max(...[...seen.objects.values()].map(Number))
  assert.ok(Number(list.metadata.resourceVersion) >= highest)
  for (const [vmid, mark] of seen.configs) {
    const node = { 100: 'pve1', 102: 'pve3', 10_002: 'pve2' }[vmid]
    const answer = await call(lab, 'proxmox', 'GET', `/nodes/${node}/qemu/${vmid}/config`)
    const { description = '', tags = '' } = (
      JSON.parse(answer.body) as { data: { description?: string; tags?: string } }
    ).data
    assert.equal(description.trim(), tags, 'half a write')
    // One more may have been written and not answered.
    const asked = seen.asked.get(vmid)
    assert.ok(tags === mark || tags === asked, `${vmid}: ${tags} instead of ${mark} or ${asked}`)
    seen.configs.set(vmid, tags)
  }
  const pools = (
    JSON.parse((await call(lab, 'proxmox', 'GET', '/pools')).body) as { data: { poolid: string }[] }
  ).data
  const names = new Set(pools.map(({ poolid }) => poolid))
  for (const poolid of seen.pools) assert.ok(names.has(poolid), `${poolid} is missing`)
}

test('killed at random moments under writes to both back ends, a lab has everything that it acknowledged and no half of a write', async (t) => {
  const folder = await place(t)
  const seen: Acknowledged = {
    objects: new Map(),
    deleted: new Set(),
    configs: new Map(),
    asked: new Map(),
    pools: new Set(),
  }
  const isSome = (): boolean => seen.objects.size > 5 && seen.pools.size > 5 && seen.configs.size === 3
  const rounds = Number(process.env['FOCHISTA_KILLS'] ?? 3)
  let before: Record<string, string> | undefined
  for (let round = 0; round < rounds; round++) {
    const lab = await start(t, folder)
    if (before !== undefined)
      assert.deepEqual(lab.env, before, 'addresses, credentials and files have changed')
    before = lab.env
    await check(lab, seen)
    const writing = load(lab, seen, round)
    // As many writes as chance says, then at whatever moment it is.
    const enough = countOf(seen) + 20 + Math.random() * 60
    while ((countOf(seen) < enough || !isSome()) && lab.process.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 1))
    await end(lab, 'SIGKILL')
    await writing
  }
  assert.ok(isSome(), `${seen.objects.size} objects, ${seen.pools.size} pools`)
  const lab = await start(t, folder)
  await check(lab, seen)
  await end(lab, 'SIGTERM')
  const again = await start(t, folder)
  await check(again, seen)
})

test('VMs, images with their bytes, tasks, tokens and rights are there after a kill; what was running has ended', async (t) => {
  const folder = await place(t)
  const first = await start(t, folder)
  const ok = async (
    lab: Running,
    method: string,
    path: string,
    body?: string | Buffer,
    type?: string,
  ): Promise<unknown> => {
    const answer = await call(lab, 'proxmox', method, path, body, type)
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.body}`)
    return (JSON.parse(answer.body) as { data: unknown }).data
  }
  const ending = async (lab: Running, upid: unknown): Promise<string> => {
    for (;;) {
      const path = `/nodes/${String(upid).split(':')[1]}/tasks/${encodeURIComponent(String(upid))}/status`
      const { status, exitstatus = '' } = (await ok(lab, 'GET', path)) as {
        status: string
        exitstatus?: string
      }
      if (status === 'stopped') return exitstatus
    }
  }
  const image = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251))
  const sent = Buffer.concat([
    Buffer.from(
      '--b\r\nContent-Disposition: form-data; name="content"\r\n\r\niso\r\n--b\r\nContent-Disposition: form-data; name="filename"; filename="seed.iso"\r\nContent-Type: application/octet-stream\r\n\r\n',
    ),
    image,
    Buffer.from('\r\n--b--\r\n'),
  ])
  const uploaded = await ok(
    first,
    'POST',
    '/nodes/pve1/storage/local/upload',
    sent,
    'multipart/form-data; boundary=b',
  )
  assert.equal(await ending(first, uploaded), 'OK')
  const cloned = await ok(first, 'POST', '/nodes/pve1/qemu/9000/clone', 'newid=600&full=1&name=kept')
  assert.equal(await ending(first, cloned), 'OK')
  await ok(
    first,
    'PUT',
    '/nodes/pve1/qemu/600/config',
    new URLSearchParams({ ide2: 'local:iso/seed.iso,media=cdrom', tags: 'kept' }).toString(),
  )
  assert.equal(await ending(first, await ok(first, 'POST', '/nodes/pve1/qemu/600/status/start', '')), 'OK')
  await ok(first, 'POST', '/access/users', 'userid=ada@pve')
  const token = (await ok(first, 'POST', '/access/users/ada@pve/token/desk', 'privsep=0')) as {
    value: string
  }
  await ok(first, 'PUT', '/access/acl', 'path=/vms/600&users=ada@pve&roles=PVEVMUser')
  await ok(first, 'POST', '/nodes/pve1/qemu/600/firewall/rules', 'type=in&action=ACCEPT&proto=tcp&dport=22')
  await ok(first, 'PUT', '/nodes/pve2/qemu/10002/resize', 'disk=scsi0&size=%2B500G')
  const running = await ok(first, 'POST', '/nodes/pve2/qemu/10002/clone', 'newid=601&full=1')
  while ((await call(first, 'proxmox', 'GET', '/nodes/pve2/qemu/601/config')).status !== 200);
  await end(first, 'SIGKILL')
  const second = await start(t, folder)
  assert.equal(await ending(second, running), 'unexpected status')
  assert.equal(await ending(second, cloned), 'OK')
  const log = (await ok(second, 'GET', `/nodes/pve1/tasks/${encodeURIComponent(String(cloned))}/log`)) as {
    t: string
  }[]
  assert.equal(log.at(-1)?.t, 'TASK OK')
  const config = (await ok(second, 'GET', '/nodes/pve1/qemu/600/config')) as Record<string, string>
  assert.equal(config['tags'], 'kept')
  assert.match(config['ide2'] ?? '', /^local:iso\/seed.iso/)
  // A copy that was cut off leaves its lock, as on a real host whose power went.
  const half = (await ok(second, 'GET', '/nodes/pve2/qemu/601/config')) as Record<string, string>
  assert.equal(half['lock'], 'clone')
  const status = (await ok(second, 'GET', '/nodes/pve1/qemu/600/status/current')) as { status: string }
  assert.equal(status.status, 'running')
  const rules = (await ok(second, 'GET', '/nodes/pve1/qemu/600/firewall/rules')) as { dport: string }[]
  assert.deepEqual(
    rules.map(({ dport }) => dport),
    ['22'],
  )
  const asAda: Running = {
    ...second,
    env: { ...second.env, PROXMOX_TOKEN_ID: 'ada@pve!desk', PROXMOX_SECRET: token.value },
  }
  const seenByAda = (await ok(asAda, 'GET', '/cluster/resources?type=vm')) as { vmid: number }[]
  assert.deepEqual(
    seenByAda.map(({ vmid }) => vmid),
    [600],
  )
  await end(second, 'SIGTERM')
  const { Journal } = await import('./journal.ts')
  const { decode } = await import('./codec.ts')
  const journal = new Journal(folder)
  t.after(() => journal.close())
  const [, volume] = decode(journal.get('p/volumes/pve1/local:iso/seed.iso')) as [string, { data: Buffer }]
  assert.equal(
    createHash('sha256').update(volume.data).digest('hex'),
    createHash('sha256').update(image).digest('hex'),
  )
})
