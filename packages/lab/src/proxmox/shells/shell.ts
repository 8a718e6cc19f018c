import type { GuestTerminal } from '../world.ts'

/** A shell of a host or a container that a console can be opened on. */
export interface Shell {
  /** What tickets are for, `/vms/200` or `/nodes/pve1`, and the right that it takes. */
  readonly path: string
  readonly privilege: string
  /** Types of the tasks of its consoles, and their id. */
  readonly tasks: {
    readonly terminal: string
    readonly screen: string
    readonly spice: string
    readonly id: string
  }
  /** What the original runs on its terminal, as failures print it. */
  readonly command: string
  /** What a window with it is called. */
  readonly title: string
  readonly node: string
  /** Why it cannot be opened just now; undefined when it can. */
  problem(): string | undefined
  /** Opens it. @param left is told that it ended by itself. */
  open(left: () => void): { readonly terminal: GuestTerminal; readonly close: () => void }
}
