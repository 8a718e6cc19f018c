import { isIP, isIPv4, isIPv6 } from 'node:net'

const checks: { [format: string]: (value: string) => boolean } = {
  date: (value) => /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value)),
  'date-time': (value) =>
    /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
  ip: (value) => isIP(value) !== 0,
  ipv4: (value) => isIPv4(value),
  ipv6: (value) => isIPv6(value),
  cidr: isCidr,
  uri: (value) => URL.canParse(value) || /^\/\S*$/.test(value),
  email: (value) => /^[^@\s]+@[^@\s]+$/.test(value),
  hostname: (value) =>
    /^[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\.?$/.test(
      value,
    ),
  uuid: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value),
  uuid3: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value),
  uuid4: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(value),
  uuid5: (value) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(value),
  mac: (value) => /^([0-9a-f]{2}([:-]))([0-9a-f]{2}\2){4}[0-9a-f]{2}$/i.test(value),
  byte: (value) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value),
  duration: (value) => /^(\d+(\.\d+)?\s*(ns|us|µs|ms|s|m|h|d|w|[a-z]+)\s*)+$|^0$/.test(value),
  hexcolor: (value) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value),
  creditcard: (value) => /^[\d -]{13,23}$/.test(value),
  isbn: (value) => /^[\dXx -]{10,17}$/.test(value),
  ssn: (value) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(value),
}

/** Whether a string breaks a format the API server checks. Unknown formats pass. */
export function formatProblem(format: string, value: string): boolean {
  const check = checks[format]
  return check !== undefined && !check(value)
}

/** Whether a text is an address with a prefix length. */
export function isCidr(value: string): boolean {
  const match = /^(.+)\/(\d{1,3})$/.exec(value)
  if (match === null) return false
  const family = isIP(match[1] ?? '')
  return family !== 0 && Number(match[2]) <= (family === 4 ? 32 : 128)
}
