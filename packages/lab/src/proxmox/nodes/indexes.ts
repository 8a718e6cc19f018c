import { die } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { sectionsOf } from '../sections.ts'

const list = (key: string, names: string): (() => unknown) => {
  const entries = names.split(' ').map((name) => ({ [key]: name }))
  return () => entries
}

/** The lists of what is below a host, and what a host of the lab has nothing of. */
export const nodeIndex: Handlers = {
  'GET /nodes/{node}': list(
    'name',
    'aplinfo apt capabilities ceph certificates config disks dns firewall hardware hosts journal lxc migrateall netstat network qemu query-oci-repo-tags query-url-metadata replication report rrd rrddata scan sdn services spiceshell startall status stopall storage subscription suspendall syslog tasks termproxy time version vncshell vzdump wakeonlan',
  ),
  'GET /nodes/{node}/capabilities': list('name', 'qemu'),
  'GET /nodes/{node}/capabilities/qemu': list('name', 'cpu machines migration'),
  'GET /nodes/{node}/scan': list('method', 'cifs iscsi lvm nfs pbs zfs'),
  'GET /nodes/{node}/hardware': list('type', 'pci usb'),
  'GET /nodes/{node}/hardware/pci': () => [],
  'GET /nodes/{node}/hardware/usb': () => [],
  'GET /nodes/{node}/hardware/pci/{pci-id-or-mapping}': list('method', 'mdev'),
  'GET /nodes/{node}/hardware/pci/{pci-id-or-mapping}/mdev': (call) => {
    const id = call.text('pci-id-or-mapping')
    // No card of a host can be shared; what is no address is the name of a mapping.
    if (!id.includes(':') && !sectionsOf(call.world, 'mapping/pci').has(id)) die(`mapping '${id}' not found`)
    return []
  },
}
