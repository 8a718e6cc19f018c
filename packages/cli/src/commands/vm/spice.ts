import { command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { explainCall } from '../proxmox-call/explain.ts'
import { findVms } from './find.ts'

const call = '/nodes/{node}/qemu/{vmid}/spiceproxy'

/** `fochista vm spice`: the connection file that virt-viewer opens. */
export const vmSpice = command({
  path: 'vm spice <vm>',
  summary: tr(
    'print the connection file of a SPICE viewer; it is valid for 30 seconds',
    'stampa il file di connessione per un viewer SPICE; vale 30 secondi',
  ),
  calls: [`POST ${call}`],
  examples: ['fochista vm spice web-1 > web-1.vv && remote-viewer web-1.vv'],
  run: async (context, args) => {
    const proxmox = await connectProxmox(context)
    try {
      const [vm] = await findVms(proxmox, [], args)
      const { node = '', vmid = '' } = vm?.path ?? {}
      const answer = await proxmox
        .post(call, { path: { node, vmid: Number(vmid) }, signal: context.signal })
        .catch(async (error: unknown) => {
          throw await explainCall(error, {
            name: vm?.name,
            vmid,
            command: 'vm spice',
            method: 'POST',
            template: call,
          })
        })
      context.io.raw(connectionFile(answer as Readonly<Record<string, string | number>>))
    } finally {
      await proxmox.close()
    }
  },
})

/** The answer as remote-viewer reads it: one section, a line for each field, line breaks of a certificate as `\n`. */
export function connectionFile(fields: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(fields).map(
    ([name, value]) => `${name}=${String(value).replaceAll('\n', String.raw`\n`)}`,
  )
  return `[virt-viewer]\n${lines.join('\n')}\n`
}
