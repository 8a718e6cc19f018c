import { apiSchema } from '@fochista/proxmox/schema'
import type { Handlers } from '../handler.ts'

/** What QEMU can do on a host. */
export const capabilityHandlers: Handlers = {
  'GET /nodes/{node}/capabilities/qemu/cpu': () => MODELS,
  'GET /nodes/{node}/capabilities/qemu/machines': () => MACHINES,
  'GET /nodes/{node}/capabilities/qemu/migration': () => ({ 'has-dbus-vmstate': 1 }),
}

/** Models that the lab's hosts run, with their makers. */
const MODELS = [
  ...(apiSchema.formats['pve-vm-cpu-conf']?.['reported-model']?.enum ?? [])
    .filter((name) => !/^(?:cortex|neoverse|a64fx)/.test(name))
    .map((name) => ({ name, custom: 0, vendor: vendorOf(name) })),
  ...['x86-64-v2', 'x86-64-v2-AES', 'x86-64-v3', 'x86-64-v4'].map((name) => ({
    name,
    custom: 0,
    vendor: 'default',
  })),
]

function vendorOf(name: string): string {
  if (/^(?:EPYC|Opteron|athlon|phenom)/.test(name)) return 'AuthenticAMD'
  return /^(?:host|max|kvm|qemu|x86)/.test(name) ? 'default' : 'GenuineIntel'
}

const MACHINES = ['q35', 'i440fx'].flatMap((type) =>
  [
    '10.1',
    '10.0',
    '9.2',
    '9.1',
    '9.0',
    '8.2',
    '8.1',
    '8.0',
    '7.2',
    '7.1',
    '7.0',
    '6.2',
    '6.1',
    '6.0',
  ].flatMap((version) => {
    const id = `pc-${type}-${version}`
    return version === '10.1' || version === '9.2'
      ? [
          { id: `${id}+pve1`, type, version: `${version}+pve1` },
          { id, type, version },
        ]
      : [{ id, type, version }]
  }),
)
