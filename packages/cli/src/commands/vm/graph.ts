import { argument, choice, command, textOr } from '../../command.ts'
import { tr } from '../../locale.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { explainCall } from '../proxmox-call/explain.ts'
import { findVms } from './find.ts'

const call = '/nodes/{node}/qemu/{vmid}/rrd'

/** `fochista vm graph`: the curves of a VM's figures as an image. */
export const vmGraph = command({
  path: 'vm graph <vm> <file>',
  summary: tr(
    'write curves of a VM’s figures as a PNG image',
    'scrive le curve delle misure di una VM come immagine PNG',
  ),
  calls: [`GET ${call}`],
  options: {
    sources: textOr(
      '--of <figures>',
      tr(
        'which, separated by commas, such as cpu,mem,netin,netout',
        'quali, separate da virgole, ad esempio cpu,mem,netin,netout',
      ),
      'cpu',
    ),
    timeframe: choice(
      '--timeframe <time>',
      tr('of which time', 'di quale periodo'),
      ['hour', 'day', 'week', 'month', 'year'] as const,
      'hour',
    ),
  },
  examples: [
    'fochista vm graph web-1 cpu.png',
    'fochista vm graph 101 net.png --of netin,netout --timeframe day',
  ],
  run: async (context, args, options) => {
    const { writeFile } = await import('node:fs/promises')
    const proxmox = await connectProxmox(context)
    try {
      const [vm] = await findVms(proxmox, [], args)
      const { node = '', vmid = '' } = vm?.path ?? {}
      const answer = await proxmox
        .get(call, {
          path: { node, vmid: Number(vmid) },
          query: { ds: options.sources, timeframe: options.timeframe },
          signal: context.signal,
        })
        .catch(async (error: unknown) => {
          throw await explainCall(error, {
            name: vm?.name,
            vmid,
            command: 'vm graph',
            method: 'GET',
            template: call,
          })
        })
      // The schema leaves the image out: its bytes, each as the character of its number.
      const { image } = answer as { image?: string }
      const file = argument(args, 'file')
      await writeFile(file, Buffer.from(image ?? '', 'latin1'))
      context.io.note(`${file} ${tr('written', 'scritto')}`)
    } finally {
      await proxmox.close()
    }
  },
})
