import { die, forbidden } from '../api-error.ts'
import { Answer, type Call, type Handlers } from '../handler.ts'
import { nextRun } from '../jobs/calendar.ts'
import { can } from '../permissions.ts'
import { drivesOf, isCdrom } from '../qemu/drive.ts'
import { mountsOf } from '../lxc/mount-point.ts'
import { sectionHandlers, sectionsOf, shownOptions, type Section, type SectionFile } from '../sections.ts'
import type { ProxmoxWorld } from '../world.ts'

const LIST = '/cluster/replication'
const OF_HOST = '/nodes/{node}/replication'

const jobFile: SectionFile = {
  list: LIST,
  id: 'id',
  sections: (world) => sectionsOf(world, 'replication'),
  lock: 'replication_cfg',
  exists: (id) => die(`replication job '${id}' already exists`),
  missing: (id) => die(`no such replication job '${id}'`),
  listsDigest: false,
  check,
  sees: (call, id) => maySee(call, id),
  facts: ({ world }, id) => ({ ...numberOf(id), source: guestOf(world, id)?.node }),
}
const jobs = sectionHandlers(jobFile)

/** Jobs that copy a guest's volumes to another host now and then. They run when they are told; no storage of the lab can do it. */
export const replicationHandlers: Handlers = {
  ...jobs,
  [`GET ${LIST}/{id}`]: (call) => seen(call, jobs[`GET ${LIST}/{id}`]?.(call)),
  [`POST ${LIST}`]: (call) => {
    allow(call)
    return jobs[`POST ${LIST}`]?.(call)
  },
  [`PUT ${LIST}/{id}`]: (call) => {
    allow(call)
    return jobs[`PUT ${LIST}/{id}`]?.(call)
  },
  [`DELETE ${LIST}/{id}`]: (call) => {
    allow(call)
    sectionsOf(call.world, 'replication/states').delete(call.text('id'))
    return jobs[`DELETE ${LIST}/{id}`]?.(call)
  },
  [`GET ${OF_HOST}`]: (call) =>
    [...jobFile.sections(call.world)]
      .filter(([id]) => guestOf(call.world, id)?.node === call.text('node') && maySee(call, id))
      .filter(([id]) => [undefined, numberOf(id).guest].includes(call.number('guest')))
      .map(([id, section]) => stateOf(call.world, id, section)),
  [`GET ${OF_HOST}/{id}`]: () => ['log', 'schedule_now', 'status'].map((name) => ({ name })),
  [`GET ${OF_HOST}/{id}/status`]: (call) => seen(call, stateOf(call.world, call.text('id'), jobOf(call))),
  [`GET ${OF_HOST}/{id}/log`]: (call) => {
    jobOf(call)
    const lines = String(stateFile(call.world, call.text('id'))['log'] ?? '')
      .split('\n')
      .filter(Boolean)
    const start = call.number('start') ?? 0
    const limit = call.number('limit') ?? 50
    return seen(
      call,
      new Answer(
        lines.map((t, index) => ({ n: index + 1, t })).slice(start, limit === 0 ? undefined : start + limit),
        { total: lines.length },
      ),
    )
  },
  [`POST ${OF_HOST}/{id}/schedule_now`]: (call) => {
    allow(call, 'VM.Replicate', `/vms/${numberOf(call.text('id')).guest}`)
    run(call.world, call.text('id'), jobOf(call))
    return null
  },
}

/** Guest and number of a job, `100-0`. */
function numberOf(id: string): { guest: number; jobnum: number } {
  const [guest, jobnum] = id.split('-').map(Number)
  return { guest: guest ?? 0, jobnum: jobnum ?? 0 }
}

function guestOf(
  world: ProxmoxWorld,
  id: string,
): { node: string; type: 'qemu' | 'lxc'; config: Readonly<Record<string, string>> } | undefined {
  const { guest } = numberOf(id)
  const vm = world.vms.get(guest)
  if (vm !== undefined) return { node: vm.node, type: 'qemu', config: vm.config }
  const container = world.cluster.containers.get(guest)
  return container && { node: container.node, type: 'lxc', config: container.config }
}

function jobOf(call: Call): Section {
  return jobFile.sections(call.world).get(call.text('id')) ?? jobFile.missing(call.text('id'))
}

function check({ world }: Call, id: string, section: Section, before: Section | undefined): void {
  if (before !== undefined) return
  const { guest } = numberOf(id)
  const owner = guestOf(world, id) ?? die(`guest '${guest}' does not exist`)
  const target = String(section['target'])
  if (!world.hosts.has(target)) die(`no such cluster node '${target}'`)
  if (target === owner.node) die('source and target must not be the same node')
  const source = section['source']
  if (source !== undefined && source !== owner.node)
    die(`Source '${String(source)}' does not match current node of guest '${guest}' (${owner.node})`)
  for (const [other, job] of jobFile.sections(world))
    if (numberOf(other).guest === guest && job['target'] === target)
      die(`replication job for guest '${guest}' to target '${target}' already exists`)
}

/** Jobs are everybody's who may see their guest, and changed by who may allocate on all of it. */
function maySee({ world, identity }: Call, id: string): boolean {
  return can(world, identity, `/vms/${numberOf(id).guest}`, ['VM.Audit'])
}

function seen<T>(call: Call, answer: T): T {
  const { guest } = numberOf(call.text('id'))
  if (!maySee(call, call.text('id'))) forbidden(`/vms/${guest}, VM.Audit`)
  return answer
}

function allow(
  call: Call,
  privilege = 'VM.Replicate',
  path = `/vms/${numberOf(call.text('id')).guest}`,
): void {
  if (!can(call.world, call.identity, path, [privilege])) forbidden(`${path}, ${privilege}`)
}

/** What is known of a job's runs. */
function stateFile(world: ProxmoxWorld, id: string): Section {
  return sectionsOf(world, 'replication/states').get(id) ?? {}
}

function stateOf(world: ProxmoxWorld, id: string, section: Section): Record<string, unknown> {
  const { last_sync: sync = 0, last_try: tried = 0, fail_count: failures = 0, error } = stateFile(world, id)
  const { disable } = section
  return {
    ...shownOptions(LIST, section),
    id,
    ...numberOf(id),
    source: guestOf(world, id)?.node,
    vmtype: guestOf(world, id)?.type,
    last_sync: Number(sync),
    last_try: Number(tried),
    fail_count: Number(failures),
    ...(error !== undefined && { error }),
    ...(disable !== '1' && { next_sync: nextRun(section['schedule'] ?? '*/15', world.clock.now()) }),
  }
}

/** Runs a job: it fails at the first volume, for no storage of the lab can send one as what has changed. */
function run(world: ProxmoxWorld, id: string, section: Section): void {
  const owner = guestOf(world, id)
  const now = Math.floor(world.clock.now() / 1000)
  const [volume] = owner === undefined ? [] : volumesOf(owner)
  const stamp = new Date(now * 1000).toISOString().slice(0, 19).replace('T', ' ')
  const lines = [
    `start replication job`,
    `guest => ${owner?.type === 'lxc' ? 'CT' : 'VM'} ${numberOf(id).guest}`,
  ]
  const before = stateFile(world, id)
  const error = volume === undefined ? undefined : `missing replicate feature on volume '${volume}'`
  lines.push(error === undefined ? 'end replication job' : `end replication job with error: ${error}`)
  sectionsOf(world, 'replication/states').set(id, {
    last_try: String(now),
    last_sync: error === undefined ? String(now) : String(before['last_sync'] ?? 0),
    fail_count: error === undefined ? '0' : String(Number(before['fail_count'] ?? 0) + 1),
    log: lines.map((line) => `${stamp} ${id}: ${line}`).join('\n'),
    ...(error !== undefined && { error }),
    target: String(section['target']),
  })
}

function volumesOf({
  type,
  config,
}: {
  type: 'qemu' | 'lxc'
  config: Readonly<Record<string, string>>
}): string[] {
  return type === 'lxc'
    ? mountsOf(config).map(({ volume }) => volume)
    : drivesOf(config)
        .filter((drive) => !isCdrom(drive) && drive.options['replicate'] !== '0')
        .map(({ file }) => file)
}
