import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare, type Figure } from './figure.ts'
import { startListServer } from './list-server.ts'

const root = join(import.meta.dirname, '..')
const cli = join(root, 'packages', 'cli')
const program = join(cli, 'bin', 'fochista.mjs')

/**
 * How long a command takes beside kubectl's like. They run built, as they are published: a clone runs the sources in a second process, which
 * `--version` alone does without.
 */
export async function commandStart(): Promise<Figure[]> {
  if (spawnSync('kubectl', ['version', '--client']).status !== 0)
    throw new Error('NEEDS kubectl, beside which the commands are measured')
  execFileSync(join(root, 'node_modules', '.bin', 'tsc'), ['-b', 'packages/cli'], { cwd: root })
  const folder = mkdtempSync(join(tmpdir(), 'fochista-bench-'))
  const server = await startListServer(1000)
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_STATE_HOME: folder,
    KUBECONFIG: join(folder, 'none'),
    PROXMOX_URL: server.url,
    PROXMOX_TOKEN_ID: 'bench@pve!list',
    PROXMOX_SECRET: 'none',
  }
  const run = (file: string, ...args: string[]): Buffer => execFileSync(file, args, { env })
  const built = (...args: string[]): Buffer => run(process.execPath, '-e', startOf(args))
  const listed = (output: Buffer): void => {
    const lines = output.toString().trimEnd().split('\n').length
    if (lines !== 1001) throw new Error(`${lines} lines were printed`)
  }
  try {
    return [
      await compare('fochista --version', 1, () => run(process.execPath, program, '--version'), {
        name: 'kubectl version --client',
        run: () => run('kubectl', 'version', '--client'),
      }),
      await compare('fochista vm list, 1,000 VMs', 1, () => listed(built('vm', 'list')), {
        name: 'kubectl get pods, 1,000 Pods',
        run: () => listed(run('kubectl', '--server', server.url, 'get', 'pods', '--namespace', 'default')),
      }),
      await compare('fochista pool scale --help', 2.5, () => built('pool', 'scale', '--help'), {
        name: 'kubectl scale --help',
        run: () => run('kubectl', 'scale', '--help'),
      }),
    ]
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const startOf = (args: readonly string[]): string =>
  `import(${JSON.stringify(join(cli, 'dist', 'main.js'))}).then(async ({ runUntilSignal }) => { process.exitCode = await runUntilSignal(${JSON.stringify(args)}) })`
