import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, type TestContext } from 'node:test'
import { pveum } from './pveum.ts'

/** The repository's root. */
export const root = join(import.meta.dirname, '..')

/** A manifest of `examples/`. */
export const example = (name: string): string => join(root, 'examples', name)

/** What a program that ended left behind. */
export interface Outcome {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A lab in a process of its own, and the programs that are run against it. Everything is stopped after the file's tests. */
export interface Bench {
  /** The lab's environment, as `fochista lab env` prints it. */
  readonly environment: Record<string, string>
  /** A scratch folder of this file's tests. */
  readonly folder: string
  /** The lab's process. */
  readonly lab: { readonly pid: number; isUp(): boolean; errors(): string }
  /** Arguments of Node that begin a `fochista` command, for those who start it by `run`. */
  readonly command: readonly string[]
  /** Runs `fochista` to its end. */
  fochista(...args: string[]): Promise<Outcome>
  /** Runs `fochista` and requires exit code 0; resolves to its standard output. */
  ok(...args: string[]): Promise<string>
  /** Runs any program in the lab's environment. `input` goes to its standard input. */
  run(
    program: string,
    args: readonly string[],
    options?: { input?: string; env?: Record<string, string> },
  ): Promise<Outcome>
  /** kubectl against the management cluster; requires exit code 0. */
  kubectl(...args: string[]): Promise<string>
  /** Kills the lab (SIGKILL). */
  killLab(): void
  /** Starts `fochista serve`; resolves to what stops it (SIGTERM, waits for its end). `env` is laid over the lab's environment. */
  serve(options?: { args?: readonly string[]; env?: Record<string, string> }): Promise<Serving>
  /**
   * Grants the controllers' token what it lacks, and no more, by the commands that `fochista doctor` prints: for a class or a namespace that a
   * test adds. @param namespaces Namespaces that are to get machines, beside those that have pools.
   */
  grant(...namespaces: string[]): Promise<void>
}

/** Controllers that run: calling it stops them. */
interface Serving {
  (): Promise<void>
  /** The end of what they have said. */
  readonly said: () => string
}

/** The controllers' token: its user and it have exactly the rights that `fochista doctor` prints. */
const TOKEN_ID = 'journey@pve!main'

const flags = ['--conditions=source', '--disable-warning=ExperimentalWarning']
const cli = join(root, 'packages', 'cli', 'src', 'main.ts')

/**
 * Starts a lab. `speed` divides the durations of real hardware; `options` are further ones of `lab up`.
 * What runs against it: `install`, `proxmox add` with a token of the least rights, and two classes are made unless `bare` is set.
 */
export async function startBench({
  speed = 40,
  bare = false,
  options = [],
}: { speed?: number; bare?: boolean; options?: readonly string[] } = {}): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-e2e-'))
  const children: ChildProcess[] = []
  const base = {
    ...process.env,
    HOME: folder,
    XDG_STATE_HOME: folder,
    XDG_CONFIG_HOME: folder,
    LC_ALL: 'C.UTF-8',
  }
  const environmentFile = join(folder, 'lab.env')
  const lab = spawn(
    process.execPath,
    [
      ...flags,
      cli,
      'lab',
      'up',
      '--free-ports',
      '--speed',
      String(speed),
      '--write-env',
      environmentFile,
      ...options,
    ],
    {
      env: base,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  )
  children.push(lab)
  const said: string[] = []
  lab.stderr?.setEncoding('utf8').on('data', (text: string) => said.push(text))
  after(async () => {
    for (const child of children.reverse()) await stop(child)
    // A program that was killed may still write there.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
  })
  const environment = await eventually('the lab is up', 60_000, async () => {
    assert.equal(lab.exitCode, null, `the lab ended: ${said.join('')}`)
    return parseExports(await readFile(environmentFile, 'utf8'))
  })
  const env = { ...base, ...environment }

  const run: Bench['run'] = (program, args, options = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, args, { env: { ...env, ...options.env }, cwd: root, stdio: 'pipe' })
      let stdout = ''
      let stderr = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
      child.on('error', reject)
      child.on('close', (code) => resolve({ code: code ?? -1, stdout, stderr }))
      // A program that ends without reading its input (`kubectl --help`) closes the pipe; its exit code says how it went.
      child.stdin.on('error', () => undefined)
      child.stdin.end(options.input ?? '')
    })
  const fochista: Bench['fochista'] = (...args) => run(process.execPath, [...flags, cli, ...args])
  const ok: Bench['ok'] = async (...args) => {
    const outcome = await fochista(...args)
    assert.equal(outcome.code, 0, `fochista ${args.join(' ')}: exit ${outcome.code}\n${outcome.stderr}`)
    return outcome.stdout
  }
  const bench: Bench = {
    environment,
    folder,
    lab: {
      pid: lab.pid ?? 0,
      isUp: () => lab.exitCode === null && lab.signalCode === null,
      errors: () => said.join(''),
    },
    command: [...flags, cli],
    run,
    fochista,
    ok,
    killLab: () => void lab.kill('SIGKILL'),
    kubectl: async (...args) => {
      const outcome = await run('kubectl', args)
      assert.equal(outcome.code, 0, `kubectl ${args.join(' ')}: exit ${outcome.code}\n${outcome.stderr}`)
      return outcome.stdout
    },
    serve: async ({ args = [], env: over = {} } = {}) => {
      const child = spawn(process.execPath, [...flags, cli, 'serve', ...args], {
        env: { ...env, ...over },
        cwd: root,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let log = ''
      child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-20_000)))
      children.push(child)
      await eventually('serve runs', 30_000, () => {
        assert.equal(child.exitCode, null, `serve ended:\n${log}`)
        assert.match(log, /Ctrl-C/)
        return Promise.resolve()
      })
      return Object.assign(() => stop(child), { said: () => log })
    },
    grant: async (...namespaces) => {
      const wanted = namespaces.flatMap((namespace) => ['--namespaces', namespace])
      // What a token may not see, as templates, it can be granted only when it sees more.
      for (let round = 1; round <= 3; round += 1) {
        const asked = ['doctor', '--proxmox', 'lab', ...wanted, '-o', 'pveum']
        const { stdout, stderr } = await runHere(env, asked)
        assert.match(stderr, /^$|wrong/)
        const lines = stdout.split('\n').filter(Boolean)
        if (lines.length === 0) return
        for (const line of lines) await pveum(bench, line)
      }
      assert.fail('the rights that doctor prints do not suffice it')
    },
  }
  if (!bare) {
    await pveum(bench, `pveum user add ${TOKEN_ID.split('!')[0]}`)
    const made = await pveum(bench, `pveum user token add ${TOKEN_ID.replace('!', ' ')} --privsep 1`)
    const secret = { PROXMOX_SECRET: (made as { value: string }).value }
    for (const [args, more] of [
      [['install'], {}],
      [['proxmox', 'add', 'lab', '--token-id', TOKEN_ID], secret],
      [[...createClass('small', 'v1.30.4'), '--default'], {}],
      [createClass('next', 'v1.33.4'), {}],
    ] as const) {
      const { code, stderr } = await runHere({ ...env, ...more }, args)
      assert.equal(code, 0, `fochista ${args.join(' ')}: ${stderr}`)
    }
    await bench.grant('default')
  }
  return bench
}

/**
 * Runs a `fochista` line in this process: to prepare a lab takes many, and most of what a short one takes is its start. What a journey is about is
 * run as a person runs it.
 */
async function runHere(
  environment: Readonly<Record<string, string | undefined>>,
  args: readonly string[],
): Promise<Outcome> {
  // Tests read what it says in English; which language it is, is decided when it is loaded.
  process.env['LC_ALL'] = 'C.UTF-8'
  const { createContext } = await import('../packages/cli/src/context.ts')
  const { runLine } = await import('../packages/cli/src/program.ts')
  const { testIo } = await import('../packages/cli/src/test-io.ts')
  const io = testIo()
  const code = await runLine(args, io, new AbortController().signal, (given, signal, options) =>
    createContext(given, signal, options, environment),
  )
  return { code, stdout: io.stdout, stderr: io.stderr }
}

/** The command that makes a class on the lab's Proxmox cluster, of the templates with the given kubelet. */
export function createClass(name: string, kubelet: string): string[] {
  const places = ['--storage', 'local-lvm', '--iso-storage', 'local', '--bridge', 'vmbr0']
  return ['class', 'create', name, '--proxmox', 'lab', '--template-tags', `kubelet-${kubelet}`, ...places]
}

/** A limit is what something may take on a machine that does nothing else; one that is busy, or slow, takes up to so many times as long. */
const PATIENCE = 3

/**
 * Tries until `attempt` no longer throws; throws its last error after `timeoutMs` and patience. The world is asked again and again: nothing
 * assumes how fast it is.
 */
export async function eventually<T>(what: string, timeoutMs: number, attempt: () => Promise<T>): Promise<T> {
  const limitMs = timeoutMs * PATIENCE
  const deadline = Date.now() + limitMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`not within ${limitMs / 1000} s: ${what}`, { cause: error })
      await sleep(200)
    }
  }
}

/** True if a foreign program is there. Where it is not, the test is skipped loudly; in CI (FOCHISTA_NO_SKIP) it fails. */
export function has(t: TestContext, program: string): boolean {
  const found = spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
  if (found) return true
  if (process.env['FOCHISTA_NO_SKIP']) throw new Error(`${program} is not installed`)
  t.skip(`NEEDS ${program}, which is not installed`)
  return false
}

/** The lines `export NAME='value'` of `lab up --write-env`. */
function parseExports(text: string): Record<string, string> {
  const pairs = [...text.matchAll(/^export (\w+)='(.*)'$/gm)].map(
    (match) => [match[1] ?? '', (match[2] ?? '').replaceAll(String.raw`'\''`, "'")] as const,
  )
  assert.ok(pairs.length > 0, 'no environment yet')
  return Object.fromEntries(pairs)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const killer = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await ended
  clearTimeout(killer)
}
