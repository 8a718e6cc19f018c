import { keyOf } from '../runtime/keys.ts'
import type { DrainResult, Tenant } from '@fochista/kamaji'
import { TenantControlPlane, TenantNotReadyError } from '@fochista/kamaji'
import {
  KubernetesConnectionError,
  Namespace,
  Node,
  type Informer,
  type InformerEvent,
  type Kind,
  type Kubernetes,
  type KubernetesObject,
} from '@fochista/kubernetes'
import type { ClusterResource, ObservedChange, Observer } from '@fochista/proxmox'
import { createControllers } from '../controllers.ts'
import { MachineClasses, Machines, NodePools, ProxmoxClusters } from '../kinds.ts'
import { createRetries } from '../machine/retries.ts'
import { createMissingVms } from '../machine/vanished.ts'
import { runSweeps } from '../orphans/controller.ts'
import { CLAIM_SWEEP_MS, sweepAddresses } from '../placement/sweep.ts'
import { createConnection, createConnections } from '../proxmox-cluster/connections.ts'
import { WritesForbiddenError, type Hypervisor } from '../proxmox-cluster/hypervisor.ts'
import { createBackground } from '../runtime/background.ts'
import { createVoice } from '../runtime/conditions.ts'
import { createFreshReader } from '../runtime/fresh.ts'
import { silentLogger } from '../runtime/logger.ts'
import { createKeyedMutex } from '../runtime/mutex.ts'
import { createRecorder } from '../runtime/recorder.ts'
import type { Tenants } from '../tenants/tenants.ts'
import { GIB, INSTALLATION } from '../test/factories.ts'
import type { World } from '../world.ts'
import { requireToken } from './rights.ts'
import type { Rules } from './rules.ts'
import type { End } from './stage.ts'
import type { Truth } from './truth.ts'
import { nextFault, type BackEnd, type Weather } from './weather.ts'

/** The controllers in one process, from its start to its sudden end. */
export interface Life {
  readonly isAlive: boolean
  /** Ends as a machine that loses its power: of what was asked no answer comes any more, and nothing more is asked. */
  kill(): void
  /** Loses the connection to Proxmox, and is given one again after a while. */
  disconnect(forMs: number): void
}

/** What a life is given. */
export interface LifeConfig {
  readonly truth: Truth
  readonly weather: Weather
  readonly rules: Rules
  /** Asked before and after each write whether the process dies there. */
  readonly diesAt: (when: End) => boolean
}

const WRITES = new Set([
  'create',
  'patch',
  'delete',
  'clone',
  'configure',
  'resize',
  'start',
  'shutdown',
  'stop',
  'reboot',
  'destroy',
  'uploadImage',
  'deleteVolume',
  'ensurePool',
  'createBootstrapToken',
  'deleteBootstrapTokens',
  'cordon',
  'drain',
  'deleteNode',
])

/** Starts the real controllers: their loops, queues, caches and sweeps, with clients that may fail, be slow, or never answer. */
export function startLife({ truth, weather, rules, diesAt }: LifeConfig): Life {
  const { time, chance, management } = truth
  let isAlive = true
  const abort = new AbortController()
  const clock = time.of(
    () => isAlive,
    () => weather.skewMs,
  )
  const kill = (): void => {
    isAlive = false
    // Nothing more is asked; who still sleeps would be kept for ever.
    abort.abort(new Error('killed'))
  }
  const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

  const call = async <T>(
    backEnd: BackEnd,
    name: string,
    args: readonly unknown[],
    run: () => Promise<T>,
  ): Promise<T> => {
    const isWrite = WRITES.has(name)
    // Who has broken a rule in a loop that needs no time would never be stopped by the next event.
    if (rules.violation) kill()
    if (!isAlive) return never()
    if (chance.percent(weather.slow)) {
      await time.sleep(chance.whole(1, 400))
      if (!isAlive) return never()
    }
    const fault = nextFault(weather, chance, backEnd)
    if (fault && (fault.when === 'before' || !isWrite)) {
      await time.sleep(fault.delayMs)
      if (!isAlive) return never()
      throw fault.error
    }
    if (isWrite && diesAt('before')) kill()
    const isLate = isAlive && isWrite && diesAt('late')
    if (isLate) {
      kill()
      await time.sleep(chance.whole(1, 40_000))
      truth.lateAt = time.now()
      if (name === 'uploadImage') truth.noteLateImage(String(args[2]))
    } else if (!isAlive) return never()
    if (backEnd === 'proxmox' && isWrite && isPaused())
      throw new WritesForbiddenError('ProxmoxCluster "dc1" is paused.')
    const after = isWrite ? rules.writing(backEnd, name, args) : undefined
    const answer = await run()
    after?.()
    // One that is dead already, whose write came late, dies no other's death.
    if (isWrite && isAlive && diesAt('after')) kill()
    if (fault && isAlive) {
      await time.sleep(fault.delayMs)
      if (isAlive) throw fault.error
    }
    return isAlive ? answer : never()
  }
  const isPaused = (): boolean => caches.proxmoxClusters.get(undefined, 'dc1')?.spec.paused === true
  /** The same object, each of whose calls goes through the weather. */
  const through = <T extends object>(backEnd: BackEnd, target: T, special: Partial<T> = {}): T =>
    new Proxy(target, {
      get: (_, name) => {
        if (name in special) return Reflect.get(special, name) as unknown
        const member = Reflect.get(target, name) as unknown
        if (typeof member !== 'function') return member
        return (...args: unknown[]) =>
          call(backEnd, String(name), args, () =>
            Promise.resolve(Reflect.apply(member, target, args) as unknown),
          )
      },
    })

  const follow = <T extends KubernetesObject>(kind: Kind<T>, from = management): Informer<T> => {
    const source = from.informer(kind)
    const shown = new Map<string, T>()
    const subscribers = new Set<(event: InformerEvent<T>) => void>()
    let isFirst = true
    let last = 0
    let onTheirWay = 0
    const tell = (event: InformerEvent<T>): void => {
      // Of an object that was not there the fake tells without naming it.
      if (!isAlive || !(event.object as T | undefined)) return
      const key = `${event.object.metadata.namespace ?? ''}/${event.object.metadata.name}`
      if (event.type === 'deleted') shown.delete(key)
      else shown.set(key, event.object)
      for (const subscriber of subscribers) subscriber(event)
    }
    const ends: (() => void)[] = []
    ends.push(
      source.subscribe((event) => {
        // Of a process that has died nobody listens any more.
        if (!isAlive) return ends[0]?.()
        // Some are told sooner than the write's own answer, the others in order, each a while after it has happened.
        if (isFirst || (onTheirWay === 0 && weather.lagMs === 0 && chance.percent(70))) return tell(event)
        last = Math.max(last, time.now() + chance.whole(0, weather.lagMs))
        onTheirWay += 1
        time.setTimeout(() => {
          onTheirWay -= 1
          tell(event)
        }, last - time.now())
      }),
    )
    isFirst = false
    return {
      ...source,
      get: (namespace, name) => shown.get(`${namespace ?? ''}/${name}`),
      list: () => [...shown.values()],
      subscribe: (listener) => {
        subscribers.add(listener)
        for (const object of shown.values()) listener({ type: 'added', object } as InformerEvent<T>)
        return () => subscribers.delete(listener)
      },
    }
  }

  const kubernetes = through<Kubernetes>('kubernetes', management.kubernetes)
  const hypervisor = through<Hypervisor>('proxmox', truth.hypervisor)
  const caches = {
    proxmoxClusters: follow(ProxmoxClusters),
    machineClasses: follow(MachineClasses),
    nodePools: follow(NodePools),
    machines: follow(Machines),
    controlPlanes: follow(TenantControlPlane),
    namespaces: follow(Namespace),
  }
  const connections = createConnections()
  const queue = { add: (_key: string): void => undefined }
  const world: World = {
    kubernetes,
    installation: INSTALLATION,
    clock,
    logger: silentLogger,
    // What is said is not what is tested here, and would be half of all calls.
    voice: createVoice({
      clock,
      recorder: { ...createRecorder({ kubernetes, clock, logger: silentLogger }), say: () => undefined },
    }),
    caches,
    machines: createFreshReader(kubernetes, Machines, caches.machines),
    nodePools: createFreshReader(kubernetes, NodePools, caches.nodePools),
    connections,
    tenants: createTenantsOf(),
    drains: createBackground<DrainResult>((key) => queue.add(key), clock),
    missing: createMissingVms(),
    retries: createRetries(clock),
    drifted: new Set(),
    placing: createKeyedMutex(),
  }
  const observer = createObserverOf()
  const connect = (): void => {
    const connection = createConnection({
      name: 'dc1',
      hypervisor,
      observer,
      storages: () => truth.proxmox.storages,
      clock,
      emit: (event) => connections.emit(event),
    })
    // A look at a task that runs changes nothing: one or two are enough, where the real record of times asks for a dozen.
    connections.set({
      ...connection,
      taskTimes: { ...connection.taskTimes, pause: () => chance.whole(100, 2500) },
    })
  }
  connect()
  const controllers = createControllers({
    world,
    proxmoxClusters: { reconcile: () => Promise.resolve(undefined), close: () => Promise.resolve() },
  })
  const machines = controllers.find(({ name }) => name === 'machine')?.queue
  queue.add = (key) => machines?.add(key)
  for (const controller of controllers) controller.start()
  const drifted = (key: string): void => {
    world.drifted.add(key)
    queue.add(key)
  }
  runSweeps(world, { drifted, orphans: new Map() }, abort.signal).catch(() => undefined)
  void sweepClaimsNowAndThen()
  return {
    get isAlive() {
      return isAlive
    },
    kill,
    disconnect: (forMs) => {
      connections.remove('dc1')
      clock.setTimeout(connect, forMs)
    },
  }

  async function sweepClaimsNowAndThen(): Promise<void> {
    for (;;) {
      await sweepAddresses(world).catch(() => undefined)
      await clock.sleep(CLAIM_SWEEP_MS)
    }
  }

  /** Lists that lag behind, as Proxmox's do. */
  function createObserverOf(): Observer {
    const listeners = new Set<(change: ObservedChange) => void>()
    let shown = new Map<number, ClusterResource>()
    let seen = -1
    let version = 1
    const look = (): void => {
      // A list that is refused stays as it was; without its privilege it is empty.
      if (seen === truth.changes || truth.rights.isRefused) return
      seen = truth.changes
      const before = shown
      shown = new Map(
        (truth.rights.lost.has('VM.Audit') ? [] : truth.proxmox.observer.vms()).map((vm) => {
          const vmid = vm.vmid ?? 0
          return [vmid, { ...vm, status: truth.listedStatus.get(vmid) ?? vm.status }] as const
        }),
      )
      for (const vmid of new Set([...before.keys(), ...shown.keys()])) {
        const [old, now] = [before.get(vmid), shown.get(vmid)]
        if (JSON.stringify(old) === JSON.stringify(now)) continue
        version += 1
        for (const listener of listeners)
          listener({ version, kind: 'vm', key: `qemu/${vmid}`, before: old, after: now })
      }
    }
    const tick = (): void => {
      look()
      clock.setTimeout(tick, 2000)
    }
    tick()
    const { proxmox } = truth
    return {
      ...proxmox.observer,
      // One of them alone has room for all that is asked for.
      nodes: () =>
        proxmox.observer
          .nodes()
          .filter(({ node }) => !truth.removedHosts.has(node ?? ''))
          .map((host) => ({ ...host, maxcpu: 128, maxmem: 512 * GIB })),
      vm: (vmid) => shown.get(vmid),
      vms: () => [...shown.values()],
      resources: () => [...shown.values()],
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      refresh: () =>
        call('proxmox', 'refresh', [], async () => {
          requireToken(truth.rights)
          look()
        }),
    }
  }

  /** The tenant clusters that stand behind the control planes now. */
  function createTenantsOf(): Tenants {
    const listeners = new Set<(namespace: string, cluster: string, node: string | undefined) => void>()
    const open = new Map<string, { uid: string; tenant: Tenant; nodes: Informer<Node>; since: number }>()
    const known = (namespace: string, cluster: string) => open.get(`${namespace}/${cluster}`)
    return {
      get: async (controlPlane) => {
        const key = keyOf(controlPlane)
        const truly = truth.tenants.get(key)
        if (!truly || truly.uid !== controlPlane.metadata.uid)
          throw new TenantNotReadyError('it has no kubeconfig yet')
        const have = open.get(key)
        if (have?.uid === truly.uid) return have.tenant
        const inner = await truly.fake.tenants.get(controlPlane)
        const { namespace = '', name } = controlPlane.metadata
        const nodes = follow(Node, truly.fake.api)
        const down = <T extends object>(target: T): T =>
          new Proxy(target, {
            get: (_, member) => {
              const own = Reflect.get(target, member) as unknown
              if (typeof own !== 'function') return own
              return (...args: unknown[]) => {
                if (truly.downUntil > time.now())
                  throw new KubernetesConnectionError('connect ECONNREFUSED', { code: 'ECONNREFUSED' })
                return Reflect.apply(own, target, args) as unknown
              }
            },
          })
        const tenant = through<Tenant>('tenant', down(inner), {
          kubernetes: through<Kubernetes>('tenant', down(inner.kubernetes)),
          nodes,
          deleteNode: (node: string, options?: { uid?: string }) =>
            call('tenant', 'deleteNode', [key, node], () => down(inner).deleteNode(node, options)),
        })
        open.set(key, { uid: truly.uid, tenant, nodes, since: time.now() })
        nodes.subscribe(({ object }) => {
          for (const listener of listeners) listener(namespace, name, object.metadata.name)
        })
        for (const listener of listeners) listener(namespace, name, undefined)
        return tenant
      },
      node: (namespace, cluster, name) => known(namespace, cluster)?.nodes.get(undefined, name),
      nodes: (namespace, cluster) => known(namespace, cluster)?.nodes.list() ?? [],
      answeringSince: (namespace, cluster) => {
        const truly = truth.tenants.get(`${namespace}/${cluster}`)
        if (!truly || truly.downUntil > time.now()) return undefined
        const since = known(namespace, cluster)?.since
        return since && Math.max(since, truly.downUntil)
      },
      forget: (namespace, cluster) => void open.delete(`${namespace}/${cluster}`),
      subscribe: (listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      close: () => Promise.resolve(),
    }
  }
}
