import { answers, proxmox, type Fault } from './scenario.ts'

/** A back end that fails each time, and how often it may be asked meanwhile. */
export interface Outage {
  readonly name: string
  readonly fault: Fault
  /** The request by which it is tried. @default what the fault is on */
  readonly tried?: object
  /**
   * Requests that may be made in so many seconds, of a minute at most: the pauses after failures double, and who fails for one cause shares
   * them, so that two machines ask no more often than each alone would whose pauses double without end.
   */
  readonly most: (seconds: number) => number
}

const doublings = (seconds: number): number => Math.ceil(Math.log2(seconds / 0.25)) + 1

/** Each is put before a pool that is to grow by two machines. */
export const outages: readonly Outage[] = [
  {
    name: 'clones fail each time',
    fault: {
      on: proxmox('POST', '/nodes/{node}/qemu/{vmid}/clone'),
      what: answers(500, 'got no worker upid - start worker failed'),
    },
    most: (seconds) => 2 * doublings(seconds),
  },
  {
    name: 'the tasks of clones fail each time',
    fault: {
      on: { backEnd: 'proxmox', task: 'qmclone' },
      what: { kind: 'task-fails', exit: 'clone failed: no space left on device' },
    },
    tried: proxmox('POST', '/nodes/{node}/qemu/{vmid}/clone'),
    // One try each, then one in six seconds on each of two hosts after two shorter pauses.
    most: (seconds) => 2 * (3 + Math.ceil(seconds / 6)),
  },
  {
    name: 'Proxmox answers every request with an error',
    fault: { on: { backEnd: 'proxmox' }, what: answers(500, 'Internal Server Error') },
    // Three machines, whose look may ask for two things; a pool; the list, which is tried four times a minute; and what the cluster's
    // own loop asks for every five seconds.
    most: (seconds) => 7 * doublings(seconds) + 2 * seconds,
  },
  {
    name: 'no machine can be written',
    fault: {
      on: {
        backEnd: 'kubernetes',
        method: 'PATCH',
        path: '/apis/fochista.dev/v1alpha1/namespaces/{namespace}/machines/**',
      },
      what: {
        kind: 'answer',
        status: 500,
        body: {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          reason: 'InternalError',
          code: 500,
          message: 'etcdserver: request timed out',
        },
      },
    },
    // The client itself tries each write three times where that is harmless.
    most: (seconds) => 3 * 3 * doublings(seconds),
  },
]
