import { PVE_VERSION } from '@fochista/proxmox/schema'

/** Version that the emulated hosts say they have. */
export const VERSION = { version: PVE_VERSION, release: '9.1', repoid: 'f40095996bcb6bf7' }
