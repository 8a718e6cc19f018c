import { networkOf, parseIp, type NumericAddress } from './ip.ts'
import { parseBytes } from './quantity.ts'
import type { MachineClass, MachineNetwork } from './resources/machine-class.ts'
import type { FieldProblem } from './validate.ts'

/** What is wrong with a class in itself that its schema cannot see, with field, value and rule. An empty list means nothing. */
export function classProblems({ spec }: MachineClass): FieldProblem[] {
  return [
    ...(['cores', 'memory', 'disk'] as const).flatMap((field) => sizeProblems(field, spec[field])),
    ...spec.networks.flatMap((network, index) =>
      addressProblems(network.addresses, `spec.networks[${index}].addresses`),
    ),
  ]
}

function sizeProblems(
  field: string,
  size: { default: string | number; max?: string | number } | undefined,
): FieldProblem[] {
  if (size?.max === undefined) return []
  const amount = (value: string | number): number =>
    typeof value === 'string' ? (parseBytes(value) ?? 0) : value
  if (amount(size.default) <= amount(size.max)) return []
  const rule = `must not be more than max, which is ${size.max}`
  return [{ field: `spec.${field}.default`, value: size.default, rule }]
}

function addressProblems(addresses: MachineNetwork['addresses'], field: string): FieldProblem[] {
  if (!addresses) return []
  const { ranges, prefix, gateway } = addresses
  const first = parseIp(ranges[0]?.start ?? '')
  const problems = ranges.flatMap((range, index) =>
    rangeProblems(range, prefix, first, `${field}.ranges[${index}]`),
  )
  const say = (name: string, value: unknown, rule: string): void => {
    problems.push({ field: `${field}.${name}`, value, rule })
  }
  if (first && prefix > first.bits) say('prefix', prefix, `must be at most ${first.bits}`)
  if (gateway === undefined || !first) return problems
  const way = parseIp(gateway)
  // A link-local gateway is in no network but the card's own.
  const isLinkLocal = gateway.toLowerCase().startsWith('fe80:') && first.bits === 128
  if (!way) say('gateway', gateway, 'must be an IP address')
  else if (!isLinkLocal && !isSameNetwork(way, first, prefix))
    say('gateway', gateway, `must lie in the network of the ranges, of prefix ${prefix}`)
  return problems
}

function rangeProblems(
  { start, end }: { start: string; end: string },
  prefix: number,
  firstOfAll: NumericAddress | undefined,
  field: string,
): FieldProblem[] {
  const [first, last] = [parseIp(start), parseIp(end)]
  const rule = 'must be an IP address'
  if (!first) return [{ field: `${field}.start`, value: start, rule }]
  if (!last) return [{ field: `${field}.end`, value: end, rule }]
  const value = `${start}-${end}`
  if (first.bits !== last.bits || first.bits !== firstOfAll?.bits)
    return [{ field, value, rule: 'must be of one family with the other ranges' }]
  if (first.value > last.value) return [{ field, value, rule: 'must not end before it starts' }]
  if (!isSameNetwork(first, last, prefix) || !isSameNetwork(first, firstOfAll, prefix))
    return [{ field, value, rule: `must lie in one network of prefix ${prefix} with the other ranges` }]
  return []
}

function isSameNetwork(one: NumericAddress, other: NumericAddress, prefix: number): boolean {
  return one.bits === other.bits && networkOf(one, prefix) === networkOf(other, prefix)
}
