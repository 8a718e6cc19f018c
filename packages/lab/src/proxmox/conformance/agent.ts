import type { GuestAgent, ProxmoxWorld, Vm } from '../world.ts'
import type { Facts } from './recorded.ts'

/** How guests behave that the records describe: kept beside the world, for a restart brings them back. */
const behaviours = new WeakMap<Vm, Facts>()

/** Gives a running VM the guest that its description tells of: whether it obeys, and what its agent answers. */
export function applyAgent(world: ProxmoxWorld, vm: Vm, part: Facts): void {
  const facts: Facts = { ...behaviours.get(vm) }
  for (const key of ['agent', 'agent_answers', 'guest']) if (part[key] !== undefined) facts[key] = part[key]
  behaviours.set(vm, facts)
  attach(world, vm)
}

/** Lets VMs that start get their guests. */
export function watchGuests(world: ProxmoxWorld): void {
  world.events.on('started', (vm) => attach(world, vm))
}

function attach(world: ProxmoxWorld, vm: Vm): void {
  if (!vm.running) return
  const facts = behaviours.get(vm) ?? {}
  const obeys = String((facts['guest'] ?? '') as string).startsWith('obeys')
  const off = (): void => {
    world.clock.setTimeout(() => world.guestStopped(vm), 2500)
  }
  vm.onShutdownRequest = obeys ? off : undefined
  vm.agent = facts['agent'] === 'answering' ? agentOf(facts['agent_answers'] as Facts, off) : undefined
}

/** An agent that says what the records' guest said. */
function agentOf(answers: Facts, off: () => void): GuestAgent {
  return {
    call(command, params) {
      const name = command.startsWith('guest-') ? command : `guest-${command}`
      if (name === 'guest-shutdown') {
        off()
        return Promise.resolve({})
      }
      if (name === 'guest-get-time') return Promise.resolve(Date.now() * 1e6)
      if (name === 'guest-exec') return exec(answers, params)
      if (name === 'guest-exec-status') return execStatus(answers, params)
      if (name === 'guest-info') return Promise.resolve(info(answers))
      const file = fileAnswer(name, params)
      if (file !== undefined) return file
      if (name in answers) return Promise.resolve(answers[name])
      return Promise.reject(new Error(`The command ${name} has not been found`))
    },
  }
}

function info(answers: Facts): unknown {
  const { version, supported_commands: commands } = answers['guest-info'] as Facts & {
    supported_commands: string[]
  }
  return {
    version,
    supported_commands: commands.map((name) => ({
      name: name.split(' ')[0],
      enabled: true,
      'success-response': !name.includes('no answer'),
    })),
  }
}

function exec(answers: Facts, params: Record<string, unknown>): Promise<unknown> {
  return JSON.stringify(params).includes('/nonexistent')
    ? Promise.reject(
        new Error('Guest agent command failed, error was ‘Failed to execute child process “/nonexistent”’'),
      )
    : Promise.resolve(answers['guest-exec'])
}

function execStatus(answers: Facts, params: Record<string, unknown>): Promise<unknown> {
  const pid = String(params['pid'] as number)
  const known = (answers['guest-exec-status'] as Facts)[pid] as Facts | undefined
  if (known === undefined || pid === 'other') return Promise.reject(new Error(`PID ${pid} does not exist`))
  const shown: Facts = { ...known }
  for (const key of ['out-data', 'err-data'])
    if (typeof shown[key] === 'string') shown[key] = shown[key].replace(' (as UTF-8)', '')
  return Promise.resolve(shown)
}

/** Files as the lab's agents answer them: whole, by their path. */
function fileAnswer(name: string, params: Record<string, unknown>): Promise<unknown> | undefined {
  const path = String((params['file'] ?? '') as string)
  if (name === 'guest-file-read') return Promise.resolve({ content: 'hello\n', 'bytes-read': 6 })
  if (name !== 'guest-file-write') return undefined
  return path.startsWith('/missing')
    ? Promise.reject(new Error(`failed to open file '${path}' (mode: 'wb'): No such file or directory`))
    : Promise.resolve(null)
}
