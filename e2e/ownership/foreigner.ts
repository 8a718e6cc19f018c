import assert from 'node:assert/strict'
import { call } from '../back-ends.ts'
import { eventually, type Bench } from '../harness.ts'

/** Somebody with a client of their own and every right in Proxmox, who knows nothing of us. */
export interface Foreigner {
  /** Calls Proxmox; the `data` of its answer. Throws for an error. */
  ask(method: string, path: string, params?: Readonly<Record<string, string | number>>): Promise<unknown>
  /** As `ask`, and waits for the task that it answers to end well. */
  run(method: string, path: string, params?: Readonly<Record<string, string | number>>): Promise<void>
  /** A VMID of the range that the installation draws from, which nobody has and this one has not been given yet. */
  free(): Promise<number>
  /** Makes a small stopped VM, with a free VMID unless one is given. @returns the VMID */
  create(params?: Readonly<Record<string, string | number>>): Promise<number>
  /** A VM's configuration; undefined if there is none on any host. */
  config(vmid: number): Promise<Record<string, string> | undefined>
  /** Where a VM is. */
  find(vmid: number): Promise<{ node: string; status: string; name: string } | undefined>
}

/** Makes one for a bench. */
export function createForeigner(bench: Bench): Foreigner {
  const ask: Foreigner['ask'] = async (method, path, params = {}) => {
    const form = new URLSearchParams(
      Object.entries(params).map(([key, value]): [string, string] => [key, String(value)]),
    )
    const hasBody = method === 'POST' || method === 'PUT'
    const query = !hasBody && form.size > 0 ? `?${form.toString()}` : ''
    const answer = await call(
      bench,
      'proxmox',
      method,
      `/api2/json${path}${query}`,
      hasBody
        ? { body: form.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
        : {},
    )
    assert.equal(answer.status, 200, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return (answer.body as { data: unknown }).data
  }
  const run: Foreigner['run'] = async (method, path, params) => {
    const upid = String(await ask(method, path, params))
    const node = upid.split(':')[1]
    await eventually(`the task of ${method} ${path} ends`, 60_000, async () => {
      const status = (await ask('GET', `/nodes/${node}/tasks/${encodeURIComponent(upid)}/status`)) as {
        status: string
        exitstatus?: string
      }
      assert.equal(status.status, 'stopped')
      assert.equal(status.exitstatus, 'OK')
    })
  }
  const list = async () =>
    (await ask('GET', '/cluster/resources', { type: 'vm' })) as {
      vmid: number
      node: string
      status: string
      name: string
    }[]
  const find: Foreigner['find'] = async (vmid) => (await list()).find((one) => one.vmid === vmid)
  let last = 10_900
  const free = async (): Promise<number> => {
    const taken = new Set((await list()).map(({ vmid }) => vmid))
    do last += 1
    while (taken.has(last))
    return last
  }
  return {
    ask,
    run,
    find,
    free,
    create: async (params = {}) => {
      const vmid = Number(params['vmid'] ?? (await free()))
      const own = { vmid, name: `foreign-${vmid}`, memory: 512, scsi0: 'local-lvm:1' }
      await run('POST', '/nodes/pve1/qemu', { ...own, ...params })
      return vmid
    },
    config: async (vmid) => {
      const vm = await find(vmid)
      return vm && ((await ask('GET', `/nodes/${vm.node}/qemu/${vmid}/config`)) as Record<string, string>)
    },
  }
}
