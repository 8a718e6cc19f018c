/** What is answered before a call is known or judged: its bare text, whatever the format. */
export class Refusal extends Error {
  readonly status: number
  readonly body: string
  /** Sent three seconds after the request began, as all that is wrong with a login. */
  readonly delayed: boolean
  readonly headers: readonly (readonly [name: string, value: string])[]
  constructor(
    status: number,
    reason: string,
    body: string = reason,
    options: { delayed?: boolean; headers?: readonly (readonly [name: string, value: string])[] } = {},
  ) {
    super(reason)
    this.status = status
    this.body = body
    this.delayed = options.delayed ?? false
    this.headers = options.headers ?? []
  }
}
