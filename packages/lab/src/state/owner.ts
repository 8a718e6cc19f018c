import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** A state that another lab uses. */
export class StateInUseError extends Error {
  override readonly name = 'StateInUseError'
  readonly folder: string
  readonly pid: number
  constructor(folder: string, pid: number) {
    super(`the state in ${folder} is in use by a lab that runs (process ${pid})`)
    this.folder = folder
    this.pid = pid
  }
}

/** Takes a folder for this process, making it if need be. Returns what gives it back. Throws StateInUseError. */
export function own(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'owner')
  for (let attempt = 0; ; attempt++) {
    try {
      const file = openSync(path, 'wx', 0o600)
      writeSync(file, `${process.pid} ${startOf(process.pid) ?? ''}\n`)
      closeSync(file)
      return () => rmSync(path, { force: true })
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST' || attempt > 4)
        throw error
    }
    const [pid = '', start = ''] = readFileSync(path, 'utf8').trim().split(' ')
    if (isAlive(Number(pid), start)) throw new StateInUseError(folder, Number(pid))
    rmSync(path, { force: true })
  }
}

/** Whether the process lives that wrote its number: another one may have it by now, but not with the same start. */
function isAlive(pid: number, start: string): boolean {
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  const now = startOf(pid)
  return now === undefined || start === '' || now === start
}

/** When a process started, as the kernel counts it; undefined where it does not say. */
function startOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]
  } catch {
    return undefined
  }
}
