import { randomUUID } from 'node:crypto'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import type { Worker } from '../tasks.ts'
import type { ProxmoxWorld } from '../world.ts'
import { checkSshKeys } from './cloudinit/ssh-keys.ts'
import {
  checkBridgeAccess,
  checkDeviceRights,
  checkDriveRights,
  checkHookscript,
  checkMayCreate,
  checkOptionRights,
  checkStorageAccess,
} from './config/rights.ts'
import { isExtraParameter, normalised, optionOf, printBootOrder } from './config/values.ts'
import { checkDriveSyntax, createDisks } from './disks.ts'
import { isCdrom, isDriveKey, isUnusedKey, parseDrive } from './drive.ts'
import { lockConfig } from './lock.ts'
import { isNicKey } from './nic.ts'
import { startLater } from './power/start.ts'
import { restore } from './restore.ts'
import { startVmTask, textOf } from './task.ts'
import { newVm, vmidOf } from './vm.ts'
import { QEMU_VERSION } from './qemu-version.ts'

/** How long the reservation of a number waits for its lock, ms. */
const RESERVE_MS = 5000
/** How long the task waits for it then, ms. */
const WORK_MS = 1000

/** `POST /nodes/{node}/qemu`: the number is taken before the answer, the rest is a task. */
export const createHandlers: Handlers = { 'POST /nodes/{node}/qemu': create }

async function create(call: Call): Promise<string> {
  const { world } = call
  const vmid = vmidOf(call)
  const node = call.text('node')
  const pool = call.optional('pool')
  if (call.params['archive'] !== undefined) return restore(call, optionsOf(call))
  checkMayCreate(call, vmid, pool)
  const given = optionsOf(call)
  checkSshKeys(given['sshkeys'])
  const drives = Object.entries(given)
    .filter(([key]) => isDriveKey(key))
    .map(([key, value]) => checkDriveSyntax(key, value))
  checkStorageAccess(call, vmid, drives)
  checkHookscript(call)
  checkOptionRights(call, { vmid, pool }, Object.keys(given))
  for (const drive of drives) checkDriveRights(call, { vmid, pool }, drive)
  checkDeviceRights(call, { vmid, pool }, given)
  checkBridgeAccess(call, given)
  await reserve(world, node, vmid)
  return startVmTask(
    call,
    'qmcreate',
    async (worker) => {
      await lockConfig(world, vmid, () => build(world, node, vmid, given, worker), {
        waitMs: WORK_MS,
        worker,
      }).catch((error: unknown) => {
        world.vms.delete(vmid)
        throw new Error(`unable to create VM ${vmid} - ${textOf(error)}`, { cause: error })
      })
      if (pool !== undefined) world.pools.get(pool)?.vms.add(vmid)
      if (call.flag('ha-managed')) world.cluster.haResources.set(`vm:${vmid}`, { state: 'started' })
      if (!call.flag('start')) return
      worker.log('Execute autostart')
      startLater(world, node, vmid, call.user)
    },
    String(vmid),
  )
}

/** The options among a call's parameters, as text. */
function optionsOf(call: Call): Record<string, string> {
  const options: Record<string, string> = {}
  for (const [key, value] of Object.entries(call.params)) {
    if (isExtraParameter(key) || !optionOf(key)) continue
    const text = typeof value === 'string' ? value : value.join(',')
    options[key === 'cdrom' ? 'ide2' : key] = text
  }
  if (options['ide2'] !== undefined && call.params['cdrom'] !== undefined)
    options['ide2'] = `${options['ide2']},media=cdrom`
  return options
}

async function reserve(world: ProxmoxWorld, node: string, vmid: number): Promise<void> {
  try {
    await lockConfig(
      world,
      vmid,
      () => {
        const other = world.vms.get(vmid)
        if (other) die(`VM ${vmid} already exists on node '${other.node}'`)
        const container = world.cluster.containers.get(vmid)
        if (container) die(`CT ${vmid} already exists on node '${container.node}'`)
        world.vms.set(vmid, newVm(vmid, node, { lock: 'create' }))
        return Promise.resolve()
      },
      { waitMs: RESERVE_MS },
    )
  } catch (error) {
    die(`unable to create VM ${vmid} - ${textOf(error)}`)
  }
}

async function build(
  world: ProxmoxWorld,
  node: string,
  vmid: number,
  given: Readonly<Record<string, string>>,
  worker: Worker,
): Promise<void> {
  const { values } = await createDisks(world, { vmid, node, config: given }, given, worker)
  const config: Record<string, string> = {}
  for (const [key, value] of Object.entries(given)) {
    if (!isDriveKey(key) && !isUnusedKey(key)) config[key] = normalised(key, value, false)
  }
  Object.assign(config, values)
  const now = Math.floor(world.clock.now() / 1000)
  config['boot'] ??= printBootOrder(defaultBootOrder(config))
  config['meta'] = `creation-qemu=${QEMU_VERSION},ctime=${now}`
  config['smbios1'] ??= `uuid=${randomUUID()}`
  if (config['vmgenid'] === undefined || config['vmgenid'] === '1') config['vmgenid'] = randomUUID()
  if (/^w(?:in|xp|vista|2k)/.test(config['ostype'] ?? ''))
    config['machine'] = pinnedMachine(config['machine'])
  const vm = world.vms.get(vmid)
  if (vm) vm.config = config
}

/** Where a VM boots from that was not told: its first disk, CD drive and card. */
function defaultBootOrder(config: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(config)
  const drives = ['ide', 'scsi', 'virtio', 'sata'].flatMap((bus) =>
    keys
      .filter((key) => new RegExp(`^${bus}\\d+$`).test(key))
      .toSorted((a, b) => Number(a.replace(/\D/g, '')) - Number(b.replace(/\D/g, ''))),
  )
  const isCd = (key: string): boolean => isCdrom(parseDrive(key, config[key] ?? ''))
  const nic = keys.filter(isNicKey).toSorted((a, b) => Number(a.slice(3)) - Number(b.slice(3)))[0]
  return [drives.find((key) => !isCd(key)), drives.find(isCd), nic].filter((key) => key !== undefined)
}

/** Windows keeps the machine's version that it was installed on. */
function pinnedMachine(machine: string | undefined): string {
  const [type = 'pc', ...rest] = (machine ?? 'pc').split(',')
  const version = QEMU_VERSION.split('.').slice(0, 2).join('.')
  const pinned = type === 'q35' ? `pc-q35-${version}` : type === 'pc' ? `pc-i440fx-${version}` : type
  return [pinned, ...rest].join(',')
}
