import { createLabClock } from '../../clock.ts'
import { newContainer } from '../lxc/container.ts'
import { endTask, startTask, type Task } from '../tasks.ts'
import { createProxmoxWorld, volumeKey, type ProxmoxWorld, type Storage, type Vm } from '../world.ts'
import type { Facts, WorldFacts } from './recorded.ts'

/** Password of root@pam in the replayed world: what `<password>` stands for in requests. */
export const PASSWORD = 'replay-password'

/** Builds the world that a file of exchanges begins with. */
export function seedWorld({ start }: WorldFacts, speed: number): ProxmoxWorld {
  const world = createProxmoxWorld(createLabClock(speed))
  seedHosts(world, start)
  seedStorages(world, start)
  seedAccess(world, start)
  for (const [id, vm] of entries(start['vms'])) world.vms.set(Number(id), vmFrom(world, Number(id), vm))
  for (const [id, facts] of entries(start['containers'])) {
    const vmid = Number(id)
    const config = Object.fromEntries(
      entries(facts['config']).map(([name, value]) => [name, String(value as unknown as string | number)]),
    )
    config['cores'] ??= String(number(facts['cpus']))
    world.cluster.containers.set(vmid, newContainer(vmid, text(facts['node']), config))
  }
  for (const volume of (start['volumes'] as Facts[]) ?? []) addVolume(world, volume)
  seedTasks(world, start['tasks'] as { list: Facts[]; earlier: Facts } | undefined)
  return world
}

function seedHosts(world: ProxmoxWorld, start: WorldFacts['start']): void {
  const { cluster } = world
  for (const [name, facts] of entries(start['nodes'])) {
    if (facts['local'] !== 1) continue
    world.hosts.set(name, {
      name,
      id: 1,
      address: text(facts['ip']),
      online: facts['status'] !== 'offline',
      cores: number(facts['maxcpu']),
      memory: number(facts['maxmem']),
      rootSize: number(facts['maxdisk']),
      bootedAt: world.clock.now() - (start.clock.first_answer - number(facts['boot_time'])) * 1000,
      published: facts['stats_published'] !== false,
      cgroupMode: number(facts['cgroup-mode']),
    })
    cluster.fingerprints.set(name, text(facts['ssl_fingerprint']))
    cluster.hostConfigs.set(name, { ...(facts['config'] as Record<string, string>) })
    Object.assign(cluster.dns, facts['dns'])
  }
  for (const [name] of entries(start['peers'])) {
    const failure = PEERS[name]
    if (failure !== undefined) cluster.unreachable.set(name, failure)
  }
  cluster.nameServerDown = JSON.stringify(start['resolver'] ?? '').includes('Temporary failure')
  Object.assign(cluster.datacenter, start['datacenter'])
  for (const [name, facts] of entries(start['realms']))
    cluster.realms.set(name, facts as Record<string, string>)
  for (const [id, job] of entries(start['backup_jobs']))
    cluster.backupJobs.set(id, job as Record<string, string>)
  const interfaces = (start['network'] as Facts | undefined)?.['interfaces']
  for (const host of world.hosts.keys()) cluster.interfaces.set(host, new Map(entries(interfaces)))
  world.bridges.splice(0, world.bridges.length, 'vmbr0')
}

/** How the recorded host failed to reach others. */
const PEERS: Readonly<Record<string, { status: number; reason: string; after: number }>> = {
  refused: { status: 595, reason: 'Connection refused', after: 0 },
  noroute: { status: 595, reason: 'No route to host', after: 3060 },
  closing: { status: 596, reason: 'Broken pipe', after: 0 },
  wrongcert: { status: 596, reason: 'error:0A000086:SSL routines::certificate verify failed', after: 0 },
  silent: { status: 596, reason: 'Connection timed out', after: 30_000 },
}

function seedStorages(world: ProxmoxWorld, start: Facts): void {
  const space = start['storage_space'] as { total: number; used: number } | undefined
  for (const [name, facts] of entries(start['storages'])) {
    const { type, path, content, shared, disable, nodes, error, active, ...rest } = facts
    const options = Object.fromEntries(
      Object.entries(rest)
        .filter(([key]) => !['status', 'note'].includes(key))
        .map(([key, value]) => [key, String(value as string)]),
    )
    const storage: Storage = {
      name,
      type: text(type) as Storage['type'],
      content: text(content).split(','),
      shared: shared === 1,
      capacity: space?.total ?? 0,
      usedByOthers: space?.used ?? 0,
      speed: 200e6,
      options,
      ...(path !== undefined && { path: text(path) }),
      ...(disable === 1 && { disabled: true }),
      ...(nodes !== undefined && { nodes: text(nodes).split(',') }),
      ...(error !== undefined && active === 0 && { fault: text(error) }),
    }
    world.storages.set(name, storage)
  }
}

function seedAccess(world: ProxmoxWorld, start: Facts): void {
  const { access } = world
  for (const [id, facts] of entries(start['users'])) {
    const password = facts['password']
    access.users.set(id, {
      enable: facts['enable'] === 1,
      groups: new Set(facts['groups'] as string[]),
      ...(password !== undefined && { password: password === '<password>' ? PASSWORD : text(password) }),
      ...(facts['expire'] !== undefined && { expire: number(facts['expire']) }),
      ...(facts['comment'] !== undefined && { comment: text(facts['comment']) }),
    })
  }
  for (const [id, facts] of entries(start['groups']))
    access.groups.set(id, facts['comment'] === undefined ? {} : { comment: text(facts['comment']) })
  for (const [id, facts] of entries(start['roles']))
    access.roles.set(id, { privs: new Set(text(facts['privs']).split(',')), special: false })
  for (const [id, facts] of entries(start['tokens']))
    access.tokens.set(id, {
      secret: crypto.randomUUID(),
      privsep: facts['privsep'] === 1,
      expire: number(facts['expire'] ?? 0),
    })
  for (const entry of (start['acl'] as Facts[]) ?? [])
    access.acl.push({
      path: text(entry['path']),
      type: entry['type'] as 'user',
      ugid: text(entry['ugid']),
      roleid: text(entry['roleid']),
      propagate: entry['propagate'] === 1,
    })
  for (const [id, facts] of entries(start['pools']))
    world.pools.set(id, {
      vms: new Set((facts['vms'] as number[]) ?? []),
      storages: new Set((facts['storage'] as string[]) ?? []),
      ...(facts['comment'] !== undefined && { comment: text(facts['comment']) }),
    })
}

/** A VM as the description has it. */
export function vmFrom(world: ProxmoxWorld, vmid: number, facts: Facts): Vm {
  const lock = facts['lock']
  const running = facts['status'] === 'running'
  const vm: Vm = {
    vmid,
    node: text(facts['node']),
    config: { ...strings(facts['config']), ...(typeof lock === 'string' && { lock }) },
    pending: new Map(Object.entries(strings(facts['pending']))),
    running,
    startedAt: running ? world.clock.now() - 30_000 : 0,
    pid: running ? world.nextPid() : 0,
    published: undefined,
    agent: undefined,
    console: '',
    onShutdownRequest: undefined,
  }
  const snapshots = entries(facts['snapshots'])
  if (snapshots.length > 0)
    vm.snapshots = new Map(snapshots.map(([name, section]) => [name, strings(section)]))
  return vm
}

/** Puts a described volume into the world. */
export function addVolume(world: ProxmoxWorld, facts: Facts): void {
  const volid = text(facts['volid'])
  const storage = volid.split(':')[0] ?? ''
  const node = [...world.hosts.keys()][0] ?? ''
  const { vmid, parent } = facts
  world.volumes.set(volumeKey(world, node, volid), {
    volid,
    storage,
    node: world.storages.get(storage)?.shared ? '' : node,
    size: number(facts['size']),
    format: text(facts['format']),
    content: text(facts['content']),
    ctime: Math.floor(world.clock.now() / 1000) - 60,
    ...(typeof vmid === 'number' && { vmid }),
    ...(typeof parent === 'string' && { parent }),
    ...(facts['virtual_size'] !== undefined && { data: qcow2Header(number(facts['virtual_size'])) }),
  })
}

/** Begin of a qcow2 file: it tells the size of the disk inside. */
function qcow2Header(size: number): Buffer {
  const header = Buffer.alloc(32)
  header.write('QFI\u00FB', 'latin1')
  header.writeBigUInt64BE(BigInt(size), 24)
  return header
}

/** Finished tasks: as many older ones as the description counts, then those it lists. */
function seedTasks(world: ProxmoxWorld, tasks: { list: Facts[]; earlier: Facts } | undefined): void {
  const { list = [], earlier = {} } = tasks ?? {}
  const count = (name: string, listed: (task: Facts) => boolean): number =>
    Math.max(0, number(earlier[name]) - list.filter(listed).length)
  const isError = (task: Facts): boolean => !/^(?:OK|WARNINGS)/.test(text(task['status']))
  const add = (many: number, type: string, id: string, status: string): void => {
    for (let left = many; left > 0; left--) addTask(world, { type, id, status, user: 'root@pam' })
  }
  const errors = count('error', isError)
  const clones = count('typefilter=qmclone', ({ type }) => type === 'qmclone')
  const others = count('archive_total', () => true) - errors - clones
  add(errors, 'qmstart', '130', 'start failed: QEMU exited with code 1')
  add(clones, 'qmclone', '140', 'OK')
  add(others, 'qmcreate', '140', 'OK')
  for (const [name, total] of Object.entries(earlier)) {
    const vmid = /^vmid=(\d+)$/.exec(name)?.[1]
    if (vmid !== undefined) add(number(total), 'qmconfig', vmid, 'OK')
  }
  for (const task of list.toReversed()) addTask(world, task)
}

/** Adds a task that runs or has ended. Returns it. */
export function addTask(world: ProxmoxWorld, facts: Facts): Task | undefined {
  const node = [...world.hosts.keys()][0] ?? ''
  const tokenid = facts['tokenid']
  const user = tokenid === undefined ? text(facts['user']) : `${text(facts['user'])}!${text(tokenid)}`
  const upid = startTask(
    world,
    { node, type: text(facts['type']), id: text(facts['id']), user },
    () => new Promise(() => {}),
  )
  const task = world.tasks.get(upid)
  if (task !== undefined && facts['status'] !== 'RUNNING') finishTask(world, task, text(facts['status']))
  return task
}

/** Ends a task of the description. */
export function finishTask(world: ProxmoxWorld, task: Task, exitstatus: string): void {
  endTask(world, task, exitstatus)
}

/** Entries of a JSON object; none when it is absent. */
export function entries(value: unknown): [string, Facts][] {
  return Object.entries((value ?? {}) as Record<string, Facts>)
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(entries(value).map(([key, each]) => [key, String(each as unknown as string)]))
}

/** A JSON value that is text, or is written as text. */
export function text(value: unknown): string {
  return String(value as string)
}

function number(value: unknown): number {
  return Number(value ?? 0)
}
