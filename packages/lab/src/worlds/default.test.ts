import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { after, before, test } from 'node:test'
import { cardsOf } from '../guest/network.ts'
import { eventually } from '../test-eventually.ts'
import { startTestBed } from '../guest/test-machines.ts'
import type { TestBed } from '../guest/test-machines.ts'

let bed: TestBed
before(async () => {
  bed = await startTestBed(() => {}, 'default')
})
after(() => bed.lab.stop())

/** Calls Proxmox with the token that has only the rights Fochista needs. Rejects for an answer that is an error. */
function api<T>(method: string, path: string, body?: string | Buffer, type?: string): Promise<T> {
  const { environment } = bed.lab
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${environment['PROXMOX_URL']}/api2/json${path}`,
      {
        method,
        agent: false,
        ca: readFileSync(environment['PROXMOX_CA'] ?? ''),
        headers: {
          Authorization: `PVEAPIToken=${environment['PROXMOX_LEAST_TOKEN_ID']}=${environment['PROXMOX_LEAST_SECRET']}`,
          ...(body === undefined
            ? {}
            : {
                'Content-Type': type ?? 'application/x-www-form-urlencoded',
                'Content-Length': Buffer.byteLength(body),
              }),
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (text += chunk))
        response.on('end', () => {
          if (response.statusCode === 200) resolve((JSON.parse(text) as { data: T }).data)
          else
            reject(new Error(`${method} ${path}: ${response.statusCode} ${response.statusMessage} ${text}`))
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

/** Waits for a task; throws its exit status when that is not OK. */
async function task(upid: string): Promise<void> {
  const node = upid.split(':')[1] ?? ''
  for (;;) {
    const { status, exitstatus } = await api<{ status: string; exitstatus?: string }>(
      'GET',
      `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`,
    )
    if (status === 'stopped') {
      assert.equal(exitstatus, 'OK')
      return
    }
  }
}

const form = (values: { [key: string]: string }): string => new URLSearchParams(values).toString()

function upload(filename: string, image: Uint8Array): Promise<string> {
  const boundary = 'lab-test'
  const part = (disposition: string): string =>
    `--${boundary}\r\nContent-Disposition: form-data; ${disposition}\r\n`
  return api<string>(
    'POST',
    '/nodes/pve2/storage/local/upload',
    Buffer.concat([
      Buffer.from(`${part('name="content"')}\r\niso\r\n`),
      Buffer.from(
        `${part(`name="filename"; filename="${filename}"`)}Content-Type: application/octet-stream\r\n\r\n`,
      ),
      image,
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]),
    `multipart/form-data; boundary=${boundary}`,
  )
}

interface Resource {
  vmid: number
  node: string
  tags?: string
  template: number
}

test('each host has its own copy of each template, found by its tag', async () => {
  const found = await api<Resource[]>('GET', '/cluster/resources?type=vm')
  for (const tag of ['kubelet-v1.30.4', 'kubelet-v1.33.4', 'kubeadm-v1.30.4', 'stock']) {
    const hosts = found
      .filter(({ template, tags }) => template === 1 && (tags ?? '').split(';').includes(tag))
      .map(({ node }) => node)
    assert.deepEqual(hosts.toSorted(), ['pve1', 'pve2', 'pve3'], tag)
  }
})

test('with the least rights a worker is cloned, seeded, started, joins and is destroyed', async () => {
  const vmid = 10_000
  const vm = `/nodes/pve2/qemu/${vmid}`
  await api('POST', '/pools', form({ poolid: 'fochista-default' }))
  await task(
    await api<string>(
      'POST',
      '/nodes/pve2/qemu/9001/clone',
      form({ newid: String(vmid), name: 'worker', full: '1', pool: 'fochista-default', description: 'mine' }),
    ),
  )
  const known = bed.lab.proxmox.world.vms.get(vmid)
  assert.ok(known)
  const networks = [{ mac: cardsOf(known)[0]?.mac ?? '' }]
  const image = bed.seed('worker', { join: { token: bed.token('least0') }, networks })
  await task(await upload('seed.iso', image))
  await api(
    'PUT',
    `${vm}/config`,
    form({ cores: '4', memory: '4096', tags: 'mine', ide2: 'local:iso/seed.iso,media=cdrom' }),
  )
  await api('PUT', `${vm}/resize`, form({ disk: 'scsi0', size: '20G' }))
  await task(await api<string>('POST', `${vm}/status/start`, ''))
  await eventually(
    'a Node',
    () => bed.nodes().includes('worker'),
    () => known.console,
  )
  await assert.rejects(api('POST', '/nodes/pve1/qemu/100/status/stop', ''), /403 Permission check failed/)
  await task(await api<string>('POST', `${vm}/status/shutdown`, ''))
  await task(await api<string>('DELETE', `${vm}?purge=1`))
  await task(await api<string>('DELETE', '/nodes/pve2/storage/local/content/local:iso%2Fseed.iso'))
  await api('DELETE', '/pools/fochista-default')
  assert.equal(bed.lab.proxmox.guests.disk(vmid), undefined)
})
