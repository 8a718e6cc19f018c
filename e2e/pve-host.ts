import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pveumCall, shellQuoted } from './pveum.ts'

/**
 * What a shell on a Proxmox host has, against the lab: `qm`, `pveum` and `wget`, each as the calls of the API that the original's command makes.
 * Run as `pve-host.ts PROGRAM ARGUMENTS`, with LAB_URL, LAB_TOKEN_ID, LAB_SECRET and NODE_EXTRA_CA_CERTS of the lab, PVE the host, and
 * TOKEN_SECRET_FILE, which gets the secret that `pveum user token add` prints.
 */
async function main([program = '', ...args]: string[]): Promise<void> {
  if (program === 'wget') return download(args)
  if (program === 'qm') return qm(args)
  assert.equal(program, 'pveum')
  const line = ['pveum', ...args].map(shellQuoted).join(' ')
  const { method, path, params } = pveumCall(line)
  const data = await api(method, path, params)
  const secret = (data as { value?: string } | null)?.value
  if (secret === undefined) return
  console.log(secret)
  await appendFile(variable('TOKEN_SECRET_FILE'), secret)
}

/** `wget -qO PATH URL`: the lab's hosts reach nothing outside, so that a stand-in for the image is uploaded. */
async function download(args: readonly string[]): Promise<void> {
  const [, path = ''] = args
  const form = new FormData()
  form.append('content', 'import')
  form.append(
    'filename',
    new Blob([Buffer.from('QFI\u00fb', 'latin1'), new Uint8Array(65_532)]),
    basename(path),
  )
  await api('POST', `/nodes/${variable('PVE')}/storage/local/upload`, form)
}

async function qm([verb = '', vmid = '', ...options]: string[]): Promise<void> {
  const params: Record<string, string> = {}
  for (let index = 0; index < options.length; index += 2)
    params[options[index]?.slice(2) ?? ''] = options[index + 1] ?? ''
  const vms = `/nodes/${variable('PVE')}/qemu`
  if (verb === 'create') await api('POST', vms, { vmid, ...params })
  else if (verb === 'set') await api('POST', `${vms}/${vmid}/config`, params)
  else if (verb === 'template') await api('POST', `${vms}/${vmid}/template`, {})
  else throw new Error(`qm ${verb} is not emulated here`)
}

/** A call; where it answers a task, that task's end. */
async function api(
  method: string,
  path: string,
  body: Readonly<Record<string, string>> | FormData,
): Promise<unknown> {
  const data = await send(method, path, body instanceof FormData ? body : new URLSearchParams(body))
  if (typeof data !== 'string' || !data.startsWith('UPID:')) return data
  for (;;) {
    const task = (await send(
      'GET',
      `/nodes/${data.split(':')[1]}/tasks/${encodeURIComponent(data)}/status`,
    )) as {
      status: string
      exitstatus?: string
    }
    if (task.status === 'stopped') {
      assert.equal(task.exitstatus, 'OK', `${method} ${path}`)
      return data
    }
    await sleep(50)
  }
}

async function send(method: string, path: string, body?: URLSearchParams | FormData): Promise<unknown> {
  const response = await fetch(`${variable('LAB_URL')}/api2/json${path}`, {
    method,
    headers: { authorization: `PVEAPIToken=${variable('LAB_TOKEN_ID')}=${variable('LAB_SECRET')}` },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  assert.equal(response.status, 200, `${method} ${path}: ${response.status} ${response.statusText} ${text}`)
  return (JSON.parse(text) as { data: unknown }).data
}

function variable(name: string): string {
  const value = process.env[name]
  assert.ok(value, `${name} is not set`)
  return value
}

await main(process.argv.slice(2))
