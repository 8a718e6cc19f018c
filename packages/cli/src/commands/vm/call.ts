import { tr } from '../../locale.ts'
import type { Verb } from '../proxmox-call/verb.ts'

const vm = '/nodes/{node}/qemu/{vmid}'
type Words = readonly [en: string, it: string]

/** A call on VMs, one or several at once. */
export const onMany = (
  name: string,
  method: Verb['method'],
  call: string,
  [en, it]: Words,
  more: Partial<Verb> = {},
): Verb => ({
  path: `vm ${name} <words...>`,
  method,
  call: `${vm}${call}`,
  summary: tr(en, it),
  examples: [`fochista vm ${name} 101`, `fochista vm ${name} 101 102 web-3`],
  ...more,
})

/** A call on one VM, with further arguments and parameters. */
export const onOne = (
  name: string,
  method: Verb['method'],
  call: string,
  [en, it]: Words,
  example: string,
  more: Partial<Verb> = {},
): Verb => {
  const [word = '', ...rest] = name.split(' <')
  const further = rest.map((one) => ` <${one}`).join('')
  return {
    path: `vm ${word} <vm>${further} [parameters...]`,
    method,
    call: `${vm}${call}`,
    summary: tr(en, it),
    examples: [`fochista vm ${word} ${example}`],
    ...more,
  }
}
