import { instanceIdOf, type SeedInput } from '../bootstrap/seed.ts'

/** What the seed of every machine holds, and no more; what a test is about is laid over it. */
export const plainSeed: SeedInput = {
  instanceId: instanceIdOf('aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee', '0'),
  hostname: 'workers-x7k2',
  join: {
    server: 'https://10.0.0.5:6443',
    caPem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    cgroupDriver: 'systemd',
    token: 'abcdef.0123456789abcdef',
    nodeName: 'workers-x7k2',
    providerId: 'proxmox://dc1/412',
    labels: {},
    taints: [],
  },
  networks: [{ mac: 'BC:24:11:00:00:01' }],
}
