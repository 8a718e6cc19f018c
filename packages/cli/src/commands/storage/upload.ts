import { argument, choice, command, flag, text } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { createProgress } from '../../progress.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { followTasks } from '../proxmox-call/tasks.ts'
import { timeoutOption } from '../waiting.ts'

/** `fochista storage upload`: a file of this machine onto a storage, with progress and its checksum. */
export const storageUpload = command({
  path: 'storage upload <node> <storage> <file>',
  calls: ['POST /nodes/{node}/storage/{storage}/upload'],
  summary: tr('upload a file to a storage', 'carica un file su uno storage'),
  options: {
    content: choice(
      '--content <kind>',
      tr('what it is', 'che cos’è'),
      ['iso', 'vztmpl', 'import'] as const,
      'iso',
    ),
    name: text(
      '--name <name>',
      tr('its name there (default: the file’s)', 'il nome lì (predefinito: quello del file)'),
    ),
    noChecksum: flag(
      '--no-checksum',
      tr('do not let Proxmox check a SHA-256', 'non fa verificare a Proxmox lo SHA-256'),
    ),
    timeout: timeoutOption('1h'),
  },
  examples: ['fochista storage upload pve1 local debian-13.iso'],
  run: async (context, args, options) => {
    const [path, { stat }] = await Promise.all([import('node:path'), import('node:fs/promises')])
    const file = argument(args, 'file')
    const there = await stat(file).catch((error: unknown) => {
      throw new CommandError(`${file}: ${tr('cannot be read', 'non leggibile')}`, { cause: error })
    })
    if (!there.isFile()) throw new CommandError(`${file}: ${tr('is not a file', 'non è un file')}`)
    const proxmox = await connectProxmox(context)
    const name = options.name ?? path.basename(file)
    const progress = await createProgress(context.io)
    try {
      let said = -1
      const upid = await proxmox.upload({
        node: argument(args, 'node'),
        storage: argument(args, 'storage'),
        content: options.content,
        filename: name,
        data: { file },
        ...(options.noChecksum ? {} : { checksum: { algorithm: 'sha256' as const } }),
        signal: context.signal,
        timeoutMs: options.timeout,
        onProgress: (sent, total) => {
          const share = total === 0 ? 100 : Math.floor((sent / total) * 100)
          if (share !== said) progress.show([{ name, state: `${share} %`, style: 'working' }])
          said = share
        },
      })
      progress.end()
      await followTasks(context, proxmox, [{ name, upid }], options.timeout)
      context.io.out(`${argument(args, 'storage')}:${options.content}/${name}`)
    } finally {
      progress.end()
      await proxmox.close()
    }
  },
})
