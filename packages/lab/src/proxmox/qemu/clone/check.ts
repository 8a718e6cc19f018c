import { die, forbidden, parameterError } from '../../api-error.ts'
import type { Call } from '../../handler.ts'
import { isRoot } from '../../permissions.ts'
import { findVolume, type Vm } from '../../world.ts'
import { checkBridgeAccess, need } from '../config/rights.ts'
import { drivesOf, isCdrom, isCloudInit, storageOf, type Drive } from '../drive.ts'
import { canDo, storageNamed, usableStorage } from '../storage.ts'
import { checkLock, findVm, isTemplate, vmidOf } from '../vm.ts'

/** What a clone is made of. */
export interface CloneSource {
  readonly vm: Vm
  /** Section that is copied: the configuration, or a snapshot's. */
  readonly section: Readonly<Record<string, string>>
  readonly full: boolean
}

/** Judges a clone's parameters, in the original's order, before its task. */
export function checkCloneParameters(call: Call): void {
  const { world } = call
  const node = call.text('node')
  findVm(world, node, vmidOf(call))
  const pool = call.optional('pool')
  if (pool !== undefined && !world.pools.has(pool)) forbidden(`pool '${pool}' does not exist`)
  const target = call.optional('target')
  if (target !== undefined && !world.hosts.has(target)) die(`no such cluster node '${target}'`)
  const name = call.optional('storage')
  if (name === undefined) return
  const storage = usableStorage(world, name, node)
  if (!storage.content.includes('images'))
    parameterError({ storage: `storage '${name}' does not support vm images` })
  if (target === undefined || target === node) return
  usableStorage(world, name, target)
  if (!storage.shared) die(`can't clone to non-shared storage '${name}'`)
}

/** Judges the source as it is now: once before the task, and again in it under the locks. Throws the original's texts. */
export function checkCloneSource(call: Call): CloneSource {
  const { world } = call
  const node = call.text('node')
  const vm = findVm(world, node, vmidOf(call))
  const newid = Number(call.text('newid'))
  checkLock(vm)
  const snapname = call.optional('snapname')
  const section =
    snapname === undefined
      ? vm.config
      : (vm.snapshots?.get(snapname) ?? die(`snapshot '${snapname}' does not exist`))
  const full = call.flag('full', !isTemplate(vm))
  const storage = call.optional('storage')
  if (!full && storage !== undefined) die("parameter 'storage' not allowed for linked clones")
  if (!full && call.params['format'] !== undefined) die("parameter 'format' not allowed for linked clones")
  const isShared = checkStorages(call, section, storage)
  checkBridgeAccess(call, section)
  const target = call.optional('target')
  if (target !== undefined && target !== node && !isShared)
    die(`can't clone VM to node '${target}' (VM uses local storage)`)
  if (world.vms.get(newid)?.node === node) die(`unable to create VM ${newid}: config file already exists`)
  for (const drive of drivesOf(section)) checkFeature(call, drive, full, snapname)
  if (vm.running && full && section['tpmstate0'] !== undefined && snapname === undefined)
    die('cannot clone TPM state while VM is running')
  return { vm, section, full }
}

/** Requires space on the storage of each disk; true when all that the clone will hold can be seen from any host. */
function checkStorages(
  call: Call,
  section: Readonly<Record<string, string>>,
  wanted: string | undefined,
): boolean {
  let isShared = true
  for (const drive of drivesOf(section)) {
    if (drive.file === 'none') continue
    if (drive.file === 'cdrom') {
      if (!isRoot(call.identity)) need(call, '/', ['Sys.Console'])
      continue
    }
    const isCopied = !isCdrom(drive) || isCloudInit(drive)
    const name =
      (isCopied ? wanted : undefined) ??
      storageOf(drive.file) ??
      die(`unable to parse volume ID '${drive.file}'`)
    if (!isCdrom(drive)) need(call, `/storage/${name}`, ['Datastore.AllocateSpace'])
    isShared &&= storageNamed(call.world, name).shared
  }
  return isShared
}

function checkFeature(call: Call, drive: Drive, full: boolean, snapname: string | undefined): void {
  if (isCdrom(drive)) return
  const volume =
    findVolume(call.world, call.text('node'), drive.file) ?? die(`volume '${drive.file}' does not exist`)
  if (
    canDo(storageNamed(call.world, volume.storage), volume, full ? 'copy' : 'clone', snapname !== undefined)
  )
    return
  const of = snapname === undefined ? '' : 'a snapshot of '
  die(`${full ? 'Full' : 'Linked'} clone feature is not supported for ${of}'${drive.file}' (${drive.key})`)
}
