import { randomUUID } from 'node:crypto'
import { ApiError, die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import type { Worker } from '../../tasks.ts'
import { digestOf, type ProxmoxWorld, type Vm } from '../../world.ts'
import { hashPassword } from '../cloudinit/password.ts'
import { createDisks } from '../disks.ts'
import { isCdrom, isDriveKey, isUnusedKey, parseDrive } from '../drive.ts'
import { lockConfig } from '../lock.ts'
import { startVmTask } from '../task.ts'
import { checkLock, loadVm, vmidOf, vmOf } from '../vm.ts'
import { applyPending } from './apply.ts'
import { hotplugPending } from './hotplug.ts'
import { checkDigest, readRequest, type ConfigRequest } from './request.ts'
import { checkDeviceRights, checkDriveRights } from './rights.ts'
import { destroyVolume, forgetUnused, keepAsUnused, ownsVolume } from './unused.ts'
import { bootOrder, memoryOf, normalised, printBootOrder } from './values.ts'

/** Changes of a VM's configuration. */
export const configUpdateHandlers: Handlers = {
  'PUT /nodes/{node}/qemu/{vmid}/config': putConfig,
  'POST /nodes/{node}/qemu/{vmid}/config': postConfig,
  'PUT /nodes/{node}/qemu/{vmid}/unlink': unlink,
}

async function putConfig(call: Call): Promise<null> {
  await updateNow(call, readRequest(call))
  return null
}

async function updateNow(call: Call, request: ConfigRequest): Promise<void> {
  const vmid = vmidOf(call)
  await lockConfig(call.world, vmid, async () => {
    checkUnchanged(call, request)
    await update(call, request)
  })
}

async function unlink(call: Call): Promise<null> {
  vmOf(call)
  const value = call.params['idlist']
  const remove = (typeof value === 'string' ? value : (value?.join(',') ?? ''))
    .split(/[,;\s]+/)
    .filter(Boolean)
  const unknown = remove.find((key) => !isDriveKey(key) && !isUnusedKey(key))
  if (unknown !== undefined) parameterError({ delete: `unknown option '${unknown}'` })
  const request = {
    set: {},
    remove,
    revert: [],
    force: call.flag('force'),
    digest: undefined,
    skiplock: false,
    printed: '',
  }
  await updateNow(call, request)
  return null
}

/** Answers when the task has begun, or with `background_delay` when it ended within that many seconds. */
async function postConfig(call: Call): Promise<string | null> {
  const { world } = call
  const request = readRequest(call)
  const vmid = vmidOf(call)
  // The task keeps the lock that the call took.
  const upid = await new Promise<string>((resolve, reject) => {
    lockConfig(world, vmid, async () => {
      checkUnchanged(call, request)
      const begun = startVmTask(call, 'qmconfig', async (worker) => {
        worker.log(`update VM ${vmid}: ${request.printed}`)
        await update(call, request, worker)
      })
      resolve(begun)
      await world.tasks.get(begun)?.done
    }).catch(reject)
  })
  const delay = call.number('background_delay')
  if (!delay) return upid
  const task = world.tasks.get(upid)
  await Promise.race([task?.done, world.clock.sleep(delay * 1000)])
  if (task?.exitstatus === undefined) return upid
  if (task.exitstatus !== 'OK' && !task.exitstatus.startsWith('WARNINGS'))
    die(`failed to update VM ${vmid}: ${task.exitstatus}`)
  return null
}

function checkUnchanged(call: Call, request: ConfigRequest): void {
  const vm = vmOf(call)
  checkDigest(request.digest, digestOf(vm))
  if (!request.skiplock) checkLock(vm)
  const balloon = Number(request.set['balloon'] ?? NaN)
  const memory = request.set['memory'] ?? vm.pending.get('memory') ?? vm.config['memory']
  const changed = memoryOf(memory === undefined ? {} : { memory }) / 1024 / 1024
  if (balloon > changed) die('balloon value too large (must be smaller than assigned memory)')
}

/** Writes a change as pending, then applies what can be applied now. Throws 400 for what could not be. */
async function update(call: Call, request: ConfigRequest, worker?: Worker): Promise<void> {
  const { world } = call
  const vmid = vmidOf(call)
  const vm = loadVm(world, call.text('node'), vmid)
  for (const key of request.revert) revert(world, vm, key)
  for (const key of request.remove) await remove(call, vm, request, key)
  await setOptions(call, vm, request, worker)
  cleanUp(vm)
  const errors: Record<string, string> = {}
  const changed = new Set(['boot', ...Object.keys(request.set), ...request.remove])
  if (vm.running) await hotplugPending(world, vm, changed, errors)
  else await applyPending(world, vm, errors)
  if (Object.keys(errors).length > 0) throw new ApiError(400, 'Parameter verification failed.\n', errors)
}

function revert(world: ProxmoxWorld, vm: Vm, key: string): void {
  if (!vm.pending.has(key)) return
  dropPendingVolume(world, vm, key)
  vm.pending.delete(key)
  vm.pendingForce?.delete(key)
}

/** A volume that waited for a cold start and is not wanted any longer becomes `unusedN`. */
function dropPendingVolume(world: ProxmoxWorld, vm: Vm, key: string): void {
  const value = vm.pending.get(key)
  if (value === undefined || !isDriveKey(key)) return
  const drive = parseDrive(key, value)
  const current = vm.config[key]
  if (isCdrom(drive) || (current !== undefined && parseDrive(key, current).file === drive.file)) return
  if (ownsVolume(world, vm, drive.file)) keepAsUnused(vm, drive.file)
}

async function remove(call: Call, vm: Vm, request: ConfigRequest, key: string): Promise<void> {
  const value = vm.config[key] ?? vm.pending.get(key)
  const isDrive = isDriveKey(key)
  if (value === undefined) return
  if (isUnusedKey(key) || isDrive) {
    const drive = parseDrive(key, value)
    if (vm.config['protection'] === '1')
      die(
        `can't remove ${isDrive ? `drive '${key}'` : `unused disk '${drive.file}'`} - protection mode enabled`,
      )
    checkDriveRights(call, vm, drive)
    if (isUnusedKey(key)) {
      await destroyVolume(call.world, vm, drive.file, key)
      delete vm.config[key]
      return
    }
  } else checkDeviceRights(call, vm, { [key]: value })
  dropPendingVolume(call.world, vm, key)
  vm.pending.delete(key)
  if (vm.config[key] === undefined) return
  vm.pending.set(key, undefined)
  if (request.force) (vm.pendingForce ??= new Set()).add(key)
  removeFromBootOrder(vm, request, key)
}

function removeFromBootOrder(vm: Vm, request: ConfigRequest, key: string): void {
  if (request.set['boot'] !== undefined || request.remove.includes('boot')) return
  const devices = bootOrder(vm.pending.get('boot') ?? vm.config['boot'])
  if (!devices?.includes(key)) return
  vm.pending.set('boot', printBootOrder(devices.filter((device) => device !== key)))
}

async function setOptions(call: Call, vm: Vm, request: ConfigRequest, worker?: Worker): Promise<void> {
  checkDeviceRights(call, vm, request.set)
  const settings = { ...request.set }
  for (const [key, value] of Object.entries(settings)) {
    if (vm.pending.get(key) === value) continue
    if (isDriveKey(key)) await setDrive(call, vm, key, value, worker)
    else if (key === 'cipassword') vm.pending.set(key, hashPassword(value, vm.config['ostype']))
    else if (key === 'vmgenid' && value === '1') vm.pending.set(key, randomUUID())
    else vm.pending.set(key, normalised(key, value, true))
    vm.pendingForce?.delete(key)
  }
  checkBootOrder(vm, request)
}

async function setDrive(call: Call, vm: Vm, key: string, value: string, worker?: Worker): Promise<void> {
  const { world } = call
  const before = vm.config[key]
  if (before !== undefined) checkDriveRights(call, vm, parseDrive(key, before))
  checkDriveRights(call, vm, parseDrive(key, value))
  dropPendingVolume(world, vm, key)
  const { values, attached } = await createDisks(world, vm, { [key]: value }, worker)
  for (const volid of attached) forgetUnused(vm, volid)
  const made = values[key] ?? value
  vm.pending.set(key, made)
  const devices = bootOrder(vm.pending.get('boot') ?? vm.config['boot'])
  if (devices && isCdrom(parseDrive(key, made), true) && !devices.includes(key))
    vm.pending.set('boot', printBootOrder([...devices, key]))
}

function checkBootOrder(vm: Vm, request: ConfigRequest): void {
  const wanted = request.set['boot']
  if (wanted === undefined) return
  for (const device of bootOrder(wanted) ?? []) {
    const there = vm.pending.has(device)
      ? vm.pending.get(device) !== undefined
      : vm.config[device] !== undefined
    if (there) continue
    vm.pending.delete('boot')
    die(`invalid bootorder: device '${device}' does not exist'`)
  }
}

/** Takes away what waits for nothing: values that are there already and deletes of what is not. */
function cleanUp(vm: Vm): void {
  for (const [key, value] of vm.pending) {
    if (vm.config[key] !== value) continue
    vm.pending.delete(key)
    vm.pendingForce?.delete(key)
  }
}
