import type { Handlers } from '../handler.ts'

const names = (list: string): (() => unknown) => {
  const entries = list.split(' ').map((name) => ({ name }))
  return () => entries
}
const subdirs = (list: string): (() => unknown) => {
  const entries = list.split(' ').map((subdir) => ({ subdir }))
  return () => entries
}

/** The lists of what is below. */
export const clusterIndex: Handlers = {
  'GET /': subdirs('version cluster nodes storage access pools'),
  'GET /cluster': names(
    'acme backup backup-info bulk-action ceph config firewall ha jobs log mapping metrics notifications nextid options replication resources status tasks sdn',
  ),
  'GET /cluster/config': names('nodes totem join qdevice apiversion'),
  'GET /cluster/config/apiversion': () => 13,
  'GET /cluster/jobs': subdirs('schedule-analyze realm-sync'),
  'GET /cluster/mapping': names('pci usb dir'),
  'GET /cluster/metrics': names('server export'),
}
