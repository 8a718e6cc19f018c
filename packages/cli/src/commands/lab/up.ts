import { resolve } from 'node:path'
import type { Lab, LabOptions } from '@fochista/lab'
import { choice, command, flag, integer, text, textOr } from '../../command.ts'
import { CommandError, UsageError } from '../../errors.ts'
import type { Io } from '../../io.ts'
import { tr } from '../../locale.ts'
import { untilAborted } from '../../wait.ts'
import {
  exportLines,
  labRecordPath,
  readLabRecord,
  removeLabRecord,
  writeLabRecord,
} from './environment-file.ts'

/** `fochista lab up`: both back ends, emulated, until Ctrl-C. */
export const labUp = command({
  path: 'lab up',
  summary: tr(
    'Start an emulated Proxmox VE cluster and an emulated Kamaji management cluster',
    'Avvia un cluster Proxmox VE e un cluster di gestione Kamaji emulati',
  ),
  options: {
    proxmoxPort: integer(
      '--proxmox-port <port>',
      tr(
        'port of the Proxmox API; 0 picks a free one (default: that of the state, else 8006)',
        'porta dell’API Proxmox; 0 ne sceglie una libera (predefinita: quella dello stato, altrimenti 8006)',
      ),
      { min: 0, max: 65_535 },
    ),
    kubernetesPort: integer(
      '--kubernetes-port <port>',
      tr(
        'port of the Kubernetes API; 0 picks a free one (default: that of the state, else 6443)',
        'porta dell’API Kubernetes; 0 ne sceglie una libera (predefinita: quella dello stato, altrimenti 6443)',
      ),
      { min: 0, max: 65_535 },
    ),
    freePorts: flag('--free-ports', tr('pick free ports for both', 'sceglie porte libere per entrambi')),
    hosts: integer('--hosts <n>', tr('Proxmox hosts (default 3)', 'host Proxmox (predefinito 3)'), {
      min: 1,
      max: 32,
    }),
    speed: textOr(
      '--speed <factor>',
      tr('how many times faster than real hardware', 'quante volte più veloce dell’hardware reale'),
      '1',
    ),
    seed: textOr(
      '--seed <world>',
      tr('the world to start with: default or empty', 'il mondo iniziale: default o empty'),
      'default',
    ),
    machines: choice(
      '--machines <kind>',
      tr(
        'what VMs are that run: the lab’s guests only, or a process of QEMU beside each',
        'cosa sono le VM accese: solo i guest del lab, o un processo QEMU accanto a ognuno',
      ),
      ['guests', 'qemu'] as const,
      'guests',
    ),
    state: text(
      '--state <dir>',
      tr(
        'keep everything in this folder: stopped or killed, the lab comes back as it was',
        'conserva tutto in questa cartella: fermato o ucciso, il lab torna com’era',
      ),
    ),
    write: text(
      '--write-env <file>',
      tr('also write the environment to this file', 'scrive l’ambiente anche in questo file'),
    ),
  },
  examples: [
    'fochista lab up --speed 20',
    'eval "$(fochista lab env)"   # in another terminal',
    'fochista lab up --state ~/lab',
    'fochista lab up --machines qemu',
  ],
  run: async ({ io, signal }, _args, options) => {
    const speed = Number(options.speed)
    if (!(speed > 0))
      throw new UsageError(
        `--speed: "${options.speed}" ${tr('is not a positive number', 'non è un numero positivo')}`,
      )
    await requireNoLab()
    const lab = await start(io, {
      ports: {
        proxmox: options.proxmoxPort ?? (options.freePorts ? 0 : undefined),
        kubernetes: options.kubernetesPort ?? (options.freePorts ? 0 : undefined),
      },
      hosts: options.hosts ?? 3,
      speed,
      seed: options.seed,
      machines: options.machines,
      ...(options.state === undefined ? {} : { state: resolve(options.state) }),
    })
    try {
      const environment = { ...lab.environment }
      await writeLabRecord({ pid: process.pid, started: new Date().toISOString(), speed, environment })
      if (options.write) await writeEnvironment(options.write, environment)
      for (const line of exportLines(environment)) io.out(line)
      io.note(
        tr(
          `The lab is up. Its environment: fochista lab env (recorded in ${labRecordPath()}). Ctrl-C stops it.`,
          `Il lab è attivo. Il suo ambiente: fochista lab env (registrato in ${labRecordPath()}). Ctrl-C lo ferma.`,
        ),
      )
      await untilAborted(signal)
    } finally {
      await removeLabRecord(process.pid)
      await lab.stop()
    }
  },
})

/** The record of a lab has one place: a second lab would hide the first from `lab env`. */
async function requireNoLab(): Promise<void> {
  const record = await readLabRecord().catch(() => undefined)
  if (record === undefined) return
  throw new CommandError(
    tr(
      `a lab is running already (process ${record.pid})`,
      `un lab è già in esecuzione (processo ${record.pid})`,
    ),
    { hint: `${tr('Use it with:', 'Usalo con:')}  eval "$(fochista lab env)"` },
  )
}

/** Starts the lab; says which flag to change where it cannot. */
async function start(io: Io, options: LabOptions): Promise<Lab> {
  const { JournalError, MissingProgramError, PortInUseError, StateInUseError, startLab } =
    await import('@fochista/lab')
  try {
    return await startLab({ ...options, log: (text) => io.note(`lab: ${text}`) })
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error })
    if (error instanceof StateInUseError || error instanceof JournalError)
      throw new CommandError(
        error instanceof JournalError
          ? error.message
          : tr(
              `the state in ${error.folder} is in use by another lab (process ${error.pid})`,
              `lo stato in ${error.folder} è usato da un altro lab (processo ${error.pid})`,
            ),
        {
          hint: tr('Name another folder with --state.', 'Indica un’altra cartella con --state.'),
          cause: error,
        },
      )
    if (error instanceof MissingProgramError)
      throw new CommandError(
        tr(
          `--machines qemu needs ${error.program}, which is not on this machine`,
          `--machines qemu richiede ${error.program}, che non c’è su questa macchina`,
        ),
        {
          hint: tr(
            'On Debian: apt install qemu-system-x86 qemu-utils util-linux. Without the option the lab’s own guests serve.',
            'Su Debian: apt install qemu-system-x86 qemu-utils util-linux. Senza l’opzione bastano i guest del lab.',
          ),
          cause: error,
        },
      )
    if (!(error instanceof PortInUseError)) throw error
    const flagName = error.backEnd === 'proxmox' ? '--proxmox-port' : '--kubernetes-port'
    throw new CommandError(
      tr(
        `port ${error.port} is in use by another program`,
        `la porta ${error.port} è usata da un altro programma`,
      ),
      {
        hint: tr(
          `Choose another with ${flagName} <port>, or let free ones be picked with --free-ports.`,
          `Scegline un’altra con ${flagName} <porta>, o lascia scegliere porte libere con --free-ports.`,
        ),
        cause: error,
      },
    )
  }
}

async function writeEnvironment(path: string, environment: Record<string, string>): Promise<void> {
  const { writeFile } = await import('node:fs/promises')
  await writeFile(path, `${exportLines(environment).join('\n')}\n`, { mode: 0o600 })
}
