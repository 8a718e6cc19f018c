import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectionFromEnvironment, createKubernetes, type Kubernetes } from '@fochista/kubernetes'
import { startLab, type Lab } from '../packages/lab/src/index.ts'

const root = join(import.meta.dirname, '..')
const command = [
  '--conditions=source',
  '--disable-warning=ExperimentalWarning',
  join(root, 'packages', 'cli', 'src', 'main.ts'),
]

/** A lab in this process, and `fochista` against it in processes of its own: what the lab does must not count among what we cost. */
export interface Stage {
  readonly lab: Lab
  readonly kubernetes: Kubernetes
  /** Runs `fochista` to its end; throws with what it said if it fails. */
  fochista(...args: string[]): Promise<void>
  /** Starts `fochista serve`, and resolves when it says that it runs. */
  serve(): Promise<ChildProcess>
  close(): Promise<void>
}

/** Path of a manifest of `examples/`. */
const example = (name: string): string => join(root, 'examples', name)

/**
 * Starts a lab with the CRDs, the ProxmoxCluster `lab`, a class `small` (1 core, 1 GiB, the template's own disk) and the cluster
 * `tenant-test` with a network plugin, Ready to take workers.
 * @param speed How many times faster than hardware. @param classOptions Further options of `class create`.
 */
export async function startStage(speed: number, classOptions: readonly string[] = []): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-bench-'))
  const lab = await startLab({ ports: { proxmox: 0, kubernetes: 0 }, speed })
  const env: Record<string, string | undefined> = {
    ...process.env,
    ...lab.environment,
    HOME: folder,
    XDG_STATE_HOME: folder,
    XDG_CONFIG_HOME: folder,
    LC_ALL: 'C.UTF-8',
  }
  const children: ChildProcess[] = []
  const start = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, [...command, ...args], {
      env,
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.push(child)
    return child
  }
  const kubernetes = createKubernetes(await connectionFromEnvironment(env))
  const stage: Stage = {
    lab,
    kubernetes,
    fochista: async (...args) => {
      const child = start(...args)
      let said = ''
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
      const [code] = (await once(child, 'close')) as [number | null]
      if (code !== 0) throw new Error(`fochista ${args.join(' ')}: exit ${code}\n${said}`)
    },
    serve: async () => {
      const child = start('serve')
      await saying(child, 'Ctrl-C')
      return child
    },
    close: async () => {
      for (const child of children.reverse()) await stopped(child)
      await kubernetes.close()
      await lab.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await stage.fochista('install')
    await stage.fochista('proxmox', 'add', 'lab')
    const shape = ['--template-tags', 'kubelet-v1.30.4', '--cores', '1', '--memory', '1Gi', '--disk', '9Gi']
    const where = ['--storage', 'local-lvm', '--iso-storage', 'local', '--bridge', 'vmbr0']
    await stage.fochista(
      'class',
      'create',
      'small',
      '--proxmox',
      'lab',
      '--default',
      ...shape,
      ...where,
      ...classOptions,
    )
    await stage.fochista(
      'cluster',
      'create',
      '-f',
      example('tenant-test.yaml'),
      '--apply',
      example('network.yaml'),
    )
    return stage
  } catch (error) {
    await stage.close()
    throw error
  }
}

/** Waits until a program says a word on standard error. */
async function saying(child: ChildProcess, word: string): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-20_000)
      if (said.includes(word)) resolve()
    })
    child.on('exit', (code) => reject(new Error(`it ended with ${code}:\n${said}`)))
  })
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}
