import { findVolume, volumeKey, type ProxmoxWorld, type Vm } from '../../world.ts'
import { isCloudInit, type Drive } from '../drive.ts'
import { writeImage } from './image.ts'
import { metaData, networkConfig, userData } from './texts.ts'

/** Writes the seed of a VM into Proxmox's own drive for it. False for a drive that is none. */
export function regenerateSeed(world: ProxmoxWorld, vm: Vm, drive: Drive): boolean {
  if (!isCloudInit(drive)) return false
  const volume = findVolume(world, vm.node, drive.file)
  if (!volume) return false
  const label = vm.config['citype'] === 'configdrive2' ? 'config-2' : 'cidata'
  const data = writeImage(label, {
    'meta-data': metaData(vm),
    'network-config': networkConfig(vm),
    'user-data': userData(vm),
  })
  world.volumes.set(volumeKey(world, vm.node, volume.volid), { ...volume, data })
  return true
}
