import { tr } from '../../locale.ts'
import { ok, wrong, type Finding } from './finding.ts'
import { few, hostsOf, type Target } from './target.ts'

/** The bridges that classes name, on every host where they are needed. */
export async function bridgeFindings(target: Target): Promise<Finding[]> {
  const wanted = new Map<string, Set<string>>()
  for (const machineClass of target.classes)
    for (const { bridge } of machineClass.spec.networks)
      wanted.set(bridge, new Set([...(wanted.get(bridge) ?? []), ...hostsOf(target, machineClass)]))
  const there = new Map<string, Set<string>>()
  for (const host of new Set([...wanted.values()].flatMap((hosts) => [...hosts])))
    there.set(host, await bridgesOn(target, host))
  return [...wanted].map(([bridge, hosts]) => {
    const subject = `${target.name}/${bridge}`
    const missing = [...hosts].filter((host) => !there.get(host)?.has(bridge))
    if (missing.length === 0)
      return ok('proxmox.bridge', subject, `${tr('Present on', 'Presente su')} ${few(hosts)}.`, {
        hosts: [...hosts].sort(),
      })
    return wrong(
      'proxmox.bridge',
      subject,
      tr(`There is no such bridge on ${few(missing)}.`, `Nessun bridge con questo nome su ${few(missing)}.`),
      tr(
        'Make it there (System, Network), or name in the class the hosts that have it.',
        'Crealo lì (System, Network), oppure indica nella classe gli host che lo hanno.',
      ),
      { facts: { hosts: missing } },
    )
  })
}

/** Bridges of a host. VNets are listed only to who asks for bridges, and only those that one may use. */
async function bridgesOn({ proxmox }: Target, node: string): Promise<Set<string>> {
  const [all, usable] = await Promise.all([
    proxmox.get('/nodes/{node}/network', { path: { node } }),
    proxmox.get('/nodes/{node}/network', { path: { node }, query: { type: 'any_bridge' } }),
  ])
  const bridges = (all as { iface?: string; type: string }[]).filter(({ type }) => /bridge/i.test(type))
  return new Set([...bridges, ...(usable as { iface?: string }[])].flatMap(({ iface }) => iface ?? []))
}
