import { command, flag } from '../../../command.ts'
import { CancelledError, CommandError, StillInProgressError } from '../../../errors.ts'
import { tr } from '../../../locale.ts'
import { connectProxmox } from '../../../proxmox-environment.ts'
import { timeoutOption } from '../../waiting.ts'
import { explainCall } from '../../proxmox-call/explain.ts'
import { findVms } from '../find.ts'

/** `fochista vm screen`: a VM's screen in the browser of this machine. */
export const vmScreen = command({
  path: 'vm screen <vm>',
  calls: ['POST /nodes/{node}/qemu/{vmid}/vncproxy', 'GET /nodes/{node}/qemu/{vmid}/vncwebsocket'],
  summary: tr('show the screen of a VM in the browser', 'mostra lo schermo di una VM nel browser'),
  options: {
    noOpen: flag(
      '--no-open',
      tr('print the address and open no browser', 'mostra l’indirizzo senza aprire il browser'),
    ),
    timeout: timeoutOption('5m'),
  },
  examples: ['fochista vm screen web-1', 'fochista vm screen 101 --no-open'],
  run: async (context, args, options) => {
    // Loaded by nobody else: Node's HTTP server brings all of its HTTP client along, which `vm list` would pay for.
    const [{ openBrowser }, { serveScreen }] = await Promise.all([
      import('./browser.ts'),
      import('./server.ts'),
    ])
    const { io, signal } = context
    const proxmox = await connectProxmox(context)
    try {
      const [vm] = await findVms(proxmox, [], args)
      if (!vm) return
      const { node = '', vmid = '' } = vm.path
      const again = `fochista vm screen ${vmid}`
      let isOpened = false
      const server = await serveScreen(
        () => {
          isOpened = true
          return proxmox.consoles.screen({ node, vmid: Number(vmid), signal })
        },
        { title: `VM ${vm.name}`, again },
      )
      const { promise: stopped, reject: stop } = Promise.withResolvers<never>()
      const cancel = (): void => stop(new CancelledError())
      signal.addEventListener('abort', cancel, { once: true })
      const unused = setTimeout(() => {
        if (!isOpened)
          stop(new StillInProgressError(tr('nobody opened the page', 'nessuno ha aperto la pagina'), again))
      }, options.timeout)
      try {
        // On standard output, so that a script can take it, and a person whose browser did not come.
        io.out(server.url)
        if (!options.noOpen) await openBrowser(server.url)
        io.note(
          tr(
            `The screen of VM ${vm.name} is served to this machine, once; Ctrl-C ends it.`,
            `Lo schermo della VM ${vm.name} è servito a questa macchina, una volta sola; Ctrl-C lo termina.`,
          ),
        )
        await Promise.race([server.closed, stopped]).catch(async (error: unknown) => {
          throw await explainCall(error, { name: `VM ${vm.name}`, vmid, method: 'POST' })
        })
        const current = await proxmox
          .get('/nodes/{node}/qemu/{vmid}/status/current', { path: { node, vmid: Number(vmid) } })
          .catch(() => undefined)
        if (current && current.status !== 'running')
          throw new CommandError(tr(`VM ${vm.name} is not running`, `la VM ${vm.name} non è in esecuzione`), {
            hint: `${tr('start it with:', 'avviala con:')}  fochista vm start ${vmid}`,
          })
        io.note(
          `${tr('The screen was closed; open it again with:', 'Lo schermo è stato chiuso; riaprilo con:')}  ${again}`,
        )
      } finally {
        clearTimeout(unused)
        signal.removeEventListener('abort', cancel)
        server.close()
      }
    } finally {
      await proxmox.close()
    }
  },
})
