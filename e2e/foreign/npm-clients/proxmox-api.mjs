// The ordinary use of npm's proxmox-api: by password and by token, reads, a VM's whole life, and refusals.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import proxmoxApi from 'proxmox-api'

const { PROXMOX_URL, PROXMOX_TOKEN_ID, PROXMOX_SECRET, PROXMOX_PASSWORD } = process.env
const { hostname: host, port } = new URL(PROXMOX_URL)
const byToken = proxmoxApi({ host, port, tokenID: PROXMOX_TOKEN_ID, tokenSecret: PROXMOX_SECRET })
const byPassword = proxmoxApi({ host, port, username: 'root@pam', password: PROXMOX_PASSWORD })

/** Follows a task to its end. */
async function finished(proxmox, upid, exit = 'OK') {
  const task = proxmox.nodes.$(upid.split(':')[1]).tasks.$(upid)
  let status = await task.status.$get()
  while (status.status !== 'stopped') {
    await sleep(100)
    status = await task.status.$get()
  }
  assert.equal(status.exitstatus, exit)
  return task.log.$get({ limit: 0 })
}

for (const proxmox of [byToken, byPassword]) {
  assert.equal((await proxmox.version.$get()).release, '9.1')
  const nodes = await proxmox.nodes.$get()
  assert.deepEqual(nodes.map(({ node }) => node).toSorted(), ['pve1', 'pve2', 'pve3'])
  for (const { node } of nodes) {
    const machines = await proxmox.nodes.$(node).qemu.$get({ full: true })
    assert.ok(machines.length > 0)
    const config = await proxmox.nodes.$(node).qemu.$(machines[0].vmid).config.$get()
    assert.equal(config.name, machines[0].name)
    assert.ok((await proxmox.nodes.$(node).storage.$get()).some(({ storage }) => storage === 'local-lvm'))
  }

  const vmid = Number(await proxmox.cluster.nextid.$get())
  const qemu = proxmox.nodes.$('pve2').qemu
  const log = await finished(
    proxmox,
    await qemu.$post({
      vmid,
      name: 'by-npm',
      memory: 512,
      scsi0: 'local-lvm:1',
      net0: 'virtio,bridge=vmbr0',
      onboot: false,
    }),
  )
  assert.equal(log.at(-1).t, 'TASK OK')
  const machine = qemu.$(vmid)
  assert.equal(await machine.config.$put({ cores: 2, description: 'a; b = c + d & é', tags: 'x;y' }), null)
  const config = await machine.config.$get()
  assert.deepEqual([config.cores, config.onboot, config.tags], [2, 0, 'x;y'])
  await finished(proxmox, await machine.status.start.$post())
  assert.equal((await machine.status.current.$get()).status, 'running')
  await finished(proxmox, await machine.status.start.$post(), `VM ${vmid} already running`)
  await finished(proxmox, await machine.snapshot.$post({ snapname: 'first' }))
  assert.deepEqual((await machine.snapshot.$get()).map(({ name }) => name).toSorted(), ['current', 'first'])
  await finished(proxmox, await machine.snapshot.$('first').rollback.$post())
  await finished(proxmox, await machine.snapshot.$('first').$delete())
  await finished(proxmox, await machine.status.stop.$post())
  await finished(proxmox, await machine.$delete({ purge: true }))
  await assert.rejects(
    machine.config.$get(),
    /return Error 500 Configuration file 'nodes\/pve2\/qemu-server\/\d+\.conf' does not exist/,
  )
  await assert.rejects(
    qemu.$post({ vmid: 'x' }),
    /return Error 400 Parameter verification failed\..*type check \('integer'\) failed - got 'x'/,
  )
}
await assert.rejects(
  proxmoxApi({ host, port, username: 'root@pam', password: 'wrong' }).nodes.$get(),
  ({ cause }) => cause.message.startsWith('login failed with 401: authentication failure'),
)
console.log('done')
