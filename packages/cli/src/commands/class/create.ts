import {
  argument,
  command,
  flag,
  integer,
  list,
  parseInteger,
  requiredText,
  text,
  textOr,
} from '../../command.ts'
import { CommandError, UsageError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { printManifests } from '../../output.ts'
import { dryRunOption } from '../waiting.ts'
import { classes } from './resource.ts'

/** `fochista class create`: a MachineClass from flags. Anything finer is a manifest. */
export const classCreate = command({
  path: 'class create <name>',
  summary: tr('offer a class of machines to tenants', 'offre una classe di macchine ai tenant'),
  options: {
    proxmox: requiredText('--proxmox <name>', tr('the ProxmoxCluster', 'il ProxmoxCluster')),
    templateVmid: integer('--template-vmid <vmid>', tr('the template by VMID', 'il template per VMID'), {
      min: 100,
    }),
    templateName: text(
      '--template-name <name>',
      tr(
        'the template by name; each host’s own copy is found',
        'il template per nome; su ogni host si usa la sua copia',
      ),
    ),
    templateTags: list(
      '--template-tags <tag>',
      tr('the template by tag; may be repeated', 'il template per tag; ripetibile'),
    ),
    storage: requiredText('--storage <name>', tr('storage of the disks', 'storage dei dischi')),
    isoStorage: requiredText(
      '--iso-storage <name>',
      tr('storage of the seed images', 'storage delle immagini di avvio'),
    ),
    bridge: list(
      '--bridge <bridge[.vlan]>',
      tr('network bridge; may be repeated', 'bridge di rete; ripetibile'),
    ),
    addresses: text(
      '--addresses <from-to/prefix>',
      tr(
        'static addresses of the first network (default: dhcp)',
        'indirizzi statici della prima rete (predefinito: dhcp)',
      ),
    ),
    gateway: text(
      '--gateway <address>',
      tr('gateway of the static addresses', 'gateway degli indirizzi statici'),
    ),
    dns: list('--dns <address>', tr('name server; may be repeated', 'name server; ripetibile')),
    cores: textOr(
      '--cores <default[:max]>',
      tr('cores: default and maximum', 'core: predefinito e massimo'),
      '2:8',
    ),
    memory: textOr(
      '--memory <default[:max]>',
      tr('memory: default and maximum', 'memoria: predefinita e massima'),
      '4Gi:32Gi',
    ),
    disk: textOr(
      '--disk <default[:max]>',
      tr('disk: default and maximum', 'disco: predefinito e massimo'),
      '20Gi:200Gi',
    ),
    hosts: list(
      '--host <host>',
      tr('only on this Proxmox host; may be repeated', 'solo su questo host Proxmox; ripetibile'),
    ),
    install: textOr(
      '--install <what>',
      tr(
        'packages: the template is a stock Debian or Ubuntu image, which gets containerd and the kubelet at first boot; none: it has them',
        'packages: il template è un’immagine Debian o Ubuntu originale, che riceve containerd e kubelet al primo avvio; none: li ha già',
      ),
      'none',
    ),
    packagesMirror: text(
      '--packages-mirror <url>',
      tr(
        'mirror of https://pkgs.k8s.io/core:/stable:/ (default: that itself)',
        'mirror di https://pkgs.k8s.io/core:/stable:/ (predefinito: quello stesso)',
      ),
    ),
    packagesKeyring: text(
      '--packages-keyring <file>',
      tr(
        'armored public key of the packages (default: Kubernetes’ own)',
        'chiave pubblica dei pacchetti, in formato testo (predefinita: quella di Kubernetes)',
      ),
    ),
    linkedClone: flag(
      '--linked-clone',
      tr('linked clones instead of full ones', 'cloni collegati invece che completi'),
    ),
    isDefault: flag(
      '--default',
      tr('the class of pools that name none', 'la classe dei pool che non ne nominano una'),
    ),
    dryRun: dryRunOption,
  },
  examples: [
    'fochista class create small --proxmox dc1 --template-tags kubelet-v1.30.4 --storage local-lvm --iso-storage local --bridge vmbr0 --cores 2:4 --memory 4Gi:16Gi --default',
    'fochista class create stock --proxmox dc1 --template-name debian-12 --install packages --storage local-lvm --iso-storage local --bridge vmbr0',
  ],
  run: async (context, args, options) => {
    const name = argument(args, 'name')
    if (options.bridge.length === 0) throw new UsageError(tr('--bridge is missing', 'manca --bridge'))
    const template = templateFrom(options)
    const { machineClassManifest } = await import('@fochista/api')
    const manifest = machineClassManifest({
      name,
      proxmoxClusterName: options.proxmox,
      template,
      storage: options.storage,
      isoStorage: options.isoStorage,
      networks: options.bridge.map((bridge, index) => networkFrom(bridge, index === 0 ? options : undefined)),
      cores: coresFrom(options.cores),
      memory: boundsFrom('--memory', options.memory),
      disk: boundsFrom('--disk', options.disk),
      install: installFrom(options.install),
      packages: await packagesFrom(options),
      nodes: options.hosts.length > 0 ? options.hosts : undefined,
      fullClone: !options.linkedClone,
      isDefault: options.isDefault,
    })
    if (options.dryRun) return printManifests(context.io, [manifest])
    const { isAlreadyExists } = await import('@fochista/kubernetes')
    const kubernetes = await context.kubernetes()
    await kubernetes.create(await classes.kind(), manifest).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error
      throw new CommandError(tr(`class "${name}" already exists`, `la classe "${name}" esiste già`), {
        hint: `${tr('Change it with:', 'Modificala con:')}  kubectl edit machineclass ${name}`,
        cause: error,
      })
    })
    context.io.out(`machineclass/${name} ${tr('created', 'creata')}`)
  },
})

interface TemplateOptions {
  readonly templateVmid: number | undefined
  readonly templateName: string | undefined
  readonly templateTags: string[]
}

function templateFrom({ templateVmid, templateName, templateTags }: TemplateOptions): {
  vmid?: number
  name?: string
  tags?: string[]
} {
  if (templateVmid !== undefined) return { vmid: templateVmid }
  if (templateName) return { name: templateName }
  if (templateTags.length > 0) return { tags: templateTags }
  throw new UsageError(
    tr(
      'give --template-vmid, --template-name or --template-tags',
      'indica --template-vmid, --template-name o --template-tags',
    ),
  )
}

function installFrom(given: string): 'none' | 'packages' {
  if (given === 'none' || given === 'packages') return given
  throw new UsageError(
    tr(
      `--install: "${given}" is neither none nor packages`,
      `--install: "${given}" non è né none né packages`,
    ),
  )
}

interface PackageOptions {
  readonly packagesMirror: string | undefined
  readonly packagesKeyring: string | undefined
}

async function packagesFrom({ packagesMirror: mirror, packagesKeyring }: PackageOptions) {
  if (mirror === undefined && packagesKeyring === undefined) return undefined
  return {
    ...(mirror === undefined ? {} : { mirror }),
    ...(packagesKeyring === undefined ? {} : { keyring: await keyringFrom(packagesKeyring) }),
  }
}

async function keyringFrom(path: string): Promise<string> {
  const { readFile } = await import('node:fs/promises')
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`--packages-keyring: ${error instanceof Error ? error.message : String(error)}`)
  }
}

interface AddressOptions {
  readonly addresses: string | undefined
  readonly gateway: string | undefined
  readonly dns: string[]
}

function networkFrom(given: string, options: AddressOptions | undefined) {
  const [bridge = '', vlan] = given.split('.')
  const base = {
    bridge,
    ...(vlan === undefined ? {} : { vlan: parseInteger('--bridge', vlan, { min: 1, max: 4094 }) }),
  }
  if (!options?.addresses) return base
  const match = /^([\d.]+)-([\d.]+)\/(\d+)$/.exec(options.addresses)
  if (!match)
    throw new UsageError(
      `--addresses: "${options.addresses}" ${tr('is not from-to/prefix, such as 10.0.0.10-10.0.0.99/24', 'non è da-a/prefisso, ad esempio 10.0.0.10-10.0.0.99/24')}`,
    )
  const [, start = '', end = '', prefix = ''] = match
  return {
    ...base,
    addresses: {
      ranges: [{ start, end }],
      prefix: Number(prefix),
      gateway: options.gateway,
      dns: options.dns,
    },
  }
}

function boundsFrom(what: string, given: string): { default: string; max?: string } {
  const [first, max, ...more] = given.split(':')
  if (!first || max === '' || more.length > 0)
    throw new UsageError(
      `${what}: "${given}" ${tr('is not default or default:max', 'non è predefinito o predefinito:massimo')}`,
    )
  return { default: first, ...(max ? { max } : {}) }
}

function coresFrom(given: string): { default: number; max?: number } {
  const bounds = boundsFrom('--cores', given)
  const whole = (value: string): number => parseInteger('--cores', value, { min: 1 })
  return { default: whole(bounds.default), ...(bounds.max ? { max: whole(bounds.max) } : {}) }
}
