import type { Call, Handlers } from '../handler.ts'
import { VERSION } from './version.ts'

/** `GET /nodes/{node}/report`: what a person who helps asks for first, in one text. Fewer commands than the original's. */
export const reportHandlers: Handlers = {
  'GET /nodes/{node}/report': (call) =>
    Object.entries(sectionsOf(call))
      .map(([title, commands]) => {
        const shown = Object.entries(commands).map(
          ([command, output]) => `# ${command}\n${output.trimEnd()}\n`,
        )
        return `==== ${title} ====\n\n${shown.join('\n')}`
      })
      .join('\n'),
}

function sectionsOf(call: Call): Record<string, Record<string, string>> {
  const { world } = call
  const node = call.text('node')
  const host = world.hosts.get(node)
  const table = (rows: readonly (readonly (string | number)[])[]): string =>
    rows
      .map((row) =>
        row
          .map((cell) => String(cell).padEnd(12))
          .join(' ')
          .trimEnd(),
      )
      .join('\n')
  const guests = [...world.vms.values()].filter((vm) => vm.node === node)
  const containers = [...world.cluster.containers.values()].filter((container) => container.node === node)
  return {
    'general system info': {
      hostname: node,
      'date -R': new Date(world.clock.now()).toUTCString().replace(/GMT$/, '+0000'),
      'pveversion --verbose': `proxmox-ve: ${VERSION.release}.0 (running kernel: 6.17.2-1-pve)\npve-manager: ${VERSION.version} (running version: ${VERSION.version}/${VERSION.repoid})`,
      'cat /etc/hosts': `127.0.0.1 localhost.localdomain localhost\n${host?.address ?? ''} ${node}.${world.cluster.dns.search} ${node}`,
      uptime: `up ${Math.floor((world.clock.now() - (host?.bootedAt ?? 0)) / 60_000)} min`,
      lscpu: `CPU(s): ${host?.cores ?? 0}`,
    },
    'storage info': {
      'cat /etc/pve/storage.cfg': [...world.storages.values()]
        .map(({ name, type, content, path, options }) => {
          const lines = Object.entries({ ...(path !== undefined && type === 'dir' && { path }), ...options })
          return `${type}: ${name}\n${lines.map(([key, value]) => `\t${key} ${value}\n`).join('')}\tcontent ${content.join(',')}\n`
        })
        .join('\n'),
    },
    'virtual guest info': {
      'qm list': table([
        ['VMID', 'NAME', 'STATUS', 'MEM(MB)'],
        ...guests.map(({ vmid, config, running }) => [
          vmid,
          config['name'] ?? `VM ${vmid}`,
          running ? 'running' : 'stopped',
          config['memory'] ?? 512,
        ]),
      ]),
      'pct list': table([
        ['VMID', 'Status', 'Name'],
        ...containers.map(({ vmid, running, config }) => [
          vmid,
          running ? 'running' : 'stopped',
          config['hostname'] ?? '',
        ]),
      ]),
    },
  }
}
