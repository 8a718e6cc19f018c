import { randomUUID } from 'node:crypto'
import { isDriveKey, isUnusedKey } from '../drive.ts'
import { isNicKey, newMac, parseNic, printNic } from '../nic.ts'
import type { Vm } from '../../world.ts'

/** Keys that belong to one VM or to one moment of it. */
const OWN = new Set([
  'template',
  'lock',
  'parent',
  'snaptime',
  'snapstate',
  'vmstate',
  'runningmachine',
  'runningcpu',
  'running-nets-host-mtu',
  'running',
])

/** What a clone takes over from its source, drives aside: it gets an identity and addresses of its own. */
export function cloneConfig(
  source: Vm,
  section: Readonly<Record<string, string>>,
  wanted: { name: string | undefined; description: string | undefined },
): Record<string, string> {
  const config: Record<string, string> = {}
  for (const [key, value] of Object.entries(section)) {
    if (OWN.has(key) || isUnusedKey(key) || isDriveKey(key)) continue
    if (isNicKey(key)) config[key] = printNic({ ...parseNic(value), macaddr: newMac() })
    else if (key === 'vmgenid') config[key] = randomUUID()
    else config[key] = value
  }
  const rest = (section['smbios1'] ?? '')
    .split(',')
    .filter((part) => part !== '' && !part.startsWith('uuid='))
  config['smbios1'] = [`uuid=${randomUUID()}`, ...rest].join(',')
  config['name'] = wanted.name ?? `Copy-of-VM-${section['name'] ?? source.vmid}`
  if (wanted.description !== undefined) config['description'] = wanted.description.trimEnd()
  return config
}
