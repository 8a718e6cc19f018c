import type { MachineClass } from '@fochista/api'
import type { GetCalls } from '@fochista/proxmox'
import { tr } from '../../locale.ts'
import { ok, warning, wrong, type Finding } from './finding.ts'
import { few, hostsOf, type Target } from './target.ts'

type VmConfig = GetCalls['/nodes/{node}/qemu/{vmid}/config']['result']

/** What was found out of the templates, and the bridges of their own cards: a clone is allowed only to who may use those. */
export interface TemplateReport {
  readonly findings: Finding[]
  readonly cards: readonly { readonly bridge: string; readonly vlan?: number | undefined }[]
}

/** The templates of each class: there, templates indeed, on each host that needs its own copy, and what they carry. */
export async function templateReport(target: Target): Promise<TemplateReport> {
  const { templatesOf } = await import('@fochista/controllers')
  const findings: Finding[] = []
  const templates = new Map<number, { node: string; version: string | undefined; classes: MachineClass[] }>()
  for (const machineClass of target.classes) {
    const found = templatesOf(machineClass, target.resources)
    findings.push(...(await classFindings(target, machineClass, found)))
    for (const { vmid, node, version } of found) {
      const known = templates.get(vmid)
      templates.set(vmid, { node, version, classes: [...(known?.classes ?? []), machineClass] })
    }
  }
  const cards: { bridge: string; vlan?: number | undefined }[] = []
  for (const [vmid, template] of [...templates].sort(([a], [b]) => a - b)) {
    const config = await target.proxmox
      .get('/nodes/{node}/qemu/{vmid}/config', { path: { node: template.node, vmid } })
      .catch(() => undefined)
    // Without the right to see it the check of the rights says so.
    if (!config) continue
    cards.push(...cardsOf(config))
    findings.push(templateFinding(`${target.name}/${vmid}`, template, config))
  }
  return { findings, cards }
}

async function classFindings(
  target: Target,
  machineClass: MachineClass,
  found: readonly { vmid: number; node: string }[],
): Promise<Finding[]> {
  const { name } = machineClass.metadata
  const check = 'proxmox.template.class'
  const subject = `${target.name}/${name}`
  if (found.length === 0) {
    const { templatesOf } = await import('@fochista/controllers')
    const asIf = target.resources.map((vm) => (vm.type === 'qemu' ? { ...vm, template: true } : vm))
    const plain = templatesOf(machineClass, asIf)
    if (plain.length > 0)
      return [
        wrong(
          check,
          subject,
          tr(
            `VM ${few(plain.map(({ vmid }) => String(vmid)))} is no template yet.`,
            `La VM ${few(plain.map(({ vmid }) => String(vmid)))} non è ancora un template.`,
          ),
          tr('Make it one on its host:', 'Rendila tale sul suo host:'),
          { commands: plain.map(({ vmid }) => `qm template ${vmid}`) },
        ),
      ]
    return [
      wrong(
        check,
        subject,
        tr(
          'The token sees no template that this class names.',
          'Il token non vede nessun template indicato da questa classe.',
        ),
        tr(
          'If rights are lacking above, grant them and ask again. Else make one (docs/first-day.md), or correct the class.',
          'Se sopra mancano diritti, concedili e richiedi. Altrimenti creane uno (docs/first-day.md), o correggi la classe.',
        ),
      ),
    ]
  }
  const hosts = hostsOf(target, machineClass)
  const isShared = target.resources.some(
    (one) => one.type === 'storage' && one.storage === machineClass.spec.storage && Boolean(one.shared),
  )
  const without = hosts.filter((host) => !found.some(({ node }) => node === host))
  if (without.length > 0 && !isShared)
    return [
      warning(
        check,
        subject,
        tr(
          `${few(without)} has no copy of the template: no machines are made there.`,
          `${few(without)} non ha una copia del template: lì non si creano macchine.`,
        ),
        tr(
          'A clone does not cross hosts on local storage: make a copy with the same name or tags there.',
          'Su storage locale un clone non passa da un host all’altro: creane lì una copia con lo stesso nome o gli stessi tag.',
        ),
        { facts: { hosts: without } },
      ),
    ]
  return [
    ok(
      check,
      subject,
      `${tr('Templates', 'Template')}: ${few(found.map(({ vmid, node }) => `${vmid} (${node})`))}.`,
      { templates: found.map(({ vmid, node }) => ({ vmid, node })) },
    ),
  ]
}

function templateFinding(
  subject: string,
  { version, classes }: { version: string | undefined; classes: readonly MachineClass[] },
  config: VmConfig,
): Finding {
  const check = 'proxmox.template'
  const keys = Object.entries(config)
  const drives = keys
    .filter(([key]) => /^(scsi|virtio|sata|ide)\d+$/.test(key))
    .map(([, value]) => String(value))
  const facts = {
    agent: /(^|,)(enabled=)?1(,|$)/.test(config.agent ?? ''),
    cloudInitDrive: drives.some((drive) => drive.includes('cloudinit')),
    serialConsole: keys.some(([key, value]) => /^serial\d$/.test(key) && value === 'socket'),
    disk: drives.some((drive) => !/media=cdrom|cloudinit|^none/.test(drive)),
    kubelet: version ?? null,
  }
  if (!facts.disk)
    return wrong(
      check,
      subject,
      tr('It has no disk.', 'Non ha nessun disco.'),
      tr(
        'Give it the disk of a cloud image (docs/first-day.md).',
        'Dagli il disco di un’immagine cloud (docs/first-day.md).',
      ),
      { facts },
    )
  const needsKubelet = classes.some(({ spec }) => spec.install !== 'packages')
  const doubts = [
    ...(needsKubelet && version === undefined
      ? [
          tr(
            'no tag says which kubelet it carries (kubelet-v1.30.4)',
            'nessun tag dice quale kubelet contiene (kubelet-v1.30.4)',
          ),
        ]
      : []),
    ...(facts.agent
      ? []
      : [
          tr(
            'the guest agent is off (it is switched on in machines; is qemu-guest-agent installed?)',
            'l’agente è spento (nelle macchine viene acceso; qemu-guest-agent è installato?)',
          ),
        ]),
    ...(facts.serialConsole
      ? []
      : [
          tr(
            'it has no serial console (machines get one)',
            'non ha console seriale (le macchine ne ricevono una)',
          ),
        ]),
    ...(facts.cloudInitDrive
      ? [
          tr(
            'it has a cloud-init drive of its own (machines lose it: they get a seed image)',
            'ha un suo drive cloud-init (le macchine lo perdono: ricevono un’immagine di avvio)',
          ),
        ]
      : []),
  ]
  const carried = version
    ? `kubelet ${version}`
    : tr('no kubelet by its tags', 'nessun kubelet secondo i tag')
  // What machines are given anyway is said, and is no reason to worry.
  const isHarmless = facts.agent && !(needsKubelet && version === undefined)
  const message = `${carried}${doubts.length > 0 ? `; ${doubts.join('; ')}` : ''}.`
  return isHarmless
    ? ok(check, subject, message, facts)
    : warning(
        check,
        subject,
        message,
        tr(
          'Put it right in the template, before machines are made of it.',
          'Correggilo nel template, prima di farne macchine.',
        ),
        { facts },
      )
}

function cardsOf(config: VmConfig): { bridge: string; vlan?: number | undefined }[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const bridge = /^net\d+$/.test(key) ? /(?:^|,)bridge=([^,]+)/.exec(String(value))?.[1] : undefined
    const tag = /(?:^|,)tag=(\d+)/.exec(String(value))?.[1]
    return bridge === undefined ? [] : [{ bridge, vlan: tag === undefined ? undefined : Number(tag) }]
  })
}
