import { execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { send } from '../kubernetes/send.ts'
import { startServer } from '../kubernetes/server.ts'
import type { Recorded } from '../kubernetes/recorded.ts'
import type { Outcome } from '../outcome.ts'
import { leftOut } from '../outcome.ts'
import type { Replayable } from '../recordings.ts'
import { readRecording, recordingsIn } from '../recordings.ts'
import { compareCommand } from './compare.ts'
import type { Ended } from './compare.ts'
import { BEFORE, EDITORS, UNWRITTEN_BESIDE, unwrittenBefore } from './unwritten.ts'
import type { Unwritten } from './unwritten.ts'

/** One line of the recording: a command, or a request that set things up. */
interface Command extends Recorded {
  command?: string
  stdin?: string
  /** Files that lay beside it, by name. */
  files?: { [name: string]: string }
  /** -2 when the recorder interrupted it. */
  exit?: number
  stdout?: string
  stderr?: string
}

/** The commands that stand in the recording of CRDs (06) are numbered from here. */
const NUMBERED_FROM = 6000
/** The line after which the recording has its kinds. */
const KINDS_MADE = 2
/** The version whose words were recorded. */
const RECORDED_MINOR = '32'
const INTERRUPTED = -2
/** When a command that waits is waiting, and how long one that the recorder interrupted may take, milliseconds. */
const WAITS_AFTER = 1000
const LONGEST = 8000
const NEVER_LONGER = 120_000
/** What the recorder wrote itself bears another second than what a command did before. */
const ANOTHER_SECOND = 1000
/** Controllers act on what a command did; the recorder waited for them. */
const AFTER_COMMAND = 75
/** A namespace that goes is empty by then, milliseconds. */
const NAMESPACE_EMPTIED = 5500

/** The replay of what kubectl did, not yet begun, where there is a recording of it. */
export function kubectlReplays(folder: string): Replayable[] {
  return recordingsIn(folder, /^12-kubectl\.jsonl$/).map((file) => {
    const name = 'kubernetes/12-kubectl'
    const needs = lacks()
    return {
      names: [name],
      ...(needs === undefined ? {} : { needs }),
      run: async (pace?: number) => [
        {
          name,
          outcomes: await replayCommands(
            readRecording<Command>(join(folder, file)),
            recordingsIn(folder, /^06-crds\.jsonl$/).flatMap((other) => clientsOf(join(folder, other))),
            pace,
          ),
        },
      ],
    }
  })
}

/** What this machine lacks to run the recorded commands: other versions have other words. */
function lacks(): string | undefined {
  const needs = `kubectl 1.${RECORDED_MINOR}`
  try {
    const told = execFileSync('kubectl', ['version', '--client', '-o', 'json'], { stdio: 'pipe' }).toString()
    return new RegExp(`"minor": "${RECORDED_MINOR}\\+?"`).test(told) ? undefined : needs
  } catch {
    return needs
  }
}

/** The commands in a recording of the API server. */
function clientsOf(file: string): Command[] {
  return readRecording<Command & { client?: Command }>(file).flatMap(({ n, title, client }) =>
    client === undefined ? [] : [{ ...client, n: NUMBERED_FROM + n, title }],
  )
}

/**
 * Runs the recorded commands one after the other and compares how they end and what they print. `others` are run once the kinds of the
 * recording are there.
 */
async function replayCommands(
  lines: readonly Command[],
  others: readonly Command[],
  pace = 1,
): Promise<Outcome[]> {
  const server = await startServer('12-kubectl.jsonl', lines)
  const home = await mkdtemp(join(tmpdir(), 'kubectl-'))
  try {
    const { url, tokens } = server.target
    await writeFile(join(home, 'config'), kubeconfig(url, tokens))
    const write = async ({ method, path, body }: Unwritten): Promise<void> => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      await send(url, {
        method,
        path,
        headers: [
          ['Authorization', `Bearer ${tokens['admin'] ?? ''}`],
          ['User-Agent', 'golden/1.0'],
          ['Content-Type', type],
        ],
        body: JSON.stringify(body),
      })
      await pause(AFTER_COMMAND * pace)
    }
    const before = await unwrittenBefore()
    const outcomes: Outcome[] = []
    const all = lines.flatMap((line) => (line.n === KINDS_MADE ? [line, ...others] : [line]))
    for (const line of all) {
      const { n, title, command, request } = line
      if (command === undefined) {
        if (request?.body !== undefined)
          await write({
            method: request.method,
            path: request.path,
            body: JSON.parse(request.body) as object,
          })
        outcomes.push(leftOut(n, title, 'a request that sets things up; it stands in other recordings'))
        continue
      }
      if (n === 3) {
        for (const each of BEFORE) await write(each)
        await pause(NAMESPACE_EMPTIED)
      }
      if (before[n] !== undefined) await pause(ANOTHER_SECOND)
      for (const each of before[n] ?? []) await write(each)
      const besides = UNWRITTEN_BESIDE[n] ?? []
      const beside = async (): Promise<void> => {
        if (besides.length > 0) await pause(WAITS_AFTER * pace)
        for (const each of besides) await write(each)
      }
      const [ended] = await Promise.all([runCommand(home, line, pace), beside()])
      outcomes.push({ n, title, ...compareCommand(line, ended) })
      await pause(AFTER_COMMAND * pace)
    }
    return outcomes
  } finally {
    await server.close()
    await rm(home, { recursive: true, force: true })
  }
}

/** Runs a command of the recording as its shell did. */
async function runCommand(home: string, line: Command, pace: number): Promise<Ended> {
  const { n, command = '', files = {}, stdin, exit, stdout: wanted = '' } = line
  const folder = join(home, String(n))
  await mkdir(folder)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const shell = spawn('bash', ['-c', `exec ${command}`], {
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: home,
      KUBECONFIG: join(home, 'config'),
      KUBE_EDITOR: EDITORS[n] ?? 'true',
    },
  })
  let stdout = ''
  let stderr = ''
  const lines = wanted.trimEnd().split('\n').length
  let isInterrupted = false
  const interrupt = (): void => {
    isInterrupted = true
    shell.kill('SIGINT')
  }
  const longest = setTimeout(interrupt, exit === INTERRUPTED ? LONGEST * pace : NEVER_LONGER)
  shell.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    if (exit === INTERRUPTED && stdout.trimEnd().split('\n').length >= lines) interrupt()
  })
  shell.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  shell.stdin.end(stdin ?? '')
  const code = await new Promise<number>((resolve) => {
    shell.on('close', (status) => resolve(isInterrupted ? INTERRUPTED : (status ?? -1)))
  })
  clearTimeout(longest)
  return { exit: code, stdout, stderr }
}

function kubeconfig(server: string, tokens: { [name: string]: string }): string {
  const names = ['admin', 'alice', 'bob']
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: names.map((name) => ({ name, user: { token: tokens[name] } })),
    contexts: names.map((name) => ({ name, context: { cluster: 'c', user: name, namespace: 'kt' } })),
    'current-context': 'admin',
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
