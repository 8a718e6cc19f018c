import { isCluster } from '../cluster/config/corosync.ts'
import { apiSchema } from '@fochista/proxmox/schema'
import { die } from '../api-error.ts'
import type { Call, Handlers } from '../handler.ts'
import { sectionsOf } from '../sections.ts'
import { spend, startTask } from '../tasks.ts'

const PATH = '/nodes/{node}/services'
const ONE = `${PATH}/{service}`

/** What each service is for. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  chrony: 'chrony, an NTP client/server',
  corosync: 'Corosync Cluster Engine',
  cron: 'Regular background program processing daemon',
  ksmtuned: 'Kernel Samepage Merging (KSM) Tuning Daemon',
  lxcfs: 'FUSE filesystem for LXC',
  postfix: 'Postfix Mail Transport Agent',
  'proxmox-firewall': 'Proxmox nftables firewall',
  'pve-cluster': 'The Proxmox VE cluster filesystem',
  'pve-firewall': 'Proxmox VE firewall',
  'pve-ha-crm': 'PVE Cluster HA Resource Manager Daemon',
  'pve-ha-lrm': 'PVE Local HA Resource Manager Daemon',
  'pve-lxc-syscalld': 'Proxmox VE LXC Syscall Daemon',
  pvedaemon: 'PVE API Daemon',
  'pvefw-logger': 'Proxmox VE firewall logger',
  pveproxy: 'PVE API Proxy Server',
  pvescheduler: 'Proxmox VE scheduler',
  pvestatd: 'PVE Status Daemon',
  qmeventd: 'PVE Qemu Event Daemon',
  spiceproxy: 'PVE SPICE Proxy Server',
  sshd: 'OpenBSD Secure Shell server',
  'systemd-journald': 'Journal Service',
}

/** Services without which no call would be answered. */
const ESSENTIAL = new Set(['pve-cluster', 'pvedaemon', 'pveproxy', 'systemd-journald'])
/** Milliseconds that a service takes for it. */
const TAKES = 300

/** Services of a host: which run, and starting and stopping them. */
export const serviceHandlers: Handlers = {
  [`GET ${PATH}`]: (call) =>
    (apiSchema.paths[ONE]?.GET?.params['service']?.enum ?? []).map((service) => stateOf(call, service)),
  [`GET ${ONE}`]: () => ['state', 'start', 'stop', 'restart', 'reload'].map((subdir) => ({ subdir })),
  [`GET ${ONE}/state`]: (call) => stateOf(call, call.text('service')),
  [`POST ${ONE}/start`]: (call) => act(call, 'start', true),
  [`POST ${ONE}/restart`]: (call) => act(call, 'restart', true),
  [`POST ${ONE}/reload`]: (call) => {
    if (!isRunning(call, call.text('service')))
      die(`cannot reload service '${call.text('service')}', it is not active`)
    return act(call, 'reload', true)
  },
  [`POST ${ONE}/stop`]: (call) => {
    const service = call.text('service')
    if (ESSENTIAL.has(service)) die(`cannot stop service '${service}', the API needs it`)
    return act(call, 'stop', false)
  },
}

/** Whether a host has a service at all: a host alone has no cluster's. */
function isThere({ world }: Call, service: string): boolean {
  return DESCRIPTIONS[service] !== undefined && (service !== 'corosync' || isCluster(world))
}

function isRunning(call: Call, service: string): boolean {
  const stopped = sectionsOf(call.world, 'hosts/stopped-services').has(`${call.text('node')}/${service}`)
  return isThere(call, service) && !stopped
}

function stateOf(call: Call, service: string): Record<string, unknown> {
  const there = isThere(call, service)
  const running = isRunning(call, service)
  return {
    service,
    name: service,
    desc: DESCRIPTIONS[service] ?? service,
    state: running ? 'running' : 'dead',
    'active-state': running ? 'active' : 'inactive',
    'unit-state': there ? 'enabled' : 'not-found',
  }
}

function act(call: Call, verb: string, runs: boolean): string {
  const { world } = call
  const [node, service] = [call.text('node'), call.text('service')]
  return startTask(world, { node, type: `srv${verb}`, id: service, user: call.user }, async (worker) => {
    worker.log(`${verb} service ${service}`)
    if (!isThere(call, service))
      die(`command 'systemctl ${verb} ${service}' failed: exit code ${runs ? 5 : 1}`)
    await spend(world, worker, TAKES)
    const stopped = sectionsOf(world, 'hosts/stopped-services')
    if (runs) stopped.delete(`${node}/${service}`)
    else stopped.set(`${node}/${service}`, {})
  })
}
