import { command } from '../../command.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { age } from '../../output.ts'
import { connectProxmox } from '../../proxmox-environment.ts'
import { readLabRecord } from './environment-file.ts'

/** `fochista lab status`: whether both back ends of the running lab answer, and what is in them. */
export const labStatus = command({
  path: 'lab status',
  summary: tr('Show whether the running lab answers', 'Mostra se il lab in esecuzione risponde'),
  examples: ['fochista lab status'],
  run: async ({ io }) => {
    const record = await readLabRecord()
    io.out(
      tr(
        `Lab: process ${record.pid}, up ${age(record.started)}, speed ${record.speed}`,
        `Lab: processo ${record.pid}, attivo da ${age(record.started)}, velocità ${record.speed}`,
      ),
    )
    const proxmox = await connectProxmox({
      io,
      environment: () => Promise.resolve(record.environment),
    })
    try {
      const [{ version }, resources] = await Promise.all([
        proxmox.get('/version'),
        proxmox.get('/cluster/resources'),
      ])
      const count = (type: string): number => resources.filter((resource) => resource.type === type).length
      io.out(
        `Proxmox VE ${version}: ${record.environment['PROXMOX_URL']}  ${count('node')} nodes, ${count('qemu')} VMs`,
      )
    } finally {
      await proxmox.close()
    }
    const { connectionFromEnvironment, createKubernetes } = await import('@fochista/kubernetes')
    const kubernetes = createKubernetes(await connectionFromEnvironment(record.environment, {}))
    try {
      const { TenantControlPlane } = await import('@fochista/kamaji')
      const [version, clusters] = await Promise.all([
        kubernetes.version(),
        kubernetes.list(TenantControlPlane, {}),
      ])
      io.out(
        `Kubernetes ${version.gitVersion}: ${record.environment['KAMAJI_URL']}  ${clusters.items.length} TenantControlPlanes`,
      )
    } catch (error) {
      throw new CommandError(
        tr('the lab’s Kubernetes API does not answer', 'l’API Kubernetes del lab non risponde'),
        { cause: error },
      )
    } finally {
      await kubernetes.close()
    }
  },
})
