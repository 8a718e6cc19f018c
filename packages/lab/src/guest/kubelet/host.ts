import type { LabClock } from '../../clock.ts'
import type { Disk } from '../disk.ts'

/** What a kubelet has around it. */
export interface KubeletHost {
  readonly disk: Disk
  readonly clock: LabClock
  readonly hostname: string
  /** Addresses of the cards; the first is that of the default route. */
  readonly addresses: readonly string[]
  readonly cpus: number
  /** Bytes. */
  readonly memory: number
  /** The disk that holds everything, as large as it was at boot, bytes. */
  readonly diskSize: number
  readonly systemUuid: string
  readonly machineId: string
  readonly bootId: string
  /** Whether the process stands still, as one that a full disk or a broken runtime stops. */
  readonly isHeld: boolean
  /** One line of the log: console and journal. */
  log(line: string): void
}

/** How serious a line is. */
export type Severity = 'I' | 'W' | 'E' | 'F'

/** A line as klog prints it. */
export function logLine(host: KubeletHost, severity: Severity, source: string, text: string): void {
  const now = new Date(host.clock.now())
  const pad = (value: number, width = 2): string => String(value).padStart(width, '0')
  const stamp = `${pad(now.getUTCMonth() + 1)}${pad(now.getUTCDate())} ${pad(now.getUTCHours())}:${pad(now.getUTCMinutes())}:${pad(now.getUTCSeconds())}.${pad(now.getUTCMilliseconds(), 3)}000`
  host.log(`kubelet[731]: ${severity}${stamp}     731 ${source}] ${text}`)
}
