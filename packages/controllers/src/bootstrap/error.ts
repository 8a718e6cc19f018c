/** Something that was asked of a machine's first boot and cannot be done. Trying again cannot help; an edit of the pool or class can. */
export class BootstrapError extends TypeError {
  override readonly name = 'BootstrapError'
  /** What it is about, in words. */
  readonly about: string
  /** What stood there. */
  readonly value: string
  /** The rule it breaks, in words. */
  readonly rule: string

  constructor(about: string, value: string, rule: string) {
    super(`${about}: "${value}" ${rule}`)
    this.about = about
    this.value = value
    this.rule = rule
  }
}
