import type { Proxmox } from '@fochista/proxmox'
import { argument, command, flag, parseInteger } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { dryRunOption } from '../waiting.ts'
import { findOrphans, requireOrphan } from './find.ts'
import { proxmoxOption } from './list.ts'

/** `fochista orphan delete`: destroys the VM of an orphan, with its disks. A running one only when told so. */
export const orphanDelete = command({
  path: 'orphan delete <vmid>',
  summary: tr('destroy the VM of an orphan', 'distrugge la VM di un’orfana'),
  options: {
    proxmox: proxmoxOption,
    stop: flag('--stop', tr('stop it first if it runs', 'se è in esecuzione, prima la arresta')),
    dryRun: dryRunOption,
  },
  examples: ['fochista orphan delete 10234 --proxmox dc1'],
  run: async (context, args, options) => {
    const vmid = parseInteger('<vmid>', argument(args, 'vmid'), { min: 100 })
    await findOrphans(context, options.proxmox, async (search) => {
      const { node, mark } = requireOrphan(search, vmid)
      const { proxmox } = search
      const path = { node, vmid }
      const { status } = await proxmox.get('/nodes/{node}/qemu/{vmid}/status/current', { path })
      if (status !== 'stopped' && !options.stop)
        throw new CommandError(tr(`VM ${vmid} runs`, `la VM ${vmid} è in esecuzione`), {
          hint: tr(
            'It may be a worker that serves: take it back with `orphan adopt`, or add --stop.',
            'Potrebbe essere un worker che lavora: riprendila con `orphan adopt`, o aggiungi --stop.',
          ),
        })
      if (options.dryRun)
        return context.io.out(`vm/${vmid} ${tr('would be destroyed', 'verrebbe distrutta')}`)
      const { signal } = context
      if (status !== 'stopped')
        await proxmox.tasks.wait(await proxmox.post('/nodes/{node}/qemu/{vmid}/status/stop', { path }), {
          signal,
        })
      const query = { purge: true, 'destroy-unreferenced-disks': false }
      await proxmox.tasks.wait(await proxmox.delete('/nodes/{node}/qemu/{vmid}', { path, query }), { signal })
      // A copy's mark names the machine that it was copied from, which may need its image yet.
      const isCopy = search.machines.some(({ spec }) => spec.id === mark.id)
      if (!isCopy) await deleteImages(proxmox, node, mark.id, signal)
      context.io.out(`vm/${vmid} ${tr('destroyed', 'distrutta')}`)
    })
  },
})

/** Deletes the seed images of a machine on a host: they bear its id, and nobody else needs them. */
async function deleteImages(proxmox: Proxmox, node: string, id: string, signal: AbortSignal): Promise<void> {
  const storages = await proxmox.get('/nodes/{node}/storage', { path: { node }, query: { content: 'iso' } })
  for (const { storage } of storages) {
    const volumes = await proxmox.get('/nodes/{node}/storage/{storage}/content', {
      path: { node, storage },
      query: { content: 'iso' },
    })
    for (const { volid } of volumes) {
      if (!volid.includes(`:iso/fochista-${id}-`)) continue
      const upid: unknown = await proxmox.delete('/nodes/{node}/storage/{storage}/content/{volume}', {
        path: { node, storage, volume: volid },
      })
      if (typeof upid === 'string') await proxmox.tasks.wait(upid, { signal })
    }
  }
}
