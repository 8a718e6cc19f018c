import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
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
  await writeFile(path, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
}

/** Removes the record, if it is still that of `pid`. */
export async function removeLabRecord(pid: number, path = labRecordPath()): Promise<void> {
  const record = await readFile(path, 'utf8').catch(() => undefined)
  if (record && (JSON.parse(record) as LabRecord).pid === pid) await rm(path, { force: true })
}

/** The lab that is recorded and whose process lives. Throws CommandError if none is. */
export async function readLabRecord(path = labRecordPath()): Promise<LabRecord> {
  const text = await readFile(path, 'utf8').catch(() => undefined)
  const record = text === undefined ? undefined : (JSON.parse(text) as LabRecord)
  if (record && isAlive(record.pid)) return record
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
