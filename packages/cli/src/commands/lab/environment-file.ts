import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'

/** What a running lab tells others: the process, and the environment to use. */
export interface LabRecord {
  readonly pid: number
  readonly started: string
  readonly speed: number
  readonly environment: Record<string, string>
}

/** Where the running lab is recorded: `$XDG_STATE_HOME/fochista/lab.json`, by default below `~/.local/state`. */
export function labRecordPath(): string {
  const state = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state')
  return join(state, 'fochista', 'lab.json')
}

/** Records a lab. The file holds the lab's tokens, so only its user may read it. */
export async function writeLabRecord(record: LabRecord, path = labRecordPath()): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
  // A new file each time: the mode counts only when a file is made, and no reader sees half of it.
  const fresh = `${path}.${record.pid}`
  await writeFile(fresh, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
  await rename(fresh, path)
}

/** Removes the record, if it is still that of `pid`. */
export async function removeLabRecord(pid: number, path = labRecordPath()): Promise<void> {
  if ((await readRecord(path))?.pid === pid) await rm(path, { force: true })
}

/**
 * The lab that is recorded, whose process lives and whose API listens: after a crash another program may have the process's number.
 * Throws CommandError if none is.
 */
export async function readLabRecord(path = labRecordPath()): Promise<LabRecord> {
  const record = await readRecord(path)
  if (record && isAlive(record.pid) && (await listens(record.environment['KAMAJI_URL']))) return record
  throw new CommandError(tr('no lab is running', 'nessun lab è in esecuzione'), {
    hint: `${tr('Start one with:', 'Avviane uno con:')}  fochista lab up`,
  })
}

/** The environment as lines for a shell: `eval "$(fochista lab env)"`. */
export function exportLines(environment: Record<string, string>): string[] {
  return Object.entries(environment).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'`,
  )
}

/** The record as it stands; undefined where there is none, or none that can be read. */
async function readRecord(path: string): Promise<LabRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as LabRecord
  } catch {
    return undefined
  }
}

/** Whether somebody takes connections at a URL; at most a second is waited for the answer. */
function listens(url: string | undefined): Promise<boolean> {
  if (url === undefined) return Promise.resolve(false)
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: 1000 })
    const answer = (value: boolean): void => {
      socket.destroy()
      resolve(value)
    }
    socket.once('connect', () => answer(true))
    socket.once('error', () => answer(false))
    socket.once('timeout', () => answer(false))
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
