import { createHash } from 'node:crypto'
import { ApiError, die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { turnOff } from '../../nodes/power.ts'
import { startTask } from '../../tasks.ts'
import { changeConfig } from '../../access/lock.ts'
import {
  configDigest,
  configText,
  isCluster,
  membersOf,
  setMember,
  totemOf,
  writeConfig,
} from './corosync.ts'

const PATH = '/cluster/config'
const FILE = '/etc/pve/corosync.conf'

/** Making a cluster, and its hosts. A host that is added is there at once: nobody has to join it from its own side. */
export const configHandlers: Handlers = {
  [`POST ${PATH}`]: create,
  [`GET ${PATH}/nodes`]: ({ world }) =>
    isCluster(world) ? membersOf(world).map((member) => ({ node: member.name, ...member })) : [],
  [`POST ${PATH}/nodes/{node}`]: add,
  [`DELETE ${PATH}/nodes/{node}`]: remove,
  [`GET ${PATH}/join`]: (call) => {
    const { world } = call
    const { fingerprints } = world.cluster
    if (!isCluster(world)) throw new ApiError(424, 'node is not in a cluster, no join info available!')
    return {
      nodelist: membersOf(world).map((member) => ({
        ...member,
        pve_addr: world.hosts.get(member.name)?.address,
        // The lab has one address, and so one certificate.
        pve_fp: fingerprints.get(member.name) ?? fingerprints.get(call.contact),
      })),
      preferred_node: call.optional('node') ?? call.contact,
      totem: totemOf(world),
      config_digest: configDigest(world),
    }
  },
  [`POST ${PATH}/join`]: join,
  [`GET ${PATH}/totem`]: ({ world }) => (isCluster(world) ? totemOf(world) : {}),
  // No other device has a vote.
  [`GET ${PATH}/qdevice`]: () => ({}),
}

function create(call: Call): string {
  const { world, contact, user } = call
  const name = call.text('clustername')
  if (isCluster(world)) die(`cluster config '${FILE}' already exists`)
  const facts = { node: contact, type: 'clustercreate', id: name, user }
  return startTask(world, facts, (worker) => {
    worker.log('Corosync Cluster Engine Authentication key generator.')
    worker.log('Gathering 2048 bits for key from /dev/urandom.')
    worker.log('Writing corosync key to /etc/corosync/authkey.')
    worker.log(`Writing corosync config to ${FILE}`)
    const address = linkOf(call) ?? world.hosts.get(contact)?.address ?? ''
    setMember(world, contact, { votes: call.number('votes') ?? 1, address })
    writeConfig(world, name)
    worker.log('Restart corosync and cluster filesystem')
    return Promise.resolve()
  })
}

/** Joins another cluster: a host that is in one, or has guests, may not. */
function join(call: Call): string {
  const { world, contact, user } = call
  return startTask(world, { node: contact, type: 'clusterjoin', id: '', user }, (worker) => {
    const problems: string[] = []
    if (isCluster(world))
      problems.push(
        "authentication key '/etc/corosync/authkey' already exists",
        `cluster config '${FILE}' already exists`,
      )
    if (world.vms.size + world.cluster.containers.size > 0)
      problems.push('this host already contains virtual guests')
    if (isCluster(world)) problems.push('corosync is already running, is this node already in a cluster?!')
    if (problems.length > 0) {
      worker.log('detected the following error(s):')
      for (const problem of problems) worker.log(`* ${problem}`)
      if (!call.flag('force') || isCluster(world)) return die('Check if node may join a cluster failed!')
      worker.log('\nWARNING : detected error(s) but forced to continue!\n')
    }
    worker.log(`Establishing API connection with host '${call.text('hostname')}'`)
    return die('the hosts of a lab are one process, and cannot join those of another')
  })
}

function requireConfig({ world }: Call): void {
  if (!isCluster(world))
    die(`Error: Corosync config '${FILE}' does not exist - is this node part of a cluster?`)
}

/** Adds a host with the processors and the memory of the one that was called. */
function add(call: Call): Promise<Record<string, unknown>> {
  const { world, contact } = call
  requireConfig(call)
  return changeConfig(world, 'corosync_conf', '', () => {
    const name = call.text('node')
    const before = world.hosts.get(name)
    const votes = call.number('votes') ?? 1
    const id = call.number('nodeid') ?? before?.id ?? freeId(call)
    const like = world.hosts.get(contact) ?? die(`no such cluster node '${contact}'`)
    const address =
      call.optional('new_node_ip') ?? linkOf(call) ?? like.address.replace(/\d+$/, String(10 + id))
    if (before !== undefined && !(call.flag('force') && before.id === id))
      die(`can't add existing node '${name}'`)
    const ring = linkOf(call) ?? address
    const holder = membersOf(world).find((other) => other.ring0_addr === ring && other.name !== name)
    if (holder !== undefined)
      die(`corosync: address '${ring}' already used on link 0 by node '${holder.name}'`)
    writeConfig(world)
    if (before === undefined) {
      const { cores, memory, rootSize } = like
      world.hosts.set(name, {
        name,
        id,
        address,
        online: true,
        cores,
        memory,
        bootedAt: world.clock.now(),
        ...(rootSize !== undefined && { rootSize }),
      })
    }
    setMember(world, name, { votes, address: ring })
    return {
      corosync_authkey: createHash('sha256').update(`${world.ticketKey} corosync`).digest('base64'),
      corosync_conf: configText(world),
      warnings: [],
    }
  })
}

function freeId({ world }: Call): number {
  const taken = new Set([...world.hosts.values()].map(({ id }) => id))
  let id = 1
  while (taken.has(id)) id += 1
  return id
}

/** The address on the cluster's first network that a call gives. */
function linkOf(call: Call): string | undefined {
  return call
    .optional('link0')
    ?.split(',')[0]
    ?.replace(/^address=/, '')
}

/** Takes a host out, by its name or its address. It goes off; its guests stay in the cluster's files, where nobody runs them. */
function remove(call: Call): Promise<null> {
  const { world, contact } = call
  requireConfig(call)
  return changeConfig(world, 'corosync_conf', '', () => {
    const given = call.text('node')
    const name =
      membersOf(world).find((other) => [other.name, other.ring0_addr].includes(given))?.name ?? given
    const host = world.hosts.get(name) ?? die(`Node/IP: ${given} is not a known host of the cluster.`)
    if (name === contact) die('Cannot delete myself from cluster!')
    writeConfig(world)
    if (host.online) turnOff(world, host)
    world.hosts.delete(name)
    setMember(world, name, undefined)
    return null
  })
}
