import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  connectionFromEnvironment,
  createKubernetes,
  defineKind,
  type KubernetesObject,
} from '@fochista/kubernetes'
import { median, type Figure } from './figure.ts'

const root = join(import.meta.dirname, '..')
const cli = join(root, 'packages', 'cli', 'src', 'main.ts')
const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning']
const ROUNDS = 3
const SLOW = 5
const FAST = 50

type NodePool = KubernetesObject & { status?: { readyReplicas?: number } }
const NodePools = defineKind<NodePool>({
  apiVersion: 'fochista.dev/v1alpha1',
  kind: 'NodePool',
  plural: 'nodepools',
  namespaced: true,
})

/**
 * From `pool create` to three Ready Nodes, beside the delays that the lab imposes (clones, boots, joins), which no controller can
 * shorten. Those are what of the time goes away when the lab runs faster: of two speeds `time = ours + delays / speed`.
 */
export async function threeWorkers(): Promise<Figure[]> {
  const slow = await timeAt(SLOW)
  const fast = await timeAt(FAST)
  const delays = (slow - fast) / (1 / SLOW - 1 / FAST)
  return [
    {
      name: `three workers Ready, lab at speed ${SLOW}`,
      value: slow * 1000,
      unit: 'ms',
      peer: `the lab's own delays (${(delays / SLOW).toFixed(1)} s)`,
      ratio: slow / (delays / SLOW),
      goal: 1.5,
    },
  ]
}

/** Median time in seconds of making a pool of three on a lab of that speed. */
async function timeAt(speed: number): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-bench-'))
  const children: ChildProcess[] = []
  const env: Record<string, string | undefined> = {
    ...process.env,
    HOME: folder,
    XDG_STATE_HOME: folder,
    LC_ALL: 'C.UTF-8',
  }
  const start = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, [...flags, cli, ...args], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.push(child)
    return child
  }
  const run = async (...args: string[]): Promise<void> => {
    const child = start(...args)
    let said = ''
    child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number | null]
    if (code !== 0) throw new Error(`fochista ${args.join(' ')}: exit ${code}\n${said}`)
  }
  try {
    const file = join(folder, 'env')
    await saying(start('lab', 'up', '--free-ports', '--speed', String(speed), '--write-env', file), 'Ctrl-C')
    for (const [, name = '', value = ''] of (await readFile(file, 'utf8')).matchAll(
      /^export (\w+)='(.*)'$/gm,
    ))
      env[name] = value
    await run('install')
    await run('proxmox', 'add', 'lab')
    const where = ['--storage', 'local-lvm', '--iso-storage', 'local', '--bridge', 'vmbr0']
    await run(
      'class',
      'create',
      'small',
      '--proxmox',
      'lab',
      '--template-tags',
      'kubelet-v1.30.4',
      ...where,
      '--default',
    )
    await saying(start('serve'), 'Ctrl-C')
    const example = (name: string): string => join(root, 'examples', name)
    await run('cluster', 'create', '-f', example('tenant-test.yaml'), '--apply', example('network.yaml'))
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      times.push(await secondsToReady(env))
      await run('pool', 'delete', 'workers')
    }
    return median(times)
  } finally {
    for (const child of children.reverse()) await stopped(child)
    await rm(folder, { recursive: true, force: true })
  }
}

async function secondsToReady(env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const kubernetes = createKubernetes(await connectionFromEnvironment(env))
  const stop = new AbortController()
  try {
    const started = performance.now()
    await kubernetes.create(NodePools, {
      apiVersion: NodePools.apiVersion,
      kind: NodePools.kind,
      metadata: { name: 'workers', namespace: 'default' },
      spec: { clusterName: 'tenant-test', replicas: 3 },
    } as NodePool)
    for await (const { object } of kubernetes.watch(NodePools, { namespace: 'default', signal: stop.signal }))
      if (object.status?.readyReplicas === 3) break
    return (performance.now() - started) / 1000
  } finally {
    stop.abort()
    await kubernetes.close()
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
