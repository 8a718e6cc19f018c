import { badRequest } from '../errors.ts'

/** A duration as Go reads it: `1h2m3.5s`, `-5s`, `0`. */
const DURATION = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/

/** Checks the `timeout` of a request that is no watch. The lab answers at once: how long it is does not matter. Throws BadRequest. */
export function checkTimeout(query: URLSearchParams): void {
  const text = query.get('timeout')
  if (text === null || text === '' || DURATION.test(text)) return
  const problem = /^[+-]?[\d.]+$/.test(text)
    ? `missing unit in duration ${JSON.stringify(text)}`
    : `invalid duration ${JSON.stringify(text)}`
  throw badRequest(`invalid timeout specified in the request URL - time: ${problem}`)
}
