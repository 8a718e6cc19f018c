import type { Fault } from '@fochista/lab'
import { stringify } from 'yaml'
import { choice, type Option } from '../../../command.ts'
import type { Context } from '../../../context.ts'
import { CommandError } from '../../../errors.ts'
import type { Io } from '../../../io.ts'
import { tr } from '../../../locale.ts'
import { printTable } from '../../../output.ts'
import { readLabRecord } from '../environment-file.ts'

const formats = ['table', 'json', 'yaml'] as const
type Format = (typeof formats)[number]

/** The `-o` option of the fault commands. */
export const formatOption: Option<Format> = choice(
  '-o, --output <format>',
  tr('how to print', 'come mostrare'),
  formats,
  'table',
)

/**
 * Calls the lab's own endpoint: that of the environment (`LAB_URL`, `LAB_TOKEN`), else that of the recorded lab.
 * @throws CommandError with the lab's words for what it refuses, and where no lab answers.
 */
export async function callLab(
  context: Context,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const given = await context.environment()
  const environment = given['LAB_URL'] ? given : (await readLabRecord()).environment
  const { LAB_URL: url = '', LAB_TOKEN: token = '' } = environment
  let response: Response
  try {
    response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: context.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch (error) {
    throw new CommandError(tr(`the lab does not answer at ${url}`, `il lab non risponde a ${url}`), {
      hint: `${tr('Its address now:', 'Il suo indirizzo ora:')}  eval "$(fochista lab env)"`,
      cause: error,
    })
  }
  const answer: unknown = await response.json()
  if (response.ok) return answer
  const { error } = answer as { error?: unknown }
  throw new CommandError(typeof error === 'string' ? error : `${response.status} ${response.statusText}`)
}

/** Prints faults: as a table for people, or as they are. */
export function printFaults(io: Io, format: Format, faults: readonly Fault[]): void {
  if (format === 'json') return io.out(JSON.stringify(faults, null, 2))
  if (format === 'yaml') return io.raw(stringify(faults))
  printTable(
    io,
    [
      { heading: 'ID', cell: ({ id }) => id },
      { heading: tr('STATE', 'STATO'), cell: ({ state }) => state },
      {
        heading: tr('FAULT', 'GUASTO'),
        cell: ({ what: { kind, ...fields } }) => [kind, words(fields)].join(' ').trim(),
      },
      {
        heading: tr('ON', 'DOVE'),
        cell: ({ on: { backEnd, ...rest } }) => [backEnd, words(rest)].join(' ').trim(),
      },
      { heading: tr('WHEN', 'QUANDO'), cell: ({ when }) => words(when ?? {}) },
      { heading: tr('STRUCK', 'COLPITI'), cell: ({ struck, seen }) => `${struck}/${seen}`, right: true },
    ],
    faults,
  )
}

/** Fields that are milliseconds. */
const times: ReadonlySet<string> = new Set(['for', 'ms', 'after'])

/** Fields as they are typed. */
function words(fields: object): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
      return `${name}=${text}${times.has(name) ? 'ms' : ''}`
    })
    .join(' ')
}
