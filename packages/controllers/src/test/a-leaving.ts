import type { Machine } from '@fochista/api'
import { Machines } from '../kinds.ts'
import { aWorld, type Given } from './a-world.ts'
import { aMachine, markOf, placed } from './factories.ts'
import { settled } from './manual-clock.ts'

/** What a machine is like that is asked to go. */
interface Options extends Given {
  /** Whether its Node is there. @default true */
  hasJoined?: boolean
  status?: 'running' | 'stopped'
  config?: Record<string, string | number>
  spec?: Partial<Machine['spec']>
}

/** A world whose machine has joined and is asked to go. */
export function aLeaving({
  hasJoined = true,
  status = 'running',
  config = {},
  spec = {},
  ...given
}: Options = {}) {
  const world = aWorld(given)
  const machine = world.has(aMachine({ spec: { ...placed, made: true, ...spec } }))
  const vm = world.proxmox.has({
    vmid: 412,
    status,
    config: {
      scsi0: 'local-lvm:vm-412-disk-0,size=20G',
      ide2: 'none,media=cdrom',
      smbios1: `uuid=${machine.spec.id}`,
      description: markOf(machine),
      ...config,
    },
  })
  if (hasJoined) world.tenant.joins(machine)
  const leave = (annotations: Record<string, string> = {}): void => {
    world.management.change(Machines, machine.metadata, (one) => {
      one.metadata.annotations = annotations
      one.metadata.deletionTimestamp ??= new Date(world.clock.now()).toISOString()
    })
  }
  const looks = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn += 1) {
      await world.look(machine)
      await settled()
    }
  }
  const reason = (): string | undefined => world.condition('Ready')?.reason
  const message = (): string => world.condition('Ready')?.message ?? ''
  leave()
  return { world, machine, vm, leave, looks, reason, message }
}
