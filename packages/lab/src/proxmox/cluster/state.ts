import type { Firewall } from '../firewall/state.ts'
import type { Sections } from '../sections.ts'

/** A network interface of a host, as `/etc/network/interfaces` and the kernel show it. */
export type Interface = Readonly<Record<string, unknown>>

/** A container: its configuration as the file holds it, and whether it is on. */
export interface Container {
  readonly vmid: number
  node: string
  config: Record<string, string>
  /** Values that wait for the next start; undefined is a pending delete. */
  readonly pending: Map<string, string | undefined>
  running: boolean
  /** Milliseconds since 1970. */
  startedAt: number
  pid: number
  /** Snapshots by name, as the sections of the configuration file hold them; absent is none. */
  snapshots?: Map<string, Record<string, string>>
}

/** What the cluster's own configuration files hold. */
export interface ClusterState {
  /** `datacenter.cfg`: options as text. */
  readonly datacenter: Record<string, string>
  /** Authentication realms by name. */
  readonly realms: Map<string, Record<string, string>>
  /** `domains.cfg` exists: its digest is then not that of an empty file. */
  realmsFile: boolean
  readonly containers: Map<number, Container>
  /** By sid, `vm:100`. */
  readonly haResources: Map<string, Record<string, string>>
  readonly backupJobs: Map<string, Record<string, string>>
  /** Other files of sections, by name: `ha/rules`. */
  readonly files: Map<string, Sections>
  /** Configuration of each host, options as text. */
  readonly hostConfigs: Map<string, Record<string, string>>
  /** Interfaces of each host; without an entry a host has the world's bridges. */
  readonly interfaces: Map<string, Map<string, Interface>>
  /** Interfaces that wait for `apply`, by host. */
  readonly pendingInterfaces: Map<string, Map<string, Interface>>
  /** Firewalls: `cluster`, `node/pve1`, `group/web`. */
  readonly firewalls: Map<string, Firewall>
  /** Hosts that resolve but cannot be called: what calls for them get, and after how many milliseconds. */
  readonly unreachable: Map<string, { status: number; reason: string; after: number }>
  /** Certificates of each host, PEM: its own first, then those that vouch for it. */
  readonly certificates: Map<string, string[]>
  /** SHA-256 fingerprint of each host's certificate, `AA:BB:...`. */
  readonly fingerprints: Map<string, string>
  readonly dns: { search: string; dns1: string }
  /** No name server answers: an unknown host name takes six seconds to fail. */
  nameServerDown: boolean
  /** Lines of the cluster log, newest last. */
  readonly log: {
    id: number
    node: string
    time: number
    pri: number
    pid: number
    user: string
    tag: string
    msg: string
  }[]
}

/** The configuration of a cluster that nobody has changed. */
export function createClusterState(): ClusterState {
  return {
    datacenter: {},
    realms: new Map([
      ['pam', { type: 'pam', comment: 'Linux PAM standard authentication' }],
      ['pve', { type: 'pve', comment: 'Proxmox VE authentication server' }],
    ]),
    realmsFile: false,
    containers: new Map(),
    haResources: new Map(),
    backupJobs: new Map(),
    files: new Map(),
    hostConfigs: new Map(),
    interfaces: new Map(),
    pendingInterfaces: new Map(),
    firewalls: new Map(),
    unreachable: new Map(),
    certificates: new Map(),
    fingerprints: new Map(),
    dns: { search: 'lab.example', dns1: '192.0.2.1' },
    nameServerDown: false,
    log: [],
  }
}
