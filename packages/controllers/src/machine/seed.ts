import { createHash } from 'node:crypto'
import { getCondition, isTrue, providerId, REASON, type MachineClass, type NodePool } from '@fochista/api'
import {
  isReady,
  TenantNotReadyError,
  TenantRefusedError,
  whyNotReady,
  type JoinData,
  type Tenant,
} from '@fochista/kamaji'
import { isNotFound, orUndefined, Secret } from '@fochista/kubernetes'
import { parsePropertyString } from '@fochista/proxmox'
import {
  BootstrapError,
  buildSeedImage,
  instanceIdOf,
  renderSeed,
  splitLabels,
  type SeedExtras,
  type SeedFile,
  type SeedNetwork,
} from '../bootstrap/index.ts'
import { limitsOf } from '../node-pool/limits.ts'
import type { VmConfig, VmConfigChange } from '../proxmox-cluster/hypervisor.ts'
import { blocked, done, entriesOf, waiting, type MachineContext, type StepResult } from './context.ts'
import { hasJoined, nodeOf } from './node.ts'
import { freeDrive, imagePrefix, seedDriveOf } from './seed-drive.ts'
import { failedAt, holdAfterFailure, lookAtTask, noteTask, waitingFor, type TaskState } from './task.ts'

/** Life of a join token; its end is pushed forward while the machine is on its way. */
const TOKEN_TTL_MS = 30 * 60_000
/** A tenant that is not ready is followed by a watch; this is for what no watch tells. */
const TENANT_PAUSE_MS = 15_000

/**
 * Seeded: the VM has a drive with the image that makes it join. The image's name holds the machine's id and a digest of what it was made
 * from (server, CA, token): a machine that has not joined when one of these has changed gets another, and is reset to read it.
 */
export async function seed(context: MachineContext): Promise<StepResult> {
  if (nodeOf(context)) return done('Joined', 'The machine has joined; it needs no seed any more.')
  if (isTrue(context.machine, 'Joined') && context.controlPlane) {
    const lost = nodeLost(context)
    if (lost) return lost
  }
  const task = await lookAtTask(context)
  if (task.state === 'running' && task.type === 'imgcopy')
    return waitingFor(context, task.upid, 'Uploading', 'The seed image is uploaded.')
  if (task.state === 'failed' && task.type === 'imgcopy') {
    delete context.machine.status?.seedImage
    return failedAt(
      context,
      task,
      'UploadFailed',
      `The seed image could not be uploaded to storage "${context.machine.spec.isoStorage}": ${task.exitStatus}. It is tried again by itself.`,
    )
  }
  const held = holdAfterFailure(context, 'Seeded', ['UploadFailed'])
  if (held) return held
  const { controlPlane, machine, world } = context
  if (!controlPlane)
    return blocked(
      REASON.clusterNotFound,
      `TenantControlPlane "${machine.spec.clusterName ?? ''}" is not there.`,
    )
  const seen = context.pool?.status?.cluster
  if (seen && seen.uid !== controlPlane.metadata.uid)
    return blocked(
      REASON.clusterReplaced,
      'Its NodePool has not taken the control plane for the cluster it was.',
      TENANT_PAUSE_MS,
    )
  if (!isReady(controlPlane))
    return waiting(
      'ClusterNotReady',
      `Waiting for the control plane: ${whyNotReady(controlPlane) ?? 'it is not ready'}.`,
    )
  const { pool, machineClass } = context
  if (!pool || !machineClass)
    return blocked(REASON.poolNotFound, 'Its NodePool or MachineClass is not there.')
  try {
    const tenant = await world.tenants.get(controlPlane)
    if (!tenant.nodes.isReady) return listing(tenant)
    const [join, token] = await Promise.all([
      tenant.joinData({ signal: context.signal }),
      tokenFor(context, tenant),
    ])
    return await attach(context, { pool, machineClass, tenant, join, token }, task)
  } catch (error) {
    if (error instanceof TenantNotReadyError)
      return waiting('ClusterNotReady', `Waiting for the control plane: ${error.message}.`, TENANT_PAUSE_MS)
    if (error instanceof TenantRefusedError) return blocked('ClusterRefused', error.message, TENANT_PAUSE_MS)
    if (error instanceof BootstrapError) return blocked(REASON.notAllowed, error.message, TENANT_PAUSE_MS)
    throw error
  }
}

/** Waits for the list of the tenant's Nodes, and says what its API server does instead, in the words of whoever asked it. */
function listing({ nodes: { error } }: Tenant): StepResult {
  const words = 'Waiting for the list of the tenant’s Nodes.'
  if (!(error instanceof Error)) return waiting('ListingNodes', words, TENANT_PAUSE_MS)
  const why = ` Its API server does not answer as it should: ${error.message}`.slice(0, 400)
  // A reason of its own, so that an Event tells of it.
  return waiting('NodesNotListed', `${words}${why}`, TENANT_PAUSE_MS)
}

/**
 * A machine that had joined and whose Node is gone: a kubelet does not make it again. It gets a new seed, but only after the tenant has
 * answered steadily for as long as a Node may be unhealthy: an API server that comes back empty must not restart every machine.
 */
function nodeLost({ machine, controlPlane, pool, world, namespace }: MachineContext): StepResult | undefined {
  if (!controlPlane) return undefined
  const { name } = machine.metadata
  const said = getCondition(machine, 'Seeded')
  const now = world.clock.now()
  const isDecided = getCondition(machine, 'Joined')?.reason === 'NodeGone'
  const since = isDecided ? 0 : said?.reason === 'NodeGone' ? Date.parse(said.lastTransitionTime) : now
  const answering = world.tenants.answeringSince(namespace, controlPlane.metadata.name)
  const rest =
    answering === undefined
      ? TENANT_PAUSE_MS
      : Math.max(since, answering) + limitsOf(pool).unhealthyAfter - now
  if (rest <= 0) {
    // Said once it is decided: who looks again while the VM is stopped and seeded, or could not be, must not begin to wait anew.
    world.voice.unknown(machine, 'Joined', 'NodeGone', `Node ${name} is gone; it joins anew.`)
    return undefined
  }
  return waiting(
    'NodeGone',
    `Node ${name} is gone from the tenant cluster. If it stays so, the machine joins anew.`,
    rest,
  )
}

/** Description of a machine's token: how it is found again, and who it is for. */
export const tokenDescription = (machineId: string): string => `Fochista: machine ${machineId} joins`

async function tokenFor({ machine, world }: MachineContext, tenant: Tenant): Promise<string> {
  const description = tokenDescription(machine.spec.id)
  const known = await tenant.findBootstrapToken(description)
  const isFresh = known !== undefined && known.expiresAt - world.clock.now() > TOKEN_TTL_MS / 2
  return isFresh
    ? known.token
    : (await tenant.createBootstrapToken({ description, ttlMs: TOKEN_TTL_MS })).token
}

interface SeedParts {
  readonly pool: NodePool
  readonly machineClass: MachineClass
  readonly tenant: Tenant
  readonly join: JoinData
  readonly token: string
}

async function attach(context: MachineContext, parts: SeedParts, task: TaskState): Promise<StepResult> {
  const { machine, connection } = context
  const { id, isoStorage = '', proxmoxCluster, vmid = 0 } = machine.spec
  const vm = context.vm()
  const config = await context.config()
  if (!vm || !config) return waiting('NoVM', 'The VM is not there.', 0)
  const revision = createHash('sha256')
    .update(JSON.stringify([parts.join.server, parts.join.caPem, parts.token]))
    .digest('hex')
    .slice(0, 12)
  const filename = `${imagePrefix(id)}${revision}.iso`
  const volid = `${isoStorage}:iso/${filename}`
  const drive = seedDriveOf(config, id)
  if (drive?.file === volid) return done('Seeded', `The seed is in ${drive.key}.`)
  // It may just be stopped for this seed, or started with the one before: what follows is told by its end.
  if (task.state === 'running')
    return waitingFor(context, task.upid, 'SeedingAgain', `Waiting for the task ${task.type} of its VM.`)
  if (await isRunning(context)) {
    // One that runs without its seed has had it taken out, which is done once it has joined: its status may be lost, not its Node alone.
    const lost = drive ? undefined : nodeLost(context)
    return lost ?? stopForNewSeed(context, parts.tenant)
  }

  const status = (machine.status ??= {})
  if (status.seedImage !== volid) {
    const networks = networksOf(context, config)
    const image = buildSeedImage(
      renderSeed({
        instanceId: instanceIdOf(id, revision),
        hostname: machine.metadata.name,
        join: {
          ...parts.join,
          token: parts.token,
          nodeName: machine.metadata.name,
          nodeIp: machine.spec.addresses?.find(({ network }) => network === 0)?.address,
          providerId: providerId(proxmoxCluster, vmid),
          labels: splitLabels(parts.pool.spec.node?.labels).kubelet,
          taints: parts.pool.spec.node?.taints ?? [],
        },
        networks,
        extras: await extrasOf(context, parts.pool),
        install: parts.machineClass.spec.install,
        packages: parts.machineClass.spec.packages,
        kubeletVersion: machine.spec.version,
      }),
    )
    const upid = await connection.hypervisor.uploadImage(vm.node, isoStorage, filename, image)
    status.seedImage = volid
    return noteTask(context, upid, 'Uploading', `The seed image is uploaded to \`${isoStorage}\`.`)
  }
  // It was uploaded, by the task that was waited for above. Attaching is what tells whether it is there.
  delete status.seedImage
  const key = drive?.key ?? freeDrive(config)
  await connection.hypervisor.configure(vm, { [key]: `${volid},media=cdrom` } as VmConfigChange)
  status.seedImage = volid
  context.forgetConfig()
  return done('Seeded', `The seed is in ${key}.`)
}

async function isRunning(context: MachineContext): Promise<boolean> {
  const vm = context.vm()
  return vm !== undefined && (await context.connection.hypervisor.status(vm))?.status === 'running'
}

/**
 * A machine that was started with another seed and has not joined: its token has gone, or the CA has changed. It is stopped and seeded
 * anew. Stopping first makes it the same after a crash: a stopped machine is seeded, and a seeded one started.
 */
async function stopForNewSeed(context: MachineContext, tenant: Tenant): Promise<StepResult> {
  if (await hasJoined(context, tenant))
    return done('Joined', 'The machine has joined; it needs no seed any more.')
  const vm = context.vm()
  if (!vm) return waiting('NoVM', 'The VM is not there.', 0)
  return noteTask(
    context,
    await context.connection.hypervisor.stop(vm),
    'SeedingAgain',
    'Token or CA have changed before it joined: it gets a new seed and starts again.',
  )
}

/** The cards of the VM by their MAC addresses, with what the class and the placement gave them. */
function networksOf({ machine, machineClass }: MachineContext, config: VmConfig): SeedNetwork[] {
  return (machineClass?.spec.networks ?? []).map((network, index) => {
    const [, text = ''] = entriesOf(config, new RegExp(`^net${index}$`))[0] ?? []
    const addresses = (machine.spec.addresses ?? []).filter((one) => one.network === index)
    return {
      mac: String(parsePropertyString('net', text)['macaddr'] ?? ''),
      mtu: network.mtu,
      ...(addresses.length > 0 ? { addresses } : {}),
    }
  })
}

/** What the pool's users ask for, with the content of files that stand in Secrets. */
async function extrasOf({ world, namespace }: MachineContext, pool: NodePool): Promise<SeedExtras> {
  const { files = [], ...rest } = pool.spec.bootstrap ?? {}
  const read = async ({ secretRef, content, ...file }: (typeof files)[number]): Promise<SeedFile> => {
    if (!secretRef) return { ...file, content: content ?? '' }
    const secret = await orUndefined(
      isNotFound,
      world.kubernetes.get(Secret, { name: secretRef.name, namespace }),
    )
    const data = secret?.data?.[secretRef.key]
    if (data === undefined)
      throw new BootstrapError(
        `file ${file.path}`,
        `${secretRef.name}/${secretRef.key}`,
        'is no key of a Secret of the namespace',
      )
    return { ...file, content: Buffer.from(data, 'base64') }
  }
  return { ...rest, files: await Promise.all(files.map(read)) }
}
