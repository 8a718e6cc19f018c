import { expiredCopy } from '../../pki.ts'
import { FaultError } from '../spec.ts'
import type { FaultOn } from '../spec.ts'
import { serversOf } from './targets.ts'
import type { Begin, FaultTargets } from './targets.ts'

/** The servers do not listen until it ends. */
export const serverAway: Begin = async ({ spec }, targets) => {
  const servers = some(spec.on, targets)
  await Promise.all(servers.map(({ server }) => server.suspend()))
  return async () => {
    await Promise.all(servers.map(({ server }) => server.resume()))
  }
}

/** The servers show a certificate of yesterday until it ends. */
export const certificateExpired: Begin = async ({ spec }, targets) => {
  const servers = some(spec.on, targets)
  const before = servers.map(({ server }) => server.certificate)
  await Promise.all(
    servers.map(async ({ server, ca }) => server.present(await expiredCopy(ca, server.certificate))),
  )
  return () => {
    for (const [index, { server }] of servers.entries()) {
      const certificate = before[index]
      if (certificate !== undefined) server.present(certificate)
    }
  }
}

/** The clock of a back end is wrong until it ends. */
export const clockOffset: Begin = ({ spec: { on, what } }, { clocks }) => {
  const clock = clocks[on.backEnd === 'proxmox' ? 'proxmox' : 'kubernetes']
  const ms = what.kind === 'clock-offset' ? what.ms : 0
  clock.shift(ms)
  return () => clock.shift(-ms)
}

function some(on: FaultOn, targets: FaultTargets): ReturnType<typeof serversOf> {
  const servers = serversOf(on, targets)
  if (servers.length === 0)
    throw new FaultError('on.tenant', on.tenant, 'there must be a control plane that runs')
  return servers
}
