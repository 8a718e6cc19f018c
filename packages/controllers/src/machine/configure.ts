import { formatBytes, parseMark, withMark, type MachineClass, type MachineNetwork } from '@fochista/api'
import { parseDrive, parsePropertyString, parseSize, printPropertyString } from '@fochista/proxmox'
import type { DiskKey, VmConfig, VmConfigChange } from '../proxmox-cluster/hypervisor.ts'
import { blocked, done, entriesOf, waiting, type MachineContext, type StepResult } from './context.ts'
import { lockText } from './lock.ts'
import { markOf } from './mark.ts'
import { isBeingReshaped, otherShape, reshape } from './reshape.ts'
import { liveOf, shapeDifference } from './shape.ts'
import { failedAt, holdAfterFailure, lookAtTask, noteTask, waitingFor } from './task.ts'

/** How often a locked VM is looked at, milliseconds. */
const LOCK_PAUSE_MS = 2000

/**
 * Configured: the VM has the shape, cards, tags and mark that it should have. One call with the difference only; none if there is none.
 * Once the VM has been started only what a person may have changed of our mark and tags is put right, and its shape where its pool says so:
 * what its class says today holds for machines made later.
 */
export async function configure(context: MachineContext): Promise<StepResult> {
  const task = await lookAtTask(context)
  if (task.state === 'running' && task.type === 'resize')
    return waitingFor(
      context,
      task.upid,
      'Resizing',
      `The disk grows to ${formatBytes(context.machine.spec.disk ?? 0)}B.`,
    )
  if (task.state === 'running' && ['qmreboot', 'qmshutdown'].includes(task.type))
    return waitingFor(context, task.upid, 'Rebooting', 'The VM is rebooted into its new shape.')
  if (task.state === 'failed' && task.type === 'resize')
    return failedAt(context, task, 'ResizeFailed', `The disk did not grow: ${task.exitStatus}`)
  const held = holdAfterFailure(context, 'Configured', ['ResizeFailed', 'RebootFailed'])
  if (held) return held
  const config = await context.config()
  const vm = context.vm()
  if (!config || !vm) return waiting('NoVM', 'The VM is not there.', 0)
  const hypervisor = context.connection.hypervisor
  // The first configuration writes the SMBIOS UUID, which decides from then on whose the VM is.
  const isNew = parseMark(config.description)?.building === true
  if (isNew && !context.machineClass)
    return blocked('ClassNotFound', `MachineClass "${context.machine.spec.className ?? ''}" is not there.`)
  const change = isNew ? differenceOf(context, config) : repairOf(context, config)
  const disk = bootDiskOf(config)
  const wanted = context.machine.spec.disk ?? 0
  const isToGrow = disk !== undefined && disk.bytes < wanted
  if (config.lock) {
    const isToChange = Object.keys(change).length > 0 || isToGrow || isBeingReshaped(context.machine)
    // One that runs and has all that it should have serves on while it is backed up or migrated.
    if (isToChange || (await hypervisor.status(vm))?.status !== 'running')
      return waiting('Locked', lockText(vm, config.lock), LOCK_PAUSE_MS)
    return done('Configured', describe(context))
  }
  if (Object.keys(change).length > 0) {
    await hypervisor.configure(vm, change)
    context.forgetConfig()
    return waiting('Configuring', 'The configuration is written.', 0)
  }
  if (isToGrow) {
    const upid = await hypervisor.resize(vm, disk.key, wanted)
    return noteTask(context, upid, 'Resizing', `The disk grows to ${formatBytes(wanted)}B.`)
  }
  const live = liveOf(config)
  ;(context.machine.status ??= {}).live = live
  if (Object.keys(live).length === 0) delete context.machine.status.live
  const left = isNew ? undefined : await reshape(context, vm, config)
  return left ?? (await otherShape(context, vm)) ?? done('Configured', describe(context))
}

function describe({ machine }: MachineContext): string {
  const { cores, memory = 0, disk = 0 } = machine.spec
  return `${cores} cores, ${formatBytes(memory)}B of memory, ${formatBytes(disk)}B of disk.`
}

/** Everything that a VM which has never run should have, and has not. */
function differenceOf(context: MachineContext, config: VmConfig): VmConfigChange {
  const { machine, machineClass } = context
  const { id } = machine.spec
  const wanted: Record<string, unknown> = { ...shapeDifference(config, machine.spec) }
  const cpuType = machineClass?.spec.cpuType
  if (cpuType && config.cpu !== cpuType) wanted['cpu'] = cpuType
  if (!/(^|,)(enabled=)?1(,|$)/.test(config.agent ?? '')) wanted['agent'] = 'enabled=1'
  if (config.serial0 !== 'socket') wanted['serial0'] = 'socket'
  const smbios = parsePropertyString('smbios1', config.smbios1 ?? '')
  if (smbios['uuid'] !== id) wanted['smbios1'] = printPropertyString('smbios1', { ...smbios, uuid: id })
  const disk = bootDiskOf(config)
  if (disk && config.boot !== `order=${disk.key}`) wanted['boot'] = `order=${disk.key}`
  Object.assign(wanted, networkDifference(config, machineClass), tagsDifference(context, config))
  wanted['description'] = withMark(config.description, markOf(context))
  const surplus = surplusKeys(config, machineClass)
  return { ...wanted, ...(surplus.length > 0 ? { delete: surplus.join(',') } : {}) } as VmConfigChange
}

/** What of a VM that is ours by its SMBIOS UUID a person has changed and we put right while it runs. */
function repairOf(context: MachineContext, config: VmConfig): VmConfigChange {
  const mark = parseMark(config.description)
  const isMarked = mark?.id === context.machine.spec.id && !mark.released
  return {
    ...(isMarked ? {} : { description: withMark(config.description, markOf(context)) }),
    ...tagsDifference(context, config),
  }
}

/** The class's tags, beside those of the template and of people. */
function tagsDifference(context: MachineContext, config: VmConfig): { tags?: string } {
  const have = (config.tags ?? '').split(/[;, ]+/).filter((tag) => tag !== '')
  const missing = (context.machineClass?.spec.tags ?? []).filter((tag) => !have.includes(tag))
  return missing.length > 0 ? { tags: [...have, ...missing].join(';') } : {}
}

/** Cards of the class, each with the MAC that the clone was given. */
function networkDifference(config: VmConfig, machineClass: MachineClass | undefined): Record<string, string> {
  const changes: Record<string, string> = {}
  for (const [index, network] of (machineClass?.spec.networks ?? []).entries()) {
    const key = `net${index}`
    const [, current] = entriesOf(config, new RegExp(`^${key}$`))[0] ?? []
    const before = parsePropertyString('net', current ?? '')
    const after = cardOf(network, before)
    if (!isSameCard(before, after)) changes[key] = printPropertyString('net', after)
  }
  return changes
}

type Card = ReturnType<typeof parsePropertyString>

function cardOf(network: MachineNetwork, { model = 'virtio', macaddr }: Card): Card {
  return {
    model,
    macaddr,
    bridge: network.bridge,
    tag: network.vlan,
    mtu: network.mtu,
    firewall: network.firewall,
  }
}

function isSameCard(before: Card, after: Card): boolean {
  const fields = new Set([...Object.keys(before), ...Object.keys(after)])
  // An absent switch is off.
  return [...fields].every((field) => (before[field] || false) === (after[field] || false))
}

/** Cards beyond the class's, and a cloud-init drive of the template: its volume has the label of our seed's. */
function surplusKeys(config: VmConfig, machineClass: MachineClass | undefined): string[] {
  const cards = machineClass?.spec.networks.length ?? 0
  const surplus = entriesOf(config, /^net\d+$/).filter(([key]) => Number(key.slice(3)) >= cards)
  const drives = entriesOf(config, /^(ide|sata|scsi)\d+$/).filter(([, drive]) =>
    /cloudinit/.test(drive.split(',')[0] ?? ''),
  )
  return [...surplus, ...drives].map(([key]) => key)
}

/** The disk that the VM boots from, with its size: the first disk of the boot order, else the first there is. */
function bootDiskOf(config: VmConfig): { key: DiskKey; bytes: number } | undefined {
  const order = /(?:^|,)order=([^,]*)/.exec(config.boot ?? '')?.[1]?.split(';') ?? []
  const disks = entriesOf(config, /^(scsi|virtio|sata|ide)\d+$/).flatMap(([key, text]) => {
    const { file, options } = parseDrive(key.replace(/\d+$/, ''), text)
    const bytes = parseSize(String(options['size'] ?? ''))
    return options['media'] === 'cdrom' || file === 'none' || bytes === undefined
      ? []
      : [{ key: key as DiskKey, bytes }]
  })
  return disks.find(({ key }) => order.includes(key)) ?? disks[0]
}
