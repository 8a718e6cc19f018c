import type { Proxmox } from '@fochista/proxmox'
import { choice, command, textOr } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CancelledError, CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { explainCall } from '../proxmox-call/explain.ts'
import { findVms } from './find.ts'

/** `fochista vm terminal`: the person's terminal on a VM's serial port, until the detach key. */
export const vmTerminal = command({
  path: 'vm terminal <vm>',
  calls: ['POST /nodes/{node}/qemu/{vmid}/termproxy', 'GET /nodes/{node}/qemu/{vmid}/vncwebsocket'],
  summary: tr(
    'attach this terminal to a serial port of a VM',
    'collega questo terminale a una porta seriale di una VM',
  ),
  options: {
    serial: choice(
      '--serial <port>',
      tr('which serial port', 'quale porta seriale'),
      ['first', 'serial0', 'serial1', 'serial2', 'serial3'] as const,
      'first',
    ),
    detach: textOr(
      '--detach-key <key>',
      tr(
        'the key that detaches: ctrl- and a letter or one of [ \\ ] ^ _',
        'il tasto che scollega: ctrl- e una lettera o uno fra [ \\ ] ^ _',
      ),
      'ctrl-]',
    ),
  },
  examples: ['fochista vm terminal web-1', 'fochista vm terminal 101 --serial serial1 --detach-key ctrl-o'],
  run: async (context, args, options) => {
    const key = codeOf(options.detach)
    const proxmox = await connectProxmox(context)
    try {
      const [vm] = await findVms(proxmox, [], args)
      if (!vm) return
      const { node = '', vmid = '' } = vm.path
      const facts = { name: vm.name, node, vmid: Number(vmid), key: options.detach }
      const serial = options.serial === 'first' ? undefined : options.serial
      await attach(context, proxmox, { ...facts, serial }, key)
    } finally {
      await proxmox.close()
    }
  },
})

interface Attached {
  /** The VM for people. */
  readonly name: string
  readonly node: string
  readonly vmid: number
  readonly serial: string | undefined
  /** The detach key for people. */
  readonly key: string
}

/** How much of the last output is searched for the reason of an end, bytes. */
const TAIL_BYTES = 4096

async function attach(context: Context, proxmox: Proxmox, vm: Attached, key: number): Promise<void> {
  const { io, signal } = context
  const again = `${tr('attach again with:', 'ricollegati con:')}  fochista vm terminal ${vm.vmid}`
  const { ProxmoxConnectionError, ProxmoxTaskError } = await import('@fochista/proxmox')
  let tail = ''
  let isDetached = false
  try {
    const terminal = await proxmox.consoles.terminal({ ...vm, signal })
    const { columns, rows } = io.terminal.size()
    terminal.resize(columns, rows)
    io.note(
      tr(
        `Attached to ${vm.name}. Press Enter for a prompt; ${vm.key} detaches.`,
        `Collegato a ${vm.name}. Premi Invio per un prompt; ${vm.key} scollega.`,
      ),
    )
    const hangUp = (): void => terminal.close()
    const stopResizing = io.terminal.onResize(() => {
      const size = io.terminal.size()
      terminal.resize(size.columns, size.rows)
    })
    const stopReading = io.terminal.read(async (bytes) => {
      const at = io.terminal.isTyped ? bytes.indexOf(key) : -1
      await terminal.write(at < 0 ? bytes : bytes.subarray(0, at))
      if (at < 0) return
      isDetached = true
      hangUp()
    })
    signal.addEventListener('abort', hangUp, { once: true })
    try {
      for await (const bytes of terminal.output) {
        tail = (tail + bytes.toString('latin1')).slice(-TAIL_BYTES)
        await io.terminal.write(bytes)
      }
    } finally {
      signal.removeEventListener('abort', hangUp)
      stopReading()
      stopResizing()
      hangUp()
    }
  } catch (error) {
    if (signal.aborted) throw new CancelledError(again)
    if (error instanceof ProxmoxTaskError)
      throw await whyClosed(proxmox, vm, `${error.exitStatus}\n${error.log.join('\n')}`, again)
    if (!(error instanceof ProxmoxConnectionError))
      throw await explainCall(error, { name: vm.name, vmid: String(vm.vmid), method: 'POST' })
    throw new CommandError(
      tr(
        `the connection to ${vm.name} was lost: ${error.message}`,
        `connessione a ${vm.name} persa: ${error.message}`,
      ),
      { hint: again, cause: error },
    )
  }
  // What comes next begins a line of its own, wherever the other machine left the cursor.
  io.note('')
  if (signal.aborted) throw new CancelledError(again)
  if (!isDetached) throw await whyClosed(proxmox, vm, tail, again)
  io.note(`${tr('Detached', 'Scollegato')}; ${again}`)
}

/** The reason why a terminal ended by itself, and what to do about it. */
async function whyClosed(
  proxmox: Pick<Proxmox, 'get'>,
  { name, node, vmid }: Attached,
  said: string,
  again: string,
): Promise<CommandError> {
  if (/unable to find a serial interface|serial interface '\w+' is not configured/.test(said))
    return new CommandError(tr(`${name} has no such serial port`, `${name} non ha questa porta seriale`), {
      hint: `${tr('give it one, and then stop and start it:', 'aggiungila, poi ferma e riavvia la VM:')}  fochista vm config ${vmid} serial0=socket`,
    })
  const current = await proxmox
    .get('/nodes/{node}/qemu/{vmid}/status/current', { path: { node, vmid } })
    .catch(() => undefined)
  if (current && current.status !== 'running')
    return new CommandError(tr(`${name} is not running`, `${name} non è in esecuzione`), {
      hint: `${tr('start it with:', 'avviala con:')}  fochista vm start ${vmid}`,
    })
  return new CommandError(tr(`the terminal of ${name} has closed`, `il terminale di ${name} si è chiuso`), {
    hint: again,
  })
}

/** The byte of a key with ctrl. Throws UsageError for another one. */
function codeOf(key: string): number {
  const [, name] = /^ctrl-([a-z[\\\]^_])$/i.exec(key) ?? []
  if (name !== undefined) return name.toUpperCase().charCodeAt(0) & 0x1f
  throw new UsageError(
    `--detach-key: "${key}" ${tr('is not ctrl- and a letter or one of [ \\ ] ^ _', 'non è ctrl- e una lettera o uno fra [ \\ ] ^ _')}`,
  )
}
