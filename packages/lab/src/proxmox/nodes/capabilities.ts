import { apiSchema } from '@fochista/proxmox/schema'
import type { Handlers } from '../handler.ts'

/** What QEMU can do on a host. */
export const capabilityHandlers: Handlers = {
  'GET /nodes/{node}/capabilities/qemu/cpu': () => MODELS,
  'GET /nodes/{node}/capabilities/qemu/cpu-flags': ({ params }) =>
    params['arch'] === 'aarch64'
      ? []
      : Object.entries(FLAGS).map(([name, description]) => ({ name, description })),
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

/** Flags that a VM's processor can be given or denied, and what they are for. */
const FLAGS: Readonly<Record<string, string>> = {
  'nested-virt': "Lets the guest run virtual machines itself, by the flag of the host's maker.",
  'md-clear': 'Tells the guest whether its mitigation of MDS works.',
  pcid: 'Makes the mitigation of Meltdown cheaper on Intel processors.',
  'spec-ctrl': 'Lets the guest mitigate Spectre better on Intel processors.',
  ssbd: 'Protects against speculative store bypass on Intel processors.',
  ibpb: 'Lets the guest mitigate Spectre better on AMD processors.',
  'virt-ssbd': 'Protects against speculative store bypass on AMD processors.',
  'amd-ssbd': 'Protects against speculative store bypass on newer AMD processors, at a better speed.',
  'amd-no-ssb': 'Tells the guest that the AMD processor is not open to speculative store bypass.',
  pdpe1gb: 'Lets the guest use pages of 1 GiB, if the host can.',
  'hv-tlbflush': 'Speeds Windows guests up that have more processors than the host gives them.',
  'hv-evmcs': 'Speeds nested virtualisation of Windows up, on Intel processors only.',
  aes: 'Speeds AES up by instructions of its own.',
}

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
