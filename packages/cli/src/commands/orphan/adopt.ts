import type { Machine, MachineAddress, MachineClass, NodePool, Shape } from '@fochista/api'
import type { GetCalls, Proxmox } from '@fochista/proxmox'
import { argument, command, flag, parseInteger } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { classes } from '../class/resource.ts'
import { machines } from '../machine/resource.ts'
import { pools } from '../pool/resource.ts'
import { dryRunOption } from '../waiting.ts'
import { findOrphans, requireOrphan, type Orphan } from './find.ts'
import { proxmoxOption } from './list.ts'

type VmConfig = GetCalls['/nodes/{node}/qemu/{vmid}/config']['result']

/** `fochista orphan adopt`: makes the Machine of a VM again, so that a running worker is back in its pool. */
export const orphanAdopt = command({
  path: 'orphan adopt <vmid>',
  summary: tr(
    'take a VM back into its pool by making its Machine again',
    'riporta una VM nel suo pool ricreando la sua Machine',
  ),
  options: {
    proxmox: proxmoxOption,
    grow: flag(
      '--grow',
      tr(
        'let a pool that has all its machines keep one more',
        'se il pool ha già tutte le sue macchine, gliene fa tenere una in più',
      ),
    ),
    dryRun: dryRunOption,
  },
  examples: ['fochista orphan adopt 10234 --proxmox dc1'],
  run: async (context, args, options) => {
    const vmid = parseInteger('<vmid>', argument(args, 'vmid'), { min: 100 })
    await findOrphans(context, options.proxmox, async (search) => {
      const orphan = requireOrphan(search, vmid)
      refuseDoubtful(orphan, search.machines)
      const kubernetes = await context.kubernetes()
      const { namespace, pool: poolName } = orphan.mark
      const pool = await kubernetes.get(await pools.kind(), { name: poolName, namespace })
      const has = machinesOf(pool, search.machines).length
      const isFull = has >= (pool.spec.replicas ?? 1)
      if (isFull && !options.grow) throw tooMany(pool, has)
      const className = pool.spec.className ?? pool.status?.className
      const machineClass = className && (await kubernetes.get(await classes.kind(), { name: className }))
      if (!machineClass)
        throw new CommandError(
          tr(`pool "${poolName}" names no class`, `il pool "${poolName}" non indica una classe`),
        )
      const machine = await machineOf(search.proxmox, orphan, pool, machineClass, options.proxmox)
      const { wayOf } = await import('@fochista/controllers')
      if (wayOf(pool, machineClass, machine, Date.now()) === 'replace')
        context.io.note(
          tr(
            `VM ${vmid} has kubelet ${machine.spec.version}, and the pool asks for ${pool.spec.version}: it is drained and replaced by a new machine. To keep it, pause the pool first.`,
            `La VM ${vmid} ha il kubelet ${machine.spec.version}, e il pool chiede ${pool.spec.version}: viene svuotata e sostituita da una macchina nuova. Per tenerla, metti prima in pausa il pool.`,
          ),
        )
      if (options.dryRun) return printManifests(context.io, [machine])
      await kubernetes.create(await machines.kind(), machine)
      if (isFull) await kubernetes.scale(await pools.kind(), pool.metadata, has + 1)
      context.io.out(`machine/${machine.metadata.name} ${tr('has VM', 'ha la VM')} ${vmid}`)
    })
  },
})

/** A pool's machines, without those on their way out. */
const machinesOf = ({ metadata }: NodePool, all: readonly Machine[]): Machine[] =>
  all.filter(
    (machine) =>
      machine.spec.nodePoolName === metadata.name &&
      machine.metadata.namespace === metadata.namespace &&
      machine.metadata.deletionTimestamp === undefined,
  )

/** One more than a pool keeps would cost it one of its machines, and most likely the one that was taken back. */
const tooMany = ({ metadata }: NodePool, has: number): CommandError =>
  new CommandError(
    tr(
      `pool "${metadata.name}" has its ${has} machines, and would let one go for this one`,
      `il pool "${metadata.name}" ha già le sue ${has} macchine, e per questa ne lascerebbe andare una`,
    ),
    {
      hint: tr(
        'To keep one more add --grow; else destroy the VM with `orphan delete`.',
        'Per tenerne una in più aggiungi --grow; altrimenti distruggi la VM con `orphan delete`.',
      ),
    },
  )

/** Only what is surely the VM that the mark was written for is taken back; a person's clone bears the mark too. */
function refuseDoubtful({ vmid, mark, uuid }: Orphan, all: readonly Machine[]): void {
  if (mark.building || uuid !== mark.id)
    throw new CommandError(
      mark.building
        ? tr(`VM ${vmid} was never finished`, `la VM ${vmid} non è mai stata completata`)
        : tr(
            `VM ${vmid} is a copy: its SMBIOS UUID is not the id of its mark`,
            `la VM ${vmid} è una copia: il suo UUID SMBIOS non è l’id del marchio`,
          ),
      { hint: `${tr('destroy it with:', 'distruggila con:')}  fochista orphan delete ${vmid}` },
    )
  const other = all.find(({ spec }) => spec.id === mark.id)
  if (other)
    throw new CommandError(
      tr(
        `Machine "${other.metadata.namespace}/${other.metadata.name}" has that id already, with VM ${other.spec.vmid}`,
        `la Machine "${other.metadata.namespace}/${other.metadata.name}" ha già quell’id, con la VM ${other.spec.vmid}`,
      ),
    )
}

async function machineOf(
  proxmox: Proxmox,
  { vmid, node, mark }: Orphan,
  pool: NodePool,
  machineClass: MachineClass,
  proxmoxCluster: string,
): Promise<Machine> {
  const [api, { askedOf, revisionOf }] = await Promise.all([
    import('@fochista/api'),
    import('@fochista/controllers'),
  ])
  const config = await proxmox.get('/nodes/{node}/qemu/{vmid}/config', { path: { node, vmid } })
  const version =
    /kubelet-(v[\d.]+)/.exec(config.tags ?? '')?.[1] ?? pool.status?.version ?? pool.spec.version
  const addresses = await addressesOf(proxmox, node, vmid, machineClass)
  return {
    apiVersion: api.API_VERSION,
    kind: api.machineKind.kind,
    metadata: {
      name: mark.machine,
      namespace: mark.namespace,
      labels: { [api.LABEL_POOL]: mark.pool, [api.LABEL_CLUSTER]: pool.spec.clusterName },
      finalizers: [api.FINALIZER],
    },
    spec: {
      id: mark.id,
      nodePoolName: mark.pool,
      proxmoxCluster,
      clusterName: pool.spec.clusterName,
      className: machineClass.metadata.name,
      ...(version === undefined ? {} : { version }),
      // Nobody knows what else the pool asked for when it was made: that begins to count with the pool's next change.
      poolHash: revisionOf(pool),
      asked: askedOf(pool),
      vmid,
      host: node,
      storage: machineClass.spec.storage,
      isoStorage: machineClass.spec.isoStorage,
      ...(addresses.length > 0 ? { addresses } : {}),
      ...(await shapeOf(config, api.shapeOf(pool, machineClass))),
      made: true,
    },
  }
}

/** The VM as it is: what pool and class say today would change it, and an adopted VM is to stay as it is. */
async function shapeOf(config: VmConfig, otherwise: Shape): Promise<Shape> {
  const { parseDrive, parseSize } = await import('@fochista/proxmox')
  const [, boot = ''] = /(?:^|,)order=([a-z]+\d+)/.exec(config.boot ?? '') ?? []
  const [, text] = Object.entries(config).find(([key]) => key === boot) ?? []
  const disk =
    typeof text === 'string'
      ? parseSize(String(parseDrive(boot.replace(/\d+$/, ''), text).options['size']))
      : 0
  return {
    cores: config.vcpus ?? (config.cores ?? 1) * (config.sockets ?? 1),
    memory: Number.parseInt(config.memory ?? '', 10) * 2 ** 20 || otherwise.memory,
    disk: disk || otherwise.disk,
  }
}

/** The static addresses that the guest has now, by what its agent says: each that lies in a range of the class. */
async function addressesOf(
  proxmox: Proxmox,
  node: string,
  vmid: number,
  machineClass: MachineClass,
): Promise<MachineAddress[]> {
  const { isInRange } = await import('@fochista/api')
  const wanted = machineClass.spec.networks.flatMap(({ addresses }, network) =>
    addresses ? [{ network, addresses }] : [],
  )
  if (wanted.length === 0) return []
  const answer = await proxmox
    .get('/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces', { path: { node, vmid } })
    .catch(() => undefined)
  const has = JSON.stringify(answer ?? {}).match(/"ip-address":"([^"]+)"/g) ?? []
  const ips = has.map((one) => one.slice('"ip-address":"'.length, -1))
  return wanted.flatMap(({ network, addresses: { ranges, prefix, gateway, dns, searchDomains } }) => {
    const address = ips.find((ip) => ranges.some((range) => isInRange(ip, range)))
    if (address === undefined) return []
    return [
      {
        network,
        address,
        prefix,
        ...(gateway ? { gateway } : {}),
        ...(dns ? { dns } : {}),
        ...(searchDomains ? { searchDomains } : {}),
      },
    ]
  })
}
