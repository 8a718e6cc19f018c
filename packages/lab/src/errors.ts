/** A port that somebody else listens on. */
export class PortInUseError extends Error {
  override readonly name = 'PortInUseError'
  readonly backEnd: 'proxmox' | 'kubernetes'
  readonly port: number

  constructor(backEnd: 'proxmox' | 'kubernetes', port: number, cause: unknown) {
    super(`port ${port}, for the ${backEnd === 'proxmox' ? 'Proxmox' : 'Kubernetes'} API, is in use`, {
      cause,
    })
    this.backEnd = backEnd
    this.port = port
  }
}

/** A program that is not on this machine. */
export class MissingProgramError extends Error {
  override readonly name = 'MissingProgramError'
  readonly program: string

  constructor(program: string) {
    super(`${program} is not on this machine`)
    this.program = program
  }
}
