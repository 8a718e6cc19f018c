import type { GuestCommand } from '../disk.ts'
import { execute, type Unknown } from './execute.ts'
import type { Machine } from './programs.ts'

/** Around a command that runs. */
export interface RunOptions {
  /** Milliseconds since 1970, for the record. */
  readonly now: number
  /** Told of programs and scripts that are not emulated; these count as done. */
  readonly unknown: Unknown
  /** Sees what it writes, as it writes it. */
  readonly write?: (text: string) => void
}

/** Runs a program as root and notes it. Rejects when the machine's power goes. */
export async function runCommand(
  machine: Machine,
  argv: readonly string[],
  { now, unknown, write }: RunOptions,
): Promise<GuestCommand> {
  let output = ''
  const sink = (text: string): void => {
    output += text
    write?.(text)
  }
  const exitCode = await execute(machine, argv, { input: '', out: sink, err: sink }, unknown)
  const command = { argv: [...argv], exitCode, output, at: now }
  machine.disk.commands.push(command)
  return command
}
