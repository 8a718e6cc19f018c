/** How long the hardware takes for what is not copying, in milliseconds. Copies take their size over the storage's speed. */
export const TIMINGS = {
  /** Making an empty volume. */
  allocate: 60,
  /** Removing a volume. */
  free: 40,
  /** Making a volume on top of a base volume. */
  link: 120,
  /** From QEMU's start to the end of the start task. */
  start: 1200,
  /** Ending QEMU's process. */
  stop: 250,
  /** One question to QEMU's monitor. */
  monitor: 60,
  /** An agent that does not answer to `guest-ping`. */
  agentPing: 3000,
  /** Between the end of a stop and QEMU's start in a reboot. */
  reboot: 300,
  /** Handing a running VM's memory over to another host, for each GiB. */
  migratePerGib: 900,
} as const
