import { die } from '../api-error.ts'
import { forgetResource } from '../cluster/ha/managed.ts'
import type { Container } from '../cluster/state.ts'
import { dropFirewall } from '../firewall/state.ts'
import type { Call, Handlers } from '../handler.ts'
import { textOf } from '../qemu/task.ts'
import { freeVolume } from '../qemu/volumes.ts'
import type { Worker } from '../tasks.ts'
import { findVolume, type ProxmoxWorld } from '../world.ts'
import { checkContainerLock, containerOf, isContainerTemplate, startContainerTask } from './container.ts'
import { mountsOf } from './mount-point.ts'
import { stopContainer } from './power.ts'
import { setRootPassword } from './root-password.ts'

/** `DELETE /nodes/{node}/lxc/{vmid}`. */
export const destroyContainerHandlers: Handlers = { 'DELETE /nodes/{node}/lxc/{vmid}': destroy }

function destroy(call: Call): string {
  const { world } = call
  const before = containerOf(call)
  const sid = `ct:${before.vmid}`
  checkRemovable(call, before)
  return startContainerTask(call, 'vzdestroy', async (container, worker) => {
    checkContainerLock(container)
    checkRemovable(call, container)
    if (container.running) await stopContainer(world, container, worker)
    checkNoClones(world, container)
    container.config['lock'] = 'destroyed'
    await removeVolumes(world, container, worker)
    if (call.flag('purge')) {
      worker.log(`purging CT ${container.vmid} from related configurations..`)
      forgetResource(world, sid)
    }
    forgetContainer(world, container)
  })
}

function checkRemovable(call: Call, { vmid, config, running }: Container): void {
  if (config['protection'] === '1') die(`can't remove CT ${vmid} - protection mode enabled`)
  if (call.world.cluster.haResources.has(`ct:${vmid}`) && !call.flag('purge'))
    die(`unable to remove CT ${vmid} - used in HA resources and purge parameter not set.`)
  if (running && !call.flag('force')) die(`unable to destroy CT ${vmid} - container is running`)
}

/** A template whose volumes others stand on stays. */
function checkNoClones(world: ProxmoxWorld, container: Container): void {
  if (!isContainerTemplate(container)) return
  for (const { volume } of mountsOf(container.config)) {
    const storage = world.storages.get(volume.split(':')[0] ?? '')
    if (storage === undefined || storage.type === 'lvmthin') continue
    for (const each of world.volumes.values())
      if (each.volid.startsWith(`${volume}/`)) die(`base volume '${volume}' is still in use by linked cloned`)
  }
}

/** Volumes that any section names, each once; one that cannot be removed does not keep the container. */
async function removeVolumes(world: ProxmoxWorld, container: Container, worker: Worker): Promise<void> {
  const { vmid, node, config, snapshots } = container
  const unused = Object.entries(config).flatMap(([key, value]) => (key.startsWith('unused') ? [value] : []))
  const named = [config, ...(snapshots?.values() ?? [])].flatMap((section) => mountsOf(section))
  for (const volid of new Set([...named.map(({ volume }) => volume), ...unused])) {
    if (findVolume(world, node, volid)?.vmid !== vmid) continue
    try {
      await freeVolume(world, node, volid, worker)
    } catch (error) {
      if (error === worker.signal.reason) throw error
      worker.log(`Could not remove volume '${volid}': ${textOf(error)}`)
    }
  }
}

/** Takes a container out of the world with its entries in access lists, pools and its firewall. */
function forgetContainer(world: ProxmoxWorld, { vmid }: Container): void {
  world.cluster.containers.delete(vmid)
  dropFirewall(world, vmid)
  setRootPassword(world, vmid, undefined)
  for (const { vms } of world.pools.values()) vms.delete(vmid)
  world.access.acl = world.access.acl.filter(({ path }) => path !== `/vms/${vmid}`)
}
