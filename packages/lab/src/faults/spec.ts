/** Which of the lab's servers a fault is about; `tenant` is the API server of a control plane. */
export type BackEnd = 'proxmox' | 'kubernetes' | 'tenant'

/** What a fault is about. Every field that is given must fit; one that is not given fits everything. */
export interface FaultOn {
  readonly backEnd: BackEnd
  /** `namespace/name` of a control plane, where `backEnd` is `tenant`. Default: all tenants. */
  readonly tenant?: string
  /** Method of a request; `WATCH` is a Kubernetes request with `watch=true`. */
  readonly method?: string
  /**
   * Path of a request: `/nodes/{node}/qemu/{vmid}/clone` (without `/api2/json`), `/api/v1/namespaces/{namespace}/secrets`. A part in braces
   * and `*` stand for one part of the path, `**` for any number.
   */
  readonly path?: string
  /** Who asks: `user@realm`, `user@realm!token`, or a Kubernetes user name. */
  readonly user?: string
  /** A Proxmox host. */
  readonly node?: string
  readonly vmid?: number
  /** A Proxmox storage. */
  readonly storage?: string
  /** Type of a task: `qmclone`, `qmstart`, `imgcopy`, … */
  readonly task?: string
}

/** When a fault strikes. Without any: each time, until it is cleared. */
export interface FaultWhen {
  /** From the n-th fitting occasion on, counted from 1; with `nth` alone only that one. */
  readonly nth?: number
  /** Only so many times. */
  readonly times?: number
  /** With this probability, more than 0 and at most 1. */
  readonly share?: number
  /** Of the dice that `share` throws; the same seed gives the same series. Default: drawn, and shown in the list. */
  readonly seed?: number
  /** Milliseconds of the wall clock after which it is over. */
  readonly for?: number
}

/** Before a request or task has had its effect, or after. */
export type Moment = 'before' | 'after'

/** What happens. Times are milliseconds of the wall clock, as clients count them, whatever the lab's speed. */
export type FaultWhat =
  /** Another answer. A Proxmox `reason` is the text after the status; `body` is sent as it is, objects as JSON. */
  | {
      readonly kind: 'answer'
      /** Default `before`. */
      readonly at?: Moment
      readonly status: number
      readonly reason?: string
      readonly body?: string | Readonly<Record<string, unknown>>
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly kind: 'delay'; readonly ms: number }
  /** No answer until the client gives up. */
  | { readonly kind: 'hang'; readonly at?: Moment }
  /** The connection breaks; `during`: after half of the body. */
  | { readonly kind: 'reset'; readonly at?: Moment | 'during' }
  /** A task ends with this exit status. */
  | { readonly kind: 'task-fails'; readonly at?: Moment; readonly exit: string }
  /** A task does not end until it is stopped or the fault is over. */
  | { readonly kind: 'task-hangs'; readonly at?: Moment }
  /** A task ends in `WARNINGS: 1`. */
  | { readonly kind: 'task-warns'; readonly text: string }
  /** Watches end: those that are open now and, with a `when`, those that begin later, `after` milliseconds after their beginning. */
  | {
      readonly kind: 'watch-drops'
      /** `reset` (default) breaks the connection, `end` ends the answer, `expired` sends the 410 event first. */
      readonly how?: 'reset' | 'end' | 'expired'
      readonly after?: number
    }
  /** A host is gone: `stop` (default) takes its VMs along, `run` only cuts it off from the others. */
  | { readonly kind: 'host-lost'; readonly vms?: 'stop' | 'run' }
  /** A host is gone for good, and somebody has taken it out of the cluster, as `pvecm delnode` does. What is left of its VMs is their list. */
  | { readonly kind: 'host-removed'; readonly vms?: 'stop' | 'run' }
  | { readonly kind: 'storage-full' }
  /** Somebody holds the lock of a VM or storage: `file` (default), or what a VM's configuration then says, as `backup`. */
  | { readonly kind: 'lock-held'; readonly lock?: string }
  | { readonly kind: 'token-expired' }
  | { readonly kind: 'token-revoked' }
  /** A user or token lacks a privilege, everywhere or on `path` and below. */
  | { readonly kind: 'token-loses'; readonly privilege: string; readonly path?: string }
  | { readonly kind: 'certificate-expired' }
  /** Guests turn themselves off: those that run, and those that boot later. */
  | { readonly kind: 'guest-stops' }
  /** Kubelets stand still: a booting guest never joins, a running one's Node turns NotReady. */
  | { readonly kind: 'kubelet-stops' }
  /** The clock of a back end is wrong by this much; of `proxmox`, that of the guests too. */
  | { readonly kind: 'clock-offset'; readonly ms: number }
  /** The server does not listen. */
  | { readonly kind: 'api-away' }

/** A fault as it is asked for: data, by every way the same. */
export interface FaultSpec {
  readonly on: FaultOn
  readonly when?: FaultWhen
  readonly what: FaultWhat
}

/** A fault that was asked for, and how it stands. */
export interface Fault extends FaultSpec {
  readonly id: string
  /** `active`, or why it does not strike any more: it was `spent` (`times`) or its time is `over` (`for`). */
  readonly state: 'active' | 'spent' | 'over'
  /** Occasions that fitted. */
  readonly seen: number
  /** How often it struck. */
  readonly struck: number
  /** When it was asked for, ISO 8601. */
  readonly since: string
}

/** A fault that cannot be: which field, what stands there, and what may. */
export class FaultError extends Error {
  override readonly name = 'FaultError'
  /** `what.status`. */
  readonly field: string
  readonly value: unknown
  readonly rule: string

  constructor(field: string, value: unknown, rule: string) {
    super(`${field}: ${value === undefined ? 'is not given' : JSON.stringify(value)}; ${rule}`)
    this.field = field
    this.value = value
    this.rule = rule
  }
}
