import { PVE_VERSION } from '@fochista/proxmox/schema'
import type { Handlers } from '../handler.ts'
import { spend, startTask } from '../tasks.ts'

/** Packages that clients look at, with the versions that the emulated behaviour is that of. */
const PACKAGES: readonly (readonly [name: string, version: string, title: string])[] = [
  ['proxmox-ve', '9.1.0', 'Proxmox Virtual Environment'],
  ['pve-manager', PVE_VERSION, 'Proxmox Virtual Environment Management Tools'],
  ['qemu-server', '9.1.9', 'Qemu Server Tools'],
  ['pve-qemu-kvm', '10.1.2-1', 'Full virtualization on x86 hardware'],
  ['libpve-access-control', '9.0.7', 'Proxmox VE access control library'],
  ['libpve-http-server-perl', '6.0.5', 'Proxmox Asynchrounous HTTP Server Implementation'],
  ['libpve-storage-perl', '9.1.2', 'Proxmox VE storage management library'],
  ['pve-cluster', '9.1.2', '"pmxcfs" distributed cluster filesystem'],
]

/** Milliseconds that a host takes to fetch the lists of packages. */
const FETCHING = 2000

/** Software of a host: it is up to date, and stays so. */
export const aptHandlers: Handlers = {
  'GET /nodes/{node}/apt': () => ['changelog', 'repositories', 'update', 'versions'].map((id) => ({ id })),
  'GET /nodes/{node}/apt/update': () => [],
  'POST /nodes/{node}/apt/update': (call) =>
    startTask(
      call.world,
      { node: call.text('node'), type: 'aptupdate', id: '', user: call.user },
      async (worker) => {
        worker.log('starting apt-get update')
        await spend(call.world, worker, FETCHING)
        worker.log('Reading package lists...')
      },
    ),
  'GET /nodes/{node}/apt/versions': () =>
    PACKAGES.map(([Package, Version, Title]) => ({
      Package,
      Version,
      Title,
      Description: Title,
      Arch: 'amd64',
      Section: 'admin',
      Priority: 'optional',
      Origin: 'Proxmox',
      CurrentState: 'Installed',
    })),
}
