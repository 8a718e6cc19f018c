import assert from 'node:assert/strict'
import { eventually } from '../../harness.ts'
import { ask, type MachineLike } from '../world.ts'
import { person, proxmox, TOKEN, type Fault, type Scenario, type Stage } from './scenario.ts'

const token = (what: object): Fault => ({ on: { backEnd: 'proxmox', user: TOKEN }, what })

const VMS = '/pool/fochista-default|/vms/\\d+'

/** What the token needs, each with the paths on which it may be told to lack. */
const PRIVILEGES: readonly (readonly [privilege: string, path: string])[] = [
  ['VM.Clone', '/vms/9\\d+'],
  ['VM.Allocate', VMS],
  ['VM.PowerMgmt', VMS],
  ['Datastore.AllocateSpace', '/storage/local-lvm'],
  ['Datastore.AllocateTemplate', '/storage/local'],
  ['VM.Config.CDROM', VMS],
  ['VM.Config.Disk', VMS],
  ['VM.Config.HWType', VMS],
  ['VM.Config.Memory', VMS],
  ['VM.Config.Options', VMS],
  ['SDN.Use', '/sdn/zones/localnetwork/vmbr0'],
  ['Datastore.Allocate', '/storage/local'],
  ['Datastore.Audit', '/storage/local(-lvm)?'],
]

/**
 * Without these nothing stands still here: the templates have these cores and this network, the Proxmox pool is there. What lacks is said
 * with the next look at all rights, ten minutes later at most.
 */
const UNUSED = [
  'Sys.Audit',
  'VM.Config.CPU',
  'VM.Config.Cloudinit',
  'VM.Config.Network',
  'VM.GuestAgent.Audit',
  'Pool.Allocate',
  'Pool.Audit',
]

/** The tags by which a class finds its templates. */
async function untag({ bench }: Stage): Promise<() => Promise<unknown>> {
  const all = (await person(bench, 'GET', '/cluster/resources?type=vm')) as {
    vmid: number
    node: string
    tags?: string
    template?: number
  }[]
  const templates = all.filter(({ template, tags }) => template && tags?.includes('kubelet-v1.30.4'))
  assert.ok(templates.length > 0)
  const tag = (word: (tags: string) => string) =>
    Promise.all(
      templates.map(({ node, vmid, tags = '' }) =>
        person(bench, 'PUT', `/nodes/${node}/qemu/${vmid}/config`, `tags=${encodeURIComponent(word(tags))}`),
      ),
    )
  await tag((tags) => tags.replace('kubelet-v1.30.4', 'retired'))
  // What is cloned before the controllers have seen it would be a worker without a kubelet.
  await eventually('the class says that it has no template', 60_000, async () => {
    const { status } = (await ask(
      bench,
      'GET',
      '/apis/fochista.dev/v1alpha1/machineclasses/small',
    )) as MachineLike
    assert.ok(status?.conditions?.some(({ reason }) => reason === 'TemplateNotFound'))
  })
  return () => tag((tags) => tags)
}

/** Storages, rights, credentials and templates come and go. */
export const placeScenarios: readonly Scenario[] = [
  {
    name: 'the storage of the disks is full',
    faults: [{ on: { backEnd: 'proxmox', storage: 'local-lvm' }, what: { kind: 'storage-full' } }],
    says: [/local-lvm.*(Make some, or edit class|Make room there)/],
    holdMs: 20_000,
  },
  {
    name: 'the storage of the seeds is full',
    faults: [{ on: { backEnd: 'proxmox', storage: 'local' }, what: { kind: 'storage-full' } }],
    says: [/storage "local": .*No space left.*tried again/],
    holdMs: 20_000,
  },
  {
    name: 'the token is revoked for a while',
    faults: [token({ kind: 'token-revoked' })],
    says: [/proxmox add/],
    holdMs: 20_000,
  },
  {
    name: 'the token expires',
    faults: [token({ kind: 'token-expired' })],
    says: [/proxmox add/],
    holdMs: 20_000,
  },
  ...PRIVILEGES.map(([privilege, path]): Scenario => ({
    name: `the token loses ${privilege}`,
    faults: [token({ kind: 'token-loses', privilege })],
    says: [new RegExp(`${privilege.replaceAll('.', '\\.')}\\b.* on (${path})[.;].*doctor -o pveum`)],
    holdMs: 70_000,
  })),
  ...UNUSED.map((privilege): Scenario => ({
    name: `the token loses ${privilege}, and nothing stands still`,
    faults: [token({ kind: 'token-loses', privilege })],
    holdMs: 3000,
  })),
  {
    name: 'the token loses VM.Audit: the list turns empty and nothing is replaced',
    faults: [token({ kind: 'token-loses', privilege: 'VM.Audit' })],
    says: [/VM\.Audit .*doctor -o pveum/],
    holdMs: 70_000,
  },
  {
    name: 'the certificate of Proxmox expires',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'certificate-expired' } }],
    says: [/certificate.*proxmox add lab --fingerprint/i],
    holdMs: 70_000,
  },
  {
    name: 'every template vanishes',
    act: untag,
    says: [/kubelet-v1\.30\.4.*Make one/],
    holdMs: 20_000,
    // A class looks for its templates once a minute.
    isSlow: true,
  },
  {
    name: 'a template vanishes between the choice and the clone',
    faults: [
      {
        on: proxmox('POST', '/nodes/{node}/qemu/{vmid}/clone'),
        when: { times: 1 },
        what: {
          kind: 'answer',
          status: 500,
          reason: "Configuration file 'nodes/pve1/qemu-server/9000.conf' does not exist",
        },
      },
    ],
  },
  {
    name: 'the clock of Proxmox is five minutes late',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'clock-offset', ms: -300_000 } }],
    holdMs: 3000,
  },
  {
    name: 'the clock of Proxmox is five minutes ahead',
    faults: [{ on: { backEnd: 'proxmox' }, what: { kind: 'clock-offset', ms: 300_000 } }],
    holdMs: 3000,
  },
]
