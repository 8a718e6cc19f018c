import { duplexPair } from 'node:stream'
import { createTicket, createCsrfToken } from '../../../packages/lab/src/proxmox/access/tickets.ts'
import { answerExchange } from '../../../packages/lab/src/proxmox/dispatch.ts'
import { proxmoxHandlers } from '../../../packages/lab/src/proxmox/handlers.ts'
import { Connection } from '../../../packages/lab/src/proxmox/http/connection.ts'
import { testWorld } from '../../../packages/lab/src/proxmox/qemu/test-world.ts'
import { newVm } from '../../../packages/lab/src/proxmox/qemu/vm.ts'
import type { ProxmoxWorld, Vm } from '../../../packages/lab/src/proxmox/world.ts'

/** Who asks: header lines. */
export type Caller = readonly string[]

/** A request as it goes over the wire. */
export interface Request {
  readonly method: string
  readonly target: string
  readonly caller: Caller
  /** Type and text of the body. */
  readonly body?: readonly [type: string | undefined, text: string]
  /** Further header lines. */
  readonly headers?: readonly string[]
}

/** What came back. */
export interface Answer {
  /** Status and reason, as the status line has them. */
  readonly line: string
  readonly body: string
}

/** The lab's API of one host, spoken to in bytes, and its world. */
export interface Host {
  readonly world: ProxmoxWorld
  /** root@pam by ticket, with its CSRF token; a token of root's with every privilege; a user's token without any. */
  readonly root: Caller
  readonly administrator: Caller
  readonly nobody: Caller
  /** Somebody with every privilege everywhere but these. */
  allBut(privileges: readonly string[]): Caller
  ask(request: Request): Promise<Answer>
  /** How the task ended whose UPID an answer carries. */
  ended(answer: Answer): Promise<string | undefined>
}

/** Time runs so many times faster: a refused login takes three seconds. */
const SPEED = 3000

/** Starts what answers, without a network: requests are read and answers are printed as on a socket. */
export function startHost(): Host {
  const { world } = testWorld(SPEED)
  const { access } = world
  const token = (user: string, name: string): Caller => {
    access.tokens.set(`${user}!${name}`, { secret: 'secret', privsep: false, expire: 0 })
    return [`Authorization: PVEAPIToken=${user}!${name}=secret`]
  }
  access.users.set('none@pve', { enable: true, groups: new Set() })
  access.users.set('few@pve', { enable: true, groups: new Set() })
  access.acl.push({ path: '/', type: 'user', ugid: 'few@pve', roleid: 'Few', propagate: true })
  world.pools.set('pool', { vms: new Set(), storages: new Set() })
  const every = access.roles.get('Administrator')?.privs ?? new Set<string>()
  const few = token('few@pve', 't')
  const ask = async ({ method, target, caller, body, headers = [] }: Request): Promise<Answer> => {
    const [type, text = ''] = body ?? []
    const bytes = Buffer.from(text)
    const head = [
      `${method} ${target} HTTP/1.1`,
      'Host: pve1',
      'Connection: close',
      ...caller,
      ...headers,
      ...(type === undefined ? [] : [`Content-Type: ${type}`]),
      ...(body === undefined ? [] : [`Content-Length: ${bytes.length}`]),
      '',
      '',
    ]
    const [client, server] = duplexPair()
    void new Connection(server, {
      clock: world.clock,
      answer: (exchange) => answerExchange({ world, handlers: proxmoxHandlers, contact: 'pve1' }, exchange),
    }).serve()
    const chunks: Buffer[] = []
    client.on('data', (chunk: Buffer) => chunks.push(chunk))
    const closed = new Promise<void>((resolve, reject) => {
      client.on('end', resolve)
      client.on('close', resolve)
      client.on('error', reject)
    })
    client.write(Buffer.concat([Buffer.from(head.join('\r\n')), bytes]))
    await closed
    client.destroy()
    const answer = Buffer.concat(chunks).toString()
    const at = answer.indexOf('\r\n\r\n')
    return { line: /^HTTP\/1\.\d (.*)\r\n/.exec(answer)?.[1] ?? 'no answer', body: answer.slice(at + 4) }
  }
  return {
    world,
    root: [
      `Cookie: PVEAuthCookie=${encodeURIComponent(createTicket(world, 'root@pam'))}`,
      `CSRFPreventionToken: ${createCsrfToken(world, 'root@pam')}`,
    ],
    administrator: token('root@pam', 'all'),
    nobody: token('none@pve', 't'),
    allBut: (privileges) => {
      const lacking = new Set(privileges)
      access.roles.set('Few', {
        privs: new Set([...every].filter((one) => !lacking.has(one))),
        special: false,
      })
      return few
    },
    ask,
    ended: async ({ body }) => {
      const { data } = JSON.parse(body) as { data: unknown }
      const task = world.tasks.get(String(data))
      await task?.done
      return task?.exitstatus
    },
  }
}

/** Puts a VM into a world, as its configuration file would be, with its disks. */
export function addVm(
  world: ProxmoxWorld,
  vmid: number,
  config: Readonly<Record<string, string>> = {},
  facts: Partial<Pick<Vm, 'running' | 'paused' | 'node' | 'agent' | 'snapshots'>> = {},
): Vm {
  const vm = Object.assign(newVm(vmid, facts.node ?? 'pve1', { name: `vm${vmid}`, ...config }), facts)
  for (const [key, value] of Object.entries(config)) {
    const volid = value.split(',')[0] ?? ''
    const storage = world.storages.get(volid.split(':')[0] ?? '')
    if (!/^(?:scsi|virtio|sata|ide|unused)\d+$/.test(key) || storage === undefined) continue
    const node = storage.shared ? '' : vm.node
    world.volumes.set(`${node}/${volid}`, {
      volid,
      storage: storage.name,
      node,
      size: 2 * 1024 ** 3,
      format: volid.endsWith('.qcow2') ? 'qcow2' : 'raw',
      content: volid.includes(':iso/') ? 'iso' : 'images',
      ...(!volid.includes(':iso/') && { vmid }),
      ctime: 0,
    })
  }
  world.vms.set(vmid, vm)
  return vm
}
