/** Thrown where a kubelet ends itself. */
export class KubeletExit extends Error {
  override name = 'KubeletExit'
  /** Exit code of the process. */
  readonly code: number
  constructor(message: string, code = 1) {
    super(message)
    this.code = code
  }
}

/** Minor of `v1.30.4`; 0 for what is no version. */
export function minorOf(version: string): number {
  return Number(/^v?\d+\.(\d+)/.exec(version)?.[1] ?? 0)
}
