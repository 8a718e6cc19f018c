import { privilegesWithheld } from './privileges.ts'
import type { Exchange as KubernetesExchange } from '../kubernetes/http/exchange.ts'
import type { Exchange as ProxmoxExchange } from '../proxmox/http/connection.ts'
import type { ProxmoxWorld } from '../proxmox/world.ts'
import { guestStops, kubeletStops } from './conditions/guests.ts'
import { hostLost, hostRemoved, lockHeld, storageFull, tokenGone } from './conditions/proxmox.ts'
import { certificateExpired, clockOffset, serverAway } from './conditions/servers.ts'
import type { Begin, End, FaultTargets } from './conditions/targets.ts'
import { Armed } from './occasion.ts'
import type { Occasion } from './occasion.ts'
import { readFault } from './read.ts'
import { faultKubernetes, isWatch, kubernetesOccasion } from './requests/kubernetes.ts'
import { faultProxmox, proxmoxOccasion } from './requests/proxmox.ts'
import type { AnswerProxmox } from './requests/proxmox.ts'
import { Watches } from './requests/watches.ts'
import type { BackEnd, Fault, FaultSpec, FaultWhat } from './spec.ts'
import { faultTask } from './tasks.ts'

/** The faults of a lab. They end with it. */
export interface Faults {
  /** Asks for a fault; it holds when this resolves. Rejects with a FaultError that names field, value and rule. */
  add(spec: FaultSpec): Promise<Fault>
  /** All that were asked for and not cleared, in that order; those that are spent or over too. */
  list(): Fault[]
  /** Ends one fault, or all. Resolves to how many that were. */
  clear(id?: string): Promise<number>
}

/** The faults with what the servers ask them. */
export interface LabFaults extends Faults {
  answerProxmox(world: ProxmoxWorld, exchange: ProxmoxExchange, next: AnswerProxmox): Promise<void>
  /** @param tenant `namespace/name`, of a tenant's server. */
  answerKubernetes(exchange: KubernetesExchange, next: () => Promise<void>, tenant?: string): Promise<void>
  /** Gives them the lab's parts, which are made after them. */
  attach(targets: FaultTargets): void
  close(): Promise<void>
}

/** What makes a state true that lasts, by kind of fault. */
const CONDITIONS: Partial<Record<FaultWhat['kind'], Begin>> = {
  'host-lost': hostLost,
  'host-removed': hostRemoved,
  'storage-full': storageFull,
  'lock-held': lockHeld,
  'token-expired': tokenGone,
  'token-revoked': tokenGone,
  'certificate-expired': certificateExpired,
  'guest-stops': guestStops,
  'kubelet-stops': kubeletStops,
  'clock-offset': clockOffset,
  'api-away': serverAway,
}

/** Makes the faults of a lab: none. */
export function createFaults(): LabFaults {
  const all = new Map<string, { armed: Armed; end: End | undefined; timer: NodeJS.Timeout | undefined }>()
  const watches = new Watches()
  let targets: FaultTargets | undefined
  let number = 0
  const striking = (backEnd: BackEnd, occasion: Occasion, isAsked: (what: FaultWhat) => boolean): Armed[] => {
    const found: Armed[] = []
    for (const { armed } of all.values())
      if (armed.spec.on.backEnd === backEnd && isAsked(armed.spec.what) && armed.strikes(occasion))
        found.push(armed)
    return found
  }
  const finish = async (id: string): Promise<void> => {
    const entry = all.get(id)
    if (entry === undefined) return
    clearTimeout(entry.timer)
    entry.armed.end()
    const { end } = entry
    entry.end = undefined
    await end?.()
  }
  const clear = async (id?: string): Promise<number> => {
    const ids = id === undefined ? [...all.keys()].toReversed() : all.has(id) ? [id] : []
    for (const each of ids) {
      await finish(each)
      all.delete(each)
    }
    return ids.length
  }
  return {
    async add(given) {
      if (targets === undefined) throw new Error('the lab is not up yet')
      const spec = readFault(given)
      const armed = new Armed(String(++number), spec)
      // A Kubernetes server knows its tokens by their users only: it refuses them request by request.
      const isRefusal = spec.what.kind.startsWith('token-') && spec.on.backEnd !== 'proxmox'
      const begin = isRefusal ? undefined : CONDITIONS[spec.what.kind]
      const end = await begin?.(armed, targets)
      const entry = { armed, end, timer: undefined as NodeJS.Timeout | undefined }
      all.set(armed.id, entry)
      const { when } = spec
      if (when?.for !== undefined) {
        entry.timer = setTimeout(() => void finish(armed.id).catch(() => {}), when.for)
        entry.timer.unref()
      }
      if (spec.what.kind === 'watch-drops') {
        watches.strike(armed)
        if (when === undefined) armed.end()
      }
      return armed.view()
    },
    list: () => [...all.values()].map(({ armed }) => armed.view()),
    clear,
    answerProxmox(world, exchange, next) {
      if (all.size === 0) return next(exchange)
      const found = striking('proxmox', proxmoxOccasion(world, exchange), isOfRequests)
      return found.reduceRight<AnswerProxmox>(
        (inner, { spec }) => faultProxmox(spec.what, inner),
        next,
      )(exchange)
    },
    answerKubernetes(exchange, next, tenant) {
      const backEnd = tenant === undefined ? 'kubernetes' : 'tenant'
      const occasion = kubernetesOccasion(exchange, tenant)
      if (isWatch(exchange))
        watches.add(
          { backEnd, occasion, exchange },
          striking(backEnd, occasion, ({ kind }) => kind === 'watch-drops'),
        )
      if (all.size === 0) return next()
      const found = striking(
        backEnd,
        occasion,
        (what) => isOfRequests(what) || what.kind.startsWith('token-'),
      )
      return found.reduceRight<() => Promise<void>>(
        (inner, { spec }) => faultKubernetes(spec.what, exchange, inner),
        next,
      )()
    },
    attach(parts) {
      targets = parts
      const { faults } = parts.world
      faults.runTask = (facts, work) => {
        const vmid = /^\d+$/.test(facts.id) ? Number(facts.id) : undefined
        const occasion: Occasion = { task: facts.type, node: facts.node, user: facts.user, vmid }
        return striking('proxmox', occasion, ({ kind }) => kind.startsWith('task-')).reduce(
          (inner, armed) => faultTask(armed, inner),
          work,
        )
      }
      faults.lacks = (identity, path) =>
        privilegesWithheld(
          [...all.values()].map(({ armed }) => armed),
          identity,
          path,
        )
    },
    async close() {
      await clear()
    },
  }
}

function isOfRequests({ kind }: FaultWhat): boolean {
  return kind === 'answer' || kind === 'delay' || kind === 'hang' || kind === 'reset'
}
