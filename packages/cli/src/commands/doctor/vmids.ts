import type { ProxmoxCluster } from '@fochista/api'
import { tr } from '../../locale.ts'
import { ok, warning, wrong, type Finding } from './finding.ts'
import type { Target } from './target.ts'

/** Fewer free VMIDs than this are worth a word. */
const FEW = 20

/**
 * The VMIDs that we may use: how many are free, and whether another ProxmoxCluster of this installation draws from the same.
 * @param siblings Other ProxmoxClusters that are the same Proxmox cluster.
 */
export function vmidFindings(target: Target, siblings: readonly ProxmoxCluster[]): Finding[] {
  const { start, end } = target.cluster.spec.vmidRange
  const taken = target.resources.filter(
    ({ vmid }) => vmid !== undefined && vmid >= start && vmid <= end,
  ).length
  const free = end - start + 1 - taken
  const facts = { start, end, taken, free }
  const message = tr(
    `${free} of the VMIDs ${start}-${end} are free.`,
    `${free} dei VMID ${start}-${end} sono liberi.`,
  )
  const next = tr(
    `Widen the range: fochista proxmox add ${target.name} --vmids FROM-TO`,
    `Allarga l’intervallo: fochista proxmox add ${target.name} --vmids DA-A`,
  )
  const judge = free <= 0 ? wrong : warning
  return [
    free >= FEW
      ? ok('proxmox.vmids', target.name, message, facts)
      : judge('proxmox.vmids', target.name, message, next, { facts }),
    ...siblings
      .filter(({ spec }) => spec.vmidRange.start <= end && spec.vmidRange.end >= start)
      .map(({ metadata, spec }) =>
        wrong(
          'proxmox.vmids.overlap',
          target.name,
          tr(
            `ProxmoxCluster ${metadata.name} is the same Proxmox cluster and draws from ${spec.vmidRange.start}-${spec.vmidRange.end}.`,
            `Il ProxmoxCluster ${metadata.name} è lo stesso cluster Proxmox e attinge da ${spec.vmidRange.start}-${spec.vmidRange.end}.`,
          ),
          tr(
            'Give them disjoint ranges, or keep one of them.',
            'Da’ loro intervalli disgiunti, oppure tienine uno solo.',
          ),
          { facts: { other: metadata.name } },
        ),
      ),
  ]
}
