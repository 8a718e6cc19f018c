import { die, parameterError } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { spend, type Worker } from '../../tasks.ts'
import { findVolume, stopVm, type ProxmoxWorld, type Vm } from '../../world.ts'
import { memoryOf } from '../config/values.ts'
import { forget, namedVolumes, removeVolumes } from '../destroy.ts'
import { drivesOf, isCdrom, isCloudInit, isUnusedKey, printDrive, printSize, withOptions } from '../drive.ts'
import { isNicKey, parseNic, printNic } from '../nic.ts'
import { startLockedTask, textOf } from '../task.ts'
import { TIMINGS } from '../timings.ts'
import { checkLock, vmOf } from '../vm.ts'
import { callEndpoint, joinTunnel, readEndpoint, type Endpoint, type TunnelClient } from './endpoint.ts'
import { TUNNEL_API } from './tunnel.ts'

/** `POST /nodes/{node}/qemu/{vmid}/remote_migrate`: to another cluster, through a tunnel that its API opens. */
export const remoteMigrateHandlers: Handlers = {
  'POST /nodes/{node}/qemu/{vmid}/remote_migrate': remoteMigrate,
}

/** Names here to names there; `*` for all others. */
type NameMap = ReadonlyMap<string, string>

interface Move {
  readonly endpoint: Endpoint
  readonly targetVmid: number
  readonly storages: NameMap
  readonly bridges: NameMap
  readonly bwlimit: number | undefined
  readonly destroysSource: boolean
}

async function remoteMigrate(call: Call): Promise<string> {
  const { world } = call
  const vm = vmOf(call)
  checkLock(vm)
  if (world.cluster.haResources.has(`vm:${vm.vmid}`))
    parameterError({ vmid: 'cannot migrate HA-managed VM to remote cluster' })
  if (vm.running && !call.flag('online')) die("can't migrate running VM without --online")
  const storages = readMap(call, 'target-storage')
  if (storages.get('*') === '1') die('remote migration requires explicit storage mapping!')
  const bridges = readMap(call, 'target-bridge')
  if (bridges.get('*') === '1') die('remote migration requires explicit bridge mapping!')
  const endpoint = readEndpoint(call.text('target-endpoint'))
  try {
    // Whoever cannot be asked cannot be moved to.
    await callEndpoint(endpoint, 'GET', '/version')
  } catch (error) {
    return die(textOf(error))
  }
  const move: Move = {
    endpoint,
    targetVmid: call.number('target-vmid') ?? vm.vmid,
    storages,
    bridges,
    bwlimit: call.number('bwlimit'),
    destroysSource: call.flag('delete'),
  }
  return startLockedTask(call, 'qmigrate', (now, worker) => run(world, now, move, worker))
}

/** Reads `a:b,c` or `1`. */
function readMap(call: Call, name: string): NameMap {
  return new Map(
    call
      .text(name)
      .split(/[,;\s]+/)
      .filter(Boolean)
      .map((pair): [string, string] => {
        const [from = '', to] = pair.split(':')
        return to === undefined ? ['*', from] : [from, to]
      }),
  )
}

function mapped(map: NameMap, name: string, what: string): string {
  return map.get(name) ?? map.get('*') ?? die(`no mapping for ${what} '${name}'`)
}

async function run(world: ProxmoxWorld, vm: Vm, move: Move, worker: Worker): Promise<void> {
  const begun = world.clock.now()
  const say = (text: string): void =>
    worker.log(`${new Date(world.clock.now()).toISOString().slice(0, 19).replace('T', ' ')} ${text}`)
  const lasted = (): string =>
    new Date(Math.round((world.clock.now() - begun) * world.clock.speed)).toISOString().slice(11, 19)
  checkLock(vm)
  vm.config['lock'] = 'migrate'
  let tunnel: TunnelClient | undefined
  try {
    tunnel = await open(vm, move, say)
    say(`starting migration of VM ${vm.vmid} to node 'localhost' (${move.endpoint.host})`)
    await transfer(world, vm, move, tunnel, say, worker)
    await tunnel.send('unlock')
    await tunnel.send('quit')
    delete vm.config['lock']
    if (move.destroysSource) {
      await removeVolumes(world, vm, namedVolumes(vm), worker)
      forget(world, vm)
    }
    say(`migration finished successfully (duration ${lasted()})`)
  } catch (error) {
    delete vm.config['lock']
    await tunnel?.send('quit', { cleanup: 1 }).catch(() => {})
    if (error === worker.signal.reason) throw error
    say(`ERROR: migration aborted (duration ${lasted()}): ${textOf(error)}`)
    throw new Error('migration aborted', { cause: error })
  } finally {
    tunnel?.close()
  }
}

async function open(vm: Vm, move: Move, say: (text: string) => void): Promise<TunnelClient> {
  const { endpoint, targetVmid, storages, bridges } = move
  const base = `/nodes/localhost/qemu/${targetVmid}`
  const cards = Object.keys(vm.config).filter(isNicKey)
  const { ticket, socket, upid } = (await callEndpoint(endpoint, 'POST', `${base}/mtunnel`, {
    storages: [...new Set(storages.values())].join(','),
    ...(cards.length > 0 && { bridges: [...new Set(bridges.values())].join(',') }),
  })) as Record<string, string>
  say(`remote: started tunnel worker '${upid}'`)
  const query = new URLSearchParams({ ticket: ticket ?? '', socket: socket ?? '' }).toString()
  const tunnel = await joinTunnel(endpoint, `${base}/mtunnelwebsocket?${query}`)
  const sent: TunnelClient = {
    send: async (cmd, fields) => {
      say(`tunnel: -> sending command "${cmd}" to remote`)
      const answer = await tunnel.send(cmd, fields)
      say('tunnel: <- got reply')
      return answer
    },
    close: () => tunnel.close(),
  }
  const { api } = await sent.send('version')
  say(`local WS tunnel version: ${TUNNEL_API}`)
  say(`remote WS tunnel version: ${String(api)}`)
  if (api !== TUNNEL_API) {
    tunnel.close()
    throw new Error(`Remote tunnel endpoint not compatible (version ${String(api)})`)
  }
  say('websocket tunnel started')
  return sent
}

/** Makes the disks there, copies what they hold, hands the memory over and the configuration with it. */
async function transfer(
  world: ProxmoxWorld,
  vm: Vm,
  move: Move,
  tunnel: TunnelClient,
  say: (text: string) => void,
  worker: Worker,
): Promise<void> {
  const config = Object.fromEntries(
    Object.entries(vm.config).filter(([key]) => !isUnusedKey(key) && key !== 'lock' && key !== 'parent'),
  )
  for (const drive of drivesOf(vm.config)) {
    const volume = findVolume(world, vm.node, drive.file)
    if (isCdrom(drive) && !isCloudInit(drive)) {
      if (drive.file !== 'none')
        throw new Error(`can't migrate VM which uses local cdrom image '${drive.file}'`)
      continue
    }
    if (volume === undefined) continue
    say(`found local disk '${drive.file}' (attached)`)
    const storage = mapped(move.storages, volume.storage, 'storage')
    const { volid } = await tunnel.send('disk-import', {
      volname: drive.file.slice(drive.file.indexOf(':') + 1),
      storage,
      format: volume.format,
      size: volume.size,
      'allow-rename': 1,
    })
    const speed = world.storages.get(volume.storage)?.speed ?? Infinity
    await spend(
      world,
      worker,
      (volume.size / Math.min(speed, move.bwlimit ? move.bwlimit * 1024 : Infinity)) * 1000,
    )
    await tunnel.send('query-disk-import')
    say(`volume '${drive.file}' is '${String(volid)}' on the target`)
    config[drive.key] = printDrive({
      ...withOptions(drive, { size: printSize(volume.size), format: undefined }),
      file: String(volid),
    })
  }
  for (const [key, value] of Object.entries(config)) {
    const nic = isNicKey(key) ? parseNic(value) : undefined
    const bridge = nic?.options['bridge']
    if (nic === undefined || bridge === undefined) continue
    const there = mapped(move.bridges, bridge, 'bridge')
    say(`mapped: ${key} from ${bridge} to ${there}`)
    config[key] = printNic({ ...nic, options: { ...nic.options, bridge: there } })
  }
  const conf = Object.entries(config)
    .map(([key, value]) =>
      key === 'description'
        ? value
            .split('\n')
            .map((line) => `#${encodeURI(line)}\n`)
            .join('')
        : `${key}: ${value}\n`,
    )
    .join('')
  await tunnel.send('config', { conf })
  if (!vm.running) return
  say('starting VM on remote node')
  await tunnel.send('start')
  await spend(world, worker, (memoryOf(vm.config) / 1024 ** 3) * TIMINGS.migratePerGib)
  say('migration status: completed')
  stopVm(world, vm)
  await tunnel.send('resume')
}
