import {
  ANNOTATION_DELETE_FIRST,
  ANNOTATION_HOST_IS_DEAD,
  ANNOTATION_RELEASE,
  ANNOTATION_RESHAPE,
  ANNOTATION_WITH_DISKS,
  FINALIZER,
  getCondition,
  isTrue,
  parseMark,
  type Machine,
  type NodePool,
} from '@fochista/api'
import { TenantControlPlane } from '@fochista/kamaji'
import { Lease, Node } from '@fochista/kubernetes'
import { MachineClasses } from '../kinds.ts'
import { tokenDescription } from '../machine/seed.ts'
import { isOutdated } from '../node-pool/rollout.ts'
import { reshapingOf } from '../node-pool/way.ts'
import type { VmRef } from '../proxmox-cluster/hypervisor.ts'
import { createReplacementRules } from './replacement.ts'
import type { Truth } from './truth.ts'
import type { BackEnd, Weather } from './weather.ts'

/** Something happened that must never happen. */
export class ViolationError extends Error {
  override readonly name = 'ViolationError'
  /** One word: which rule. */
  readonly rule: string
  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`)
    this.rule = rule
  }
}

/** What holds at every moment. */
export interface Rules {
  /** Called before each write of the controllers takes effect. @returns called after it has */
  writing(backEnd: BackEnd, name: string, args: readonly unknown[]): (() => void) | undefined
  /** Called after whatever a command did: what a person does is no fault of ours. */
  noteCommand(): void
  /** What was broken first; writes of the controllers go on, so that it is asked for. */
  readonly violation: ViolationError | undefined
}

/** How long a controller may act on what it saw before: its watch lags, and its calls take their time. */
const CALM_WINDOW_MS = 6000
const ROUGH_WINDOW_MS = 150_000

/** So many writes in one second are a loop that nothing slows down. */
const STORM = 400

/** So many events at once, without a moment that passes, are a loop that never ends. */
const MOST_AT_ONCE = 20_000

/** So many tries in a minute to create what the server refuses each time are a loop that nothing slows down. */
const MOST_REFUSED = 60

interface Seen {
  readonly at: number
  readonly pool: NodePool
}

/** Makes the rules of a world. */
export function createRules(truth: Truth, weather: Weather): Rules {
  const { time, management, proxmox } = truth
  let violation: ViolationError | undefined
  const must = (holds: boolean, rule: string, message: string): void => {
    if (!holds) violation ??= new ViolationError(rule, message)
  }
  const replacement = createReplacementRules(truth, weather, must)
  /** What each pool has asked for, oldest first. */
  const asked = new Map<string, Seen[]>()

  const keyOfPool = ({ metadata }: NodePool): string => `${metadata.namespace}/${metadata.name}`

  const notePools = (): void => {
    for (const pool of truth.pools()) {
      const history = asked.get(keyOfPool(pool)) ?? []
      asked.set(keyOfPool(pool), history)
      const last = history.at(-1)
      if (
        last?.pool.metadata.generation === pool.metadata.generation &&
        last?.pool.metadata.uid === pool.metadata.uid
      )
        continue
      history.push({ at: time.now(), pool })
    }
  }
  const windowMs = (): number => (weather.roughUntil > time.now() ? ROUGH_WINDOW_MS : CALM_WINDOW_MS)
  /**
   * What was on the lips of one who leads no more, a Machine to be made or to go, comes on top of what is reckoned with: nobody can call it
   * back, and who leads now has not seen it yet.
   */
  const allowance = (): number => (time.now() - truth.lateAt < windowMs() ? 1 : 0)
  /** What is written in this moment, one has sent who is dead by now, and knows nothing of what has come since. */
  const isLate = (): boolean => truth.lateAt === time.now()
  /** What a pool asks for, and what it asked for a moment ago. */
  const recent = (key: string): NodePool[] => {
    const since = time.now() - windowMs()
    const history = asked.get(key) ?? []
    const firstAfter = history.findIndex(({ at }) => at > since)
    return history.slice(firstAfter < 0 ? -1 : Math.max(0, firstAfter - 1)).map(({ pool }) => pool)
  }

  /** When Machines came to be Ready, or ceased to be, by the world's clock: that of the controllers may be wrong. By id. */
  const changedAt = new Map<string, number>()
  const readinessChangedAt = ({ spec }: Machine): number => changedAt.get(spec.id) ?? 0
  const noteReadiness = (before: Machine | undefined, after: Machine | undefined): void => {
    if (after && isTrue(after, 'Ready') !== (before !== undefined && isTrue(before, 'Ready')))
      changedAt.set(after.spec.id, time.now())
  }

  const stayingOf = (machine: Machine): Machine[] =>
    truth
      .machines()
      .filter(
        ({ metadata, spec }) =>
          spec.nodePoolName === machine.spec.nodePoolName &&
          metadata.namespace === machine.metadata.namespace &&
          metadata.deletionTimestamp === undefined,
      )

  const requireUnique = (): void => {
    // Who brings a Machine back whose VMID or address is given away in this very moment has made it twice himself.
    if (time.now() - truth.restoredAt < windowMs()) return
    const vmids = new Map<number, string>()
    const addresses = new Map<string, string>()
    for (const { metadata, spec } of truth.machines()) {
      if (spec.vmid !== undefined) {
        must(
          !vmids.has(spec.vmid),
          'vmid-twice',
          `VMID ${spec.vmid} is of ${vmids.get(spec.vmid)} and of ${metadata.name}`,
        )
        vmids.set(spec.vmid, metadata.name)
      }
      for (const { address } of spec.addresses ?? []) {
        must(
          !addresses.has(address),
          'address-twice',
          `${address} is of ${addresses.get(address)} and of ${metadata.name}`,
        )
        addresses.set(address, metadata.name)
      }
    }
  }

  /** A Machine that is no more left nothing behind. */
  const requireNothingLeft = (machine: Machine): void => {
    const { id } = machine.spec
    const { name } = machine.metadata
    if (machine.metadata.annotations?.[ANNOTATION_RELEASE] !== undefined) {
      const vm = truth.madeOf(id)
      if (vm) vm.released = true
      // Node, token and seed of a VM that is let go are its keeper's.
      truth.released.add(id)
      truth.leftNodes.add(name)
      return
    }
    const vms = [...truth.made].filter(
      (one) => one.id === id && !one.released && proxmox.vms.get(one.vm.vmid) === one.vm,
    )
    must(vms.length === 0, 'vm-left', `${name} is gone and its VM ${vms[0]?.vm.vmid} is there`)
    const image = [...proxmox.images].find((volid) => volid.includes(`fochista-${id}-`))
    // What lies on a host that a person has called dead is out of reach.
    const isHostDead = machine.metadata.annotations?.[ANNOTATION_HOST_IS_DEAD] !== undefined
    if (isHostDead) truth.released.add(id)
    must(image === undefined || isHostDead, 'image-left', `${name} is gone and ${image} is there`)
    const lease = management.all(Lease).find(({ spec }) => spec?.holderIdentity?.endsWith(id))
    must(
      lease === undefined,
      'address-left',
      `${name} is gone and its claim ${lease?.metadata.name} is there`,
    )
    const tenant = truth.tenants.get(`${machine.metadata.namespace}/${machine.spec.clusterName}`)
    const controlPlane = management.read(
      TenantControlPlane,
      machine.spec.clusterName ?? '',
      machine.metadata.namespace,
    )
    // A tenant that does not answer is waited for, but not for ever; then an Event says that the Node may be left.
    if (weather.roughUntil > time.now() - 900_000) truth.leftNodes.add(name)
    if (!tenant || controlPlane?.metadata.deletionTimestamp || weather.roughUntil > time.now() - 900_000)
      return
    must(
      !tenant.fake.tokens.has(tokenDescription(id)),
      'token-left',
      `${name} is gone and its token is there`,
    )
    must(tenant.fake.api.read(Node, name) === undefined, 'node-left', `${name} is gone and its Node is there`)
  }

  const requireUnpaused = ({ metadata, spec }: Machine, specs: readonly NodePool[]): void =>
    must(
      specs.length === 0 || specs.some((pool) => !pool.spec.paused) || isLate(),
      'paused',
      `${metadata.name} is made or asked to go while pool ${spec.nodePoolName} is paused`,
    )

  /** A Machine is only asked to go for a reason. */
  const requireCause = (machine: Machine): void => {
    const { namespace = '', name } = machine.metadata
    const key = `${namespace}/${machine.spec.nodePoolName}`
    const pool = truth.pool(machine.spec.nodePoolName, namespace)
    const controlPlane = management.read(TenantControlPlane, machine.spec.clusterName ?? '', namespace)
    const isEnding =
      pool?.metadata.deletionTimestamp !== undefined ||
      !controlPlane ||
      controlPlane.metadata.deletionTimestamp !== undefined
    // What a person has just taken away may still be counted.
    const isDisturbed = time.now() - Math.max(truth.takenAt, truth.restoredAt) < windowMs()
    if (isEnding || isDisturbed) return
    const specs = recent(key)
    requireUnpaused(machine, specs)
    const staying = stayingOf(machine)
    const fewest = Math.min(...specs.map(({ spec }) => spec.replicas ?? 1))
    const outdated = specs.some((one) => isOld(one, machine))
    if (machine.status?.failure !== undefined) {
      if (staying.length <= fewest && !outdated) replacement.require(machine, specs, staying, windowMs())
      return
    }
    must(
      staying.length > fewest - allowance() || outdated,
      'no-cause',
      `${name} is asked to go, of ${staying.length} machines where ${fewest} are wanted`,
    )
    if (!isTrue(machine, 'Ready') || machine.metadata.annotations?.[ANNOTATION_DELETE_FIRST] !== undefined)
      return
    // One that has just become Ready was none when it was chosen: the call has taken its time.
    if (time.now() - readinessChangedAt(machine) < CALM_WINDOW_MS) return
    // One that was Ready a moment ago may still be taken for it.
    const wasReady = (one: Machine): boolean => {
      const said = getCondition(one, 'Ready')
      if (!said && time.now() - truth.forgottenAt < windowMs()) return true
      return said?.status === 'True' || time.now() - readinessChangedAt(one) < CALM_WINDOW_MS
    }
    const readyAfter = staying.filter(wasReady).length - 1
    const least = Math.min(
      ...specs.map(({ spec }) => (spec.replicas ?? 1) - Number(spec.rollout?.maxUnavailable ?? 0)),
    )
    // Scaling down takes what is not Ready first, and more than is wanted need not stay.
    must(
      readyAfter >= Math.min(least, fewest) - allowance(),
      'unavailable',
      `${name} is asked to go and leaves ${readyAfter} Ready, at least ${least} must be: ${staying.map((one) => `${one.metadata.name} ${getCondition(one, 'Ready')?.reason}`).join(', ')}`,
    )
  }

  /** The pool asks for another machine, or for one of another shape, in whose place another may stand by then. */
  const isOld = (pool: NodePool, machine: Machine): boolean => {
    const machineClass = management.read(MachineClasses, pool.spec.className ?? '')
    return (
      isOutdated(pool, machineClass, machine, time.now()) ||
      reshapingOf(pool, machineClass, machine) !== undefined
    )
  }

  /** Nothing of a made Machine's spec changes but the shape, and its disk only grows. */
  const requireSameMachine = (before: Machine, after: Machine): void => {
    if (!before.spec.made) return
    const fixed = ({ cores: _c, memory: _m, disk: _d, asked: _a, ...rest }: Machine['spec']): string =>
      JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))
    must(
      fixed(before.spec) === fixed(after.spec) && (after.spec.disk ?? 0) >= (before.spec.disk ?? 0),
      'made-changed',
      `${before.metadata.name} is made, and its spec is changed`,
    )
  }

  /** Leave to reboot is given to no more Ready machines than may be missing. */
  const requireSpare = (machine: Machine): void => {
    const { namespace = '', name } = machine.metadata
    if (!isTrue(machine, 'Ready')) return
    const isDisturbed = time.now() - Math.max(truth.takenAt, truth.restoredAt) < windowMs()
    if (isDisturbed) return
    const specs = recent(`${namespace}/${machine.spec.nodePoolName}`)
    const serving = stayingOf(machine).filter((one) => {
      const said = getCondition(one, 'Ready')
      const wasReady = time.now() - readinessChangedAt(one) < windowMs()
      const isUnseen = !said && time.now() - truth.forgottenAt < windowMs()
      return (
        one.metadata.name !== name &&
        one.metadata.annotations?.[ANNOTATION_RESHAPE] !== 'reboot' &&
        (said?.status === 'True' || wasReady || isUnseen)
      )
    }).length
    const least = Math.min(...specs.map(({ spec }) => (spec.replicas ?? 1) - leastMissing(spec.rollout)))
    must(
      serving >= least - allowance(),
      'reboots-at-once',
      `${name} may be rebooted and leaves ${serving} serving, at least ${least} must be`,
    )
  }
  /** Where nothing may be missing and none more may be made, one may be missing. */
  const leastMissing = ({ maxSurge = 1, maxUnavailable = 0 }: NodePool['spec']['rollout'] = {}): number =>
    Number(maxSurge) === 0 && Number(maxUnavailable) === 0 ? 1 : Number(maxUnavailable)

  const requireRoom = (machine: Machine): void => {
    // What a person has just brought back, or changed, may not be seen yet.
    if (time.now() - Math.max(truth.restoredAt, truth.quotaChangedAt) < windowMs()) return
    const { namespace = '' } = machine.metadata
    const quota = management.read(MachineClasses, machine.spec.className ?? '')?.spec.quota?.machines
    const ofClass = truth
      .machines()
      .filter(
        ({ metadata, spec }) => metadata.namespace === namespace && spec.className === machine.spec.className,
      )
    must(
      quota === undefined || ofClass.length <= quota + allowance(),
      'quota',
      `${ofClass.length} machines of class ${machine.spec.className} in ${namespace}, the last ${machine.metadata.name}`,
    )
    const specs = recent(`${namespace}/${machine.spec.nodePoolName}`)
    requireUnpaused(machine, specs)
    const most =
      allowance() +
      Math.max(...specs.map(({ spec }) => (spec.replicas ?? 1) + Number(spec.rollout?.maxSurge ?? 1)))
    const staying = stayingOf(machine)
    must(
      staying.length <= most,
      'surge',
      `${staying.length} machines of ${machine.spec.nodePoolName}, at most ${most} may be`,
    )
  }

  const requireOurs = (name: string, { vmid }: VmRef, change: unknown): void => {
    const vm = proxmox.vms.get(vmid)
    if (!vm) return
    const one = truth.madeAt(vmid)
    // What a clone leaves that ran while its machine was let go is taken away, as the machine's last words have said.
    const isLeftHalfMade =
      name === 'destroy' && one?.released && parseMark(String(vm.config['description']))?.building
    if (isLeftHalfMade) return
    // What was sent before a VM was let go may come after that.
    if (one?.released && isLate()) return
    // That a VM is let go may be written once more, late, by one who leads no more: it says what is so.
    const { description } = (change ?? {}) as { description?: string }
    const isSaidAgain = name === 'configure' && one?.released && parseMark(description ?? '')?.released
    if (isSaidAgain && allowance() > 0) return
    must(one !== undefined && !one.released, 'foreign-touched', `${name} of VM ${vmid}, which is not ours`)
    if (!one) return
    const machine = truth.machine(one.machine, one.namespace)
    const isLeaving = machine?.metadata.deletionTimestamp !== undefined
    const isMeant = machine?.metadata.annotations?.[ANNOTATION_WITH_DISKS] !== undefined
    if (name === 'destroy' && (one.diskAt ?? time.now()) < time.now() - windowMs())
      must(isMeant, 'disk-lost', `VM ${vmid} of ${one.machine} is destroyed with the disk of a person`)
    if (name === 'destroy' && machine?.spec.id === one.id)
      must(isLeaving, 'destroyed', `VM ${vmid} of ${one.machine}, which is to stay`)
    // Of a Machine that was lost in this very moment a look may still be under way.
    const isJustLost = !machine && time.now() - truth.takenAt < windowMs()
    if (['stop', 'shutdown', 'reboot'].includes(name) && !isLeaving && !isJustLost) {
      const node = truth.tenants.get(`${one.namespace}/${one.cluster}`)?.fake.api.read(Node, one.machine)
      // One that has registered in this very moment has no pods yet, and nobody has heard of it.
      const isServing =
        node?.status?.conditions?.[0]?.status === 'True' &&
        node.spec?.providerID?.endsWith(`/${vmid}`) &&
        (one.registeredAt ?? 0) < time.now() - windowMs()
      const mayReboot = machine?.metadata.annotations?.[ANNOTATION_RESHAPE] === 'reboot' && name !== 'stop'
      must(
        !isServing || (mayReboot && node.spec?.unschedulable === true) || isLate(),
        'stopped',
        `${name} of VM ${vmid} of ${one.machine}, which serves`,
      )
    }
  }

  const requireNoTwin = (newid: number, description: string): void => {
    const twin = [...truth.made].find(
      (one) => !one.released && proxmox.vms.get(one.vm.vmid) === one.vm && description.includes(one.id),
    )
    // Of one VMID Proxmox makes one VM, however often it is asked.
    must(
      twin === undefined || twin.vm.vmid === newid || isLate(),
      'vm-twice',
      `VM ${newid} is made for ${twin?.machine}, which has VM ${twin?.vm.vmid}`,
    )
    must(newid >= 400 && newid <= 459, 'range', `VM ${newid} is out of our range`)
  }

  /** One clone at once on a host's own storage. */
  const requireFreeStorage = (node: string): void => {
    // One whose Machine was lost is nobody's to count.
    // One that is let go while it is cloned counts no more either.
    const wanted = new Set(
      truth
        .machines()
        .filter(({ metadata }) => metadata.annotations?.[ANNOTATION_RELEASE] === undefined)
        .map(({ spec }) => spec.vmid),
    )
    const running = proxmox.tasks.filter(
      (task) =>
        task.state === 'running' &&
        task.type === 'qmclone' &&
        task.node === node &&
        wanted.has(Number(/with ID (\d+)/.exec(task.head)?.[1])),
    )
    must(running.length <= 1 + allowance(), 'clones-at-once', `${running.length} clones run on ${node}`)
  }

  const requireStopped = (key: string, name: string): void => {
    const one = [...truth.made].find(
      (vm) => vm.machine === name && `${vm.namespace}/${vm.cluster}` === key && !vm.released,
    )
    if (!one || proxmox.vms.get(one.vm.vmid) !== one.vm) return
    const machine = truth.machine(name, one.namespace)
    const since = Date.parse(machine?.metadata.deletionTimestamp ?? '')
    must(
      one.seenStopped !== undefined && one.seenStopped >= since,
      'node-deleted',
      `Node ${name} is deleted and its VM ${one.vm.vmid} was not seen stopped`,
    )
  }

  const writes = { second: 0, count: 0 }
  /** When something was to be created in a namespace that is being deleted, the oldest first. */
  const refused: number[] = []
  notePools()
  return {
    get violation() {
      must(time.atOnce < MOST_AT_ONCE, 'spins', `${MOST_AT_ONCE} events have happened in one moment`)
      return violation
    },
    noteCommand: notePools,
    writing: (backEnd, name, args) => {
      const second = Math.floor(time.now() / 1000)
      if (second !== writes.second) Object.assign(writes, { second, count: 0 })
      writes.count += 1
      must(writes.count < STORM, 'storm', `${STORM} writes in a second, the last ${backEnd} ${name}`)
      if (backEnd === 'proxmox') {
        if (name === 'clone') {
          const [template, params] = args as [VmRef, { newid: number; description: string }]
          requireNoTwin(params.newid, params.description)
          return () => requireFreeStorage(template.node)
        }
        if (['configure', 'resize', 'start', 'stop', 'shutdown', 'reboot', 'destroy'].includes(name))
          requireOurs(name, args[0] as VmRef, args[1])
        return undefined
      }
      if (backEnd === 'tenant') {
        if (name === 'deleteNode') requireStopped(String(args[0]), String(args[1]))
        return undefined
      }
      const [kind, ref] = args as [
        { plural: string },
        { name: string; namespace: string; metadata?: { name: string; namespace: string } },
      ]
      if (name === 'create' && truth.ending.has(ref.metadata?.namespace ?? '')) {
        refused.push(time.now())
        while ((refused[0] ?? 0) < time.now() - 60_000) refused.shift()
        must(
          refused.length < MOST_REFUSED,
          'refused-again',
          `${MOST_REFUSED} objects were to be created in a minute in a namespace that is being deleted`,
        )
      }
      if (kind.plural === 'nodepools' && name === 'patch') {
        const before = truth.pool(ref.name, ref.namespace)
        return () => {
          if (!before || truth.pool(ref.name, ref.namespace)) return
          const left = truth
            .machines()
            .filter(
              ({ metadata, spec }) => spec.nodePoolName === ref.name && metadata.namespace === ref.namespace,
            )
          must(
            left.length === 0,
            'pool-left',
            `pool ${ref.name} is gone and ${left.length} machines are there`,
          )
        }
      }
      if (kind.plural !== 'machines') return undefined
      const { name: machineName, namespace } = ref.metadata ?? ref
      const before = truth.machine(machineName, namespace)
      if (name === 'delete' && before && !before.metadata.deletionTimestamp) requireCause(before)
      return () => {
        const after = truth.machine(machineName, namespace)
        noteReadiness(before, after)
        replacement.note(before, after)
        if (before?.metadata.finalizers?.includes(FINALIZER) && !after) requireNothingLeft(before)
        if (name === 'create' && after) requireRoom(after)
        if (name === 'patch' && before && after) {
          requireSameMachine(before, after)
          const hasLeave = ({ metadata }: Machine): boolean =>
            metadata.annotations?.[ANNOTATION_RESHAPE] === 'reboot'
          if (!hasLeave(before) && hasLeave(after)) requireSpare(before)
        }
        requireUnique()
      }
    },
  }
}
