import assert from 'node:assert/strict'
import type { TestWorld } from '../qemu/test-world.ts'
import { checkedWorld, type Ask } from '../test-answers.ts'

/** Containers of the first host. */
export const CTS = '/nodes/pve1/lxc'
/** What containers are unpacked from. */
export const TEMPLATE = 'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst'
/** Somebody without rights. */
export const NOBODY = { user: 'nobody@pve' }

/** A cluster with a template to unpack, and a container 200 made of it. */
export async function withContainer(
  params: Record<string, string> = {},
): Promise<TestWorld & { ask: Ask; done: (...request: Parameters<Ask>) => Promise<void> }> {
  const lab = checkedWorld()
  lab.world.volumes.set(`pve1/${TEMPLATE}`, {
    volid: TEMPLATE,
    storage: 'local',
    node: 'pve1',
    size: 120_000_000,
    format: 'tzst',
    content: 'vztmpl',
    ctime: 0,
  })
  const done = async (...request: Parameters<Ask>): Promise<void> => {
    const task = await lab.task(...request)
    assert.equal(task.exitstatus, 'OK', task.log.join('\n'))
  }
  await done(`POST ${CTS}`, {
    vmid: '200',
    ostemplate: TEMPLATE,
    rootfs: 'local-lvm:8',
    hostname: 'web',
    cores: '2',
    net0: 'name=eth0,bridge=vmbr0,ip=192.0.2.50/24,hwaddr=BC:24:11:00:00:02',
    ...params,
  })
  return { ...lab, done }
}
