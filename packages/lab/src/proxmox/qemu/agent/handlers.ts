import { die } from '../../api-error.ts'
import type { Call, Handlers } from '../../handler.ts'
import { Refusal } from '../../http/refusal.ts'
import type { Vm } from '../../world.ts'
import { textOf } from '../task.ts'
import { vmOf } from '../vm.ts'
import { agentAnswers } from './ask.ts'

/** Commands that a call relays as they are, by method. */
const READS = [
  'get-fsinfo',
  'get-host-name',
  'get-memory-block-info',
  'get-memory-blocks',
  'get-osinfo',
  'get-time',
  'get-timezone',
  'get-users',
  'get-vcpus',
  'info',
  'network-get-interfaces',
]
const WRITES = [
  'fsfreeze-freeze',
  'fsfreeze-status',
  'fsfreeze-thaw',
  'fstrim',
  'ping',
  'shutdown',
  'suspend-disk',
  'suspend-hybrid',
  'suspend-ram',
]
const OTHERS = ['exec', 'exec-status', 'file-read', 'file-write', 'set-user-password']

const BASE = '/nodes/{node}/qemu/{vmid}/agent'

/** What the guest agent is asked. */
export const agentHandlers: Handlers = {
  [`GET ${BASE}`]: () => [...READS, ...WRITES, ...OTHERS].toSorted().map((name) => ({ name })),
  [`POST ${BASE}`]: (call) => relay(call, call.text('command')),
  ...Object.fromEntries(READS.map((name) => [`GET ${BASE}/${name}`, (call: Call) => relay(call, name)])),
  ...Object.fromEntries(WRITES.map((name) => [`POST ${BASE}/${name}`, (call: Call) => relay(call, name)])),
  [`POST ${BASE}/exec`]: exec,
  [`GET ${BASE}/exec-status`]: execStatus,
  [`GET ${BASE}/file-read`]: readFile,
  [`POST ${BASE}/file-write`]: writeFile,
  [`POST ${BASE}/set-user-password`]: setPassword,
}

/** Longest wait for an answer, ms. */
const ANSWER_MS = 10_000

/** Relays a command; what the agent refuses is data as well. */
async function relay(call: Call, name: string): Promise<unknown> {
  const vm = await readyVm(call)
  if (name === 'shutdown') return { result: await shutDown(call, vm) }
  try {
    return { result: (await ask(call, vm, name, {})) ?? null }
  } catch (error) {
    if (error instanceof AgentTimeout) throw error
    const desc = textOf(error)
    return {
      result: {
        error: {
          class: /has (?:not been found|been disabled)/.test(desc) ? 'CommandNotFound' : 'GenericError',
          desc,
        },
      },
    }
  }
}

class AgentTimeout extends Error {}

/** The VM of a call whose agent is there. Throws the original's texts, in its order. */
async function readyVm(call: Call): Promise<Vm> {
  const vm = vmOf(call)
  if (vm.config['agent'] === undefined) die('No QEMU guest agent configured')
  if (!vm.running) die(`VM ${vm.vmid} is not running`)
  if (!(await agentAnswers(call.world, vm))) die('QEMU guest agent is not running')
  return vm
}

async function ask(call: Call, vm: Vm, name: string, params: Record<string, unknown>): Promise<unknown> {
  const gaveUp = new AbortController()
  const late = call.world.clock.sleep(ANSWER_MS, gaveUp.signal).then(() => {
    throw new AgentTimeout(`VM ${vm.vmid} qga command 'guest-${name}' failed - got timeout`)
  })
  late.catch(() => {})
  try {
    return await Promise.race([vm.agent?.call(`guest-${name}`, params) ?? late, late])
  } finally {
    gaveUp.abort()
  }
}

/** The agent does not answer this one: the call ends when the guest is off, or after a while. */
async function shutDown(call: Call, vm: Vm): Promise<null> {
  vm.agent?.call('guest-shutdown', {}).catch(() => {})
  const off = new AbortController()
  const onStopped = (other: Vm): void => {
    if (other === vm) off.abort()
  }
  call.world.events.on('stopped', onStopped)
  try {
    await call.world.clock.sleep(ANSWER_MS, off.signal)
  } catch {
    // It is off.
  } finally {
    call.world.events.off('stopped', onStopped)
  }
  return null
}

/** Asks for something whose refusal fails the call: `Agent error: ...`. */
async function askOrDie(call: Call, name: string, params: Record<string, unknown>): Promise<unknown> {
  const vm = await readyVm(call)
  try {
    return await ask(call, vm, name, params)
  } catch (error) {
    if (error instanceof AgentTimeout) return die(error.message)
    const text = textOf(error)
    if (Buffer.from(text, 'latin1').toString('latin1') !== text) await breakPipe(call)
    return die(`Agent error: ${text}`)
  }
}

/** A status line holds no characters above Latin-1: the original's daemon dies of them, and its proxy says so after 5 s. */
async function breakPipe(call: Call): Promise<never> {
  await call.world.clock.sleep(5000)
  throw new Refusal(596, 'Broken pipe', '')
}

async function exec(call: Call): Promise<unknown> {
  const command = call.params['command'] ?? []
  const input = call.optional('input-data')
  const argv = typeof command === 'string' ? [command] : [...command]
  const result = (await askOrDie(call, 'exec', {
    command: argv,
    ...(input !== undefined && { 'input-data': input }),
  })) as { pid: number }
  return { pid: result.pid }
}

async function execStatus(call: Call): Promise<unknown> {
  const status = (await askOrDie(call, 'exec-status', { pid: call.number('pid') })) as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(status).map(([key, value]) => {
      if (typeof value === 'boolean') return [key, value ? 1 : 0]
      // The output's bytes are sent on as if each were a character.
      if (/^(?:out|err)-data$/.test(key)) return [key, Buffer.from(String(value)).toString('latin1')]
      return [key, value]
    }),
  )
}

async function readFile(call: Call): Promise<unknown> {
  const answer = (await askOrDie(call, 'file-read', { file: call.text('file') })) as { content: string }
  const bytes = Buffer.from(answer.content)
  const offset = call.number('offset') ?? 0
  const count = call.number('count') ?? 16 * 1024 * 1024
  const part = bytes.subarray(offset, offset + count)
  const content = call.flag('decode', true) ? part.toString() : part.toString('base64')
  return { content, 'bytes-read': part.length, ...(offset + count < bytes.length && { truncated: 1 }) }
}

async function writeFile(call: Call): Promise<null> {
  await askOrDie(call, 'file-write', {
    file: call.text('file'),
    content: call.text('content'),
    encode: call.flag('encode', true),
  })
  return null
}

async function setPassword(call: Call): Promise<unknown> {
  const params = {
    username: call.text('username'),
    password: call.text('password'),
    crypted: call.flag('crypted'),
  }
  return { result: (await askOrDie(call, 'set-user-password', params)) ?? {} }
}
