import {
  classProblems,
  CONDITION,
  FINALIZER,
  machineClassCan,
  printProblem,
  type MachineClass,
} from '@fochista/api'
import { templatesOf } from '../placement/templates.ts'
import { MachineClasses } from '../kinds.ts'
import { copyOf } from '../runtime/copy.ts'
import { addFinalizer, hasFinalizer, isDeleting, removeFinalizer } from '../runtime/finalizers.ts'
import { patchIfChanged } from '../runtime/patch.ts'
import type { Result } from '../runtime/queue.ts'
import type { World } from '../world.ts'

/** Templates come and go in Proxmox without a word to the class. */
const LOOK_MS = 60_000

/** Says whether a class can be used, and keeps it while pools name it. An edit of it changes nothing that runs. */
export async function reconcileMachineClass(world: World, key: string): Promise<Result | undefined> {
  const { caches, kubernetes, voice } = world
  const before = caches.machineClasses.get(undefined, key.slice(1))
  if (!before) return undefined
  const machineClass = copyOf(before)
  if (isDeleting(machineClass)) {
    if (!hasFinalizer(machineClass, FINALIZER)) return undefined
    const asked = { ...machineClass, metadata: { ...machineClass.metadata } }
    delete asked.metadata.deletionTimestamp
    const inUse = machineClassCan.delete.reason(asked, caches.nodePools.list())
    if (inUse === undefined) removeFinalizer(machineClass, FINALIZER)
    else voice.no(machineClass, CONDITION.ready, 'InUse', `${inUse}. It goes when they no longer name it.`)
  } else {
    addFinalizer(machineClass, FINALIZER)
    const problem = problemOf(world, machineClass)
    if (problem) voice.no(machineClass, CONDITION.ready, ...problem)
    else voice.yes(machineClass, CONDITION.ready, 'Ready', 'It can be used.')
  }
  if (machineClass.metadata.generation !== undefined)
    (machineClass.status ??= {}).observedGeneration = machineClass.metadata.generation
  await patchIfChanged(kubernetes, MachineClasses, before, machineClass)
  return { requeueAfterMs: LOOK_MS }
}

function problemOf({ caches, connections }: World, machineClass: MachineClass): [string, string] | undefined {
  const [problem] = classProblems(machineClass)
  if (problem) return ['NotAllowed', printProblem(problem)]
  const { proxmoxClusterName } = machineClass.spec
  if (!caches.proxmoxClusters.get(undefined, proxmoxClusterName))
    return ['ProxmoxClusterNotFound', `ProxmoxCluster "${proxmoxClusterName}" is not there.`]
  const connection = connections.get(proxmoxClusterName)
  if (!connection) return ['ProxmoxUnreachable', `Waiting for Proxmox cluster "${proxmoxClusterName}".`]
  if (templatesOf(machineClass, connection.observer.vms()).length === 0)
    return ['TemplateNotFound', 'No VM that is a template and matches spec.template is listed in Proxmox.']
  return undefined
}
