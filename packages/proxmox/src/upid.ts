/** A task's identity: `UPID:node:pid:pstart:starttime:type:id:user:`. */
export interface Upid {
  readonly node: string
  readonly pid: number
  /** Process start in 1/100 s since the host's boot. */
  readonly pstart: number
  /** When the task began, seconds since 1970. */
  readonly starttime: number
  /** What it does, such as `qmclone`. */
  readonly type: string
  /** What it does it to, such as a VMID; may be empty. */
  readonly id: string
  readonly user: string
}

const pattern =
  /^UPID:([a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8}):([^:\s/]+):([^:\s/]*):([^:\s/]+):$/

/** Reads a UPID. Throws a TypeError if it is none. */
export function parseUpid(text: string): Upid {
  const match = pattern.exec(text)
  if (!match) throw new TypeError(`not a UPID: ${text}`)
  const [, node = '', pid = '', pstart = '', starttime = '', type = '', id = '', user = ''] = match
  return {
    node,
    pid: Number.parseInt(pid, 16),
    pstart: Number.parseInt(pstart, 16),
    starttime: Number.parseInt(starttime, 16),
    type,
    id,
    user,
  }
}

/** Prints a UPID as Proxmox does. */
export function printUpid(upid: Upid): string {
  const hex = (value: number, width: number): string => value.toString(16).toUpperCase().padStart(width, '0')
  return `UPID:${upid.node}:${hex(upid.pid, 8)}:${hex(upid.pstart, 8)}:${hex(upid.starttime, 8)}:${upid.type}:${upid.id}:${upid.user}:`
}

/** True if the text is a UPID. */
export function isUpid(text: unknown): text is string {
  return typeof text === 'string' && pattern.test(text)
}
