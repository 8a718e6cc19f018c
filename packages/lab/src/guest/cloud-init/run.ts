import { asText } from '../../kubernetes/rest/json.ts'
import type { Machine } from '../shell/programs.ts'
import { commandsOf, HANDLED, makeUsers, setPasswords, writeFiles } from './modules.ts'
import type { SeedData } from './seed.ts'

/** What cloud-init has around it. */
export interface SeedRun {
  print(text: string): void
  now(): number
  /** The time between the stages. */
  wait(): Promise<void>
  run(argv: readonly string[]): Promise<{ exitCode: number; output: string }>
}

/** Does what a seed says, in cloud-init's order. Once for an instance. */
export async function runSeed(machine: Machine, seed: SeedData, around: SeedRun): Promise<void> {
  const { disk } = machine
  const { config = {}, problems } = seed
  const stamp = (): string => new Date(around.now()).toUTCString()
  around.print(`cloud-init[512]: Cloud-init v. 22.4.2 running 'init' at ${stamp()}.`)
  const hostname = asText(config['hostname']) || asText(seed.metaData['local-hostname'])
  if (hostname !== '' && config['preserve_hostname'] !== true)
    machine.setHostname(hostname.split('.')[0] ?? hostname)
  for (const argv of commandsOf(config['bootcmd'])) await around.run(argv)
  writeFiles(disk, config, false, problems)
  makeUsers(disk, config)
  setPasswords(disk, config)
  await around.wait()
  around.print(`cloud-init[640]: Cloud-init v. 22.4.2 running 'modules:config' at ${stamp()}.`)
  for (const key of Object.keys(config))
    if (!HANDLED.has(key)) around.print(`lab: not emulated, passed over: cloud-config key "${key}"`)
  around.print(`cloud-init[700]: Cloud-init v. 22.4.2 running 'modules:final' at ${stamp()}.`)
  writeFiles(disk, config, true, problems)
  let failed = 0
  const commands = [
    ...(seed.script === undefined ? [] : [['sh', '-c', seed.script]]),
    ...commandsOf(config['runcmd']),
  ]
  disk.instances.add(seed.instanceId)
  for (const argv of commands) {
    const { exitCode, output } = await around.run(argv)
    disk.write('/var/log/cloud-init-output.log', output, { append: true })
    if (exitCode === 0) continue
    failed += 1
    around.print(`cloud-init[700]: Failed to run command ${JSON.stringify(argv)}: exit status ${exitCode}`)
  }
  for (const problem of problems) around.print(`cloud-init[700]: WARNING: ${problem}`)
  disk.write(
    '/run/cloud-init/result.json',
    JSON.stringify({
      v1: { datasource: 'DataSourceNoCloud [seed=/dev/sr0]', errors: failed > 0 ? ['runcmd'] : [] },
    }),
  )
  around.print(
    `cloud-init[700]: Cloud-init v. 22.4.2 finished at ${stamp()}. Datasource DataSourceNoCloud [seed=/dev/sr0].`,
  )
}
