import { randomBytes } from 'node:crypto'
import { createCa, createKeys } from '../pki.ts'
import type { KeyPair } from '../pki.ts'
import type { Block } from '../tenant/network.ts'
import type { Credentials } from '../worlds/seed.ts'
import { Journal } from './journal.ts'
import { own } from './owner.ts'

/** What a lab has for all its life: made once, kept with its state. */
export interface Identity {
  /** Of the management cluster's administrator, and of the lab's own endpoint. */
  readonly tokens: { readonly kubernetes: string; readonly lab: string }
  readonly cas: { readonly kubernetes: KeyPair; readonly etcd: KeyPair; readonly proxmox: KeyPair }
  /** Signs service account tokens; PEM. */
  readonly accountsKey: string
  /** Signs Proxmox tickets. */
  readonly ticketKey: string
}

/** What a lab came to have when it started first, and has again whenever it starts. */
export interface Settled {
  readonly ports: { readonly proxmox: number; readonly kubernetes: number; readonly lab: number }
  /** Where its load balancers' addresses are. */
  readonly block: Block
  readonly credentials: Credentials
  /** That the Proxmox API shows: clients pin it. */
  readonly certificate: KeyPair
}

/** Makes what a lab has for all its life. */
export async function createIdentity(): Promise<Identity> {
  const secret = (): string => randomBytes(24).toString('base64url')
  const [kubernetes, etcd, proxmox, keys] = await Promise.all([
    createCa({ commonName: 'fochista-lab' }),
    createCa({ commonName: 'etcd-ca' }),
    createCa({ commonName: 'pve-cluster-manager-ca' }),
    createKeys(),
  ])
  return {
    tokens: { kubernetes: secret(), lab: secret() },
    cas: { kubernetes, etcd, proxmox },
    accountsKey: keys.privatePem,
    ticketKey: randomBytes(32).toString('hex'),
  }
}

/** The state of a lab in a folder. */
export interface LabState {
  readonly journal: Journal
  readonly identity: Identity
  /** Undefined until the lab has been up once. */
  readonly settled: Settled | undefined
  /** Keeps what the lab has come to: from then on it comes back as it was. */
  settle(settled: Settled): void
  close(): void
}

/**
 * Opens the state in a folder, or begins one.
 * @throws StateInUseError when another lab runs with it; JournalError when it is damaged.
 */
export async function openState(folder: string): Promise<LabState> {
  const disown = own(folder)
  try {
    const journal = new Journal(folder)
    const settled = journal.get('settled') as Settled | undefined
    // A lab that was killed before it was up has acknowledged nothing: it begins anew.
    if (settled === undefined) journal.drop('')
    const known = journal.get('identity') as Identity | undefined
    const identity = known ?? (await createIdentity())
    journal.put([['identity', JSON.stringify(identity)]])
    return {
      journal,
      identity,
      settled,
      settle: (now) => journal.put([['settled', JSON.stringify(now)]]),
      close() {
        journal.close()
        disown()
      },
    }
  } catch (error) {
    disown()
    throw error
  }
}
