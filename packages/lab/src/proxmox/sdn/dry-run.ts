import type { Call, Handlers } from '../handler.ts'
import type { Sections } from '../sections.ts'
import { runningFile, writtenFile, type Applied } from './running.ts'

/** Files that change the interfaces of a host, and those that change what its routing daemon does. */
const INTERFACES: readonly Applied[] = ['zones', 'vnets', 'subnets']
const ROUTING: readonly Applied[] = ['controllers', 'fabrics', 'fabric-nodes']

/** What applying would change. */
export const dryRunHandlers: Handlers = {
  'GET /cluster/sdn/dry-run': (call) => {
    const [interfaces, frr] = [differences(call, INTERFACES), differences(call, ROUTING)]
    return {
      ...(interfaces !== '' && { 'interfaces-diff': interfaces }),
      ...(frr !== '' && { 'frr-diff': frr }),
    }
  },
}

/** Lines of the written entries that are not in force, and of those in force that are not written; empty for none. */
function differences({ world }: Call, files: readonly Applied[]): string {
  const before = files.flatMap((file) => linesOf(file, runningFile(world, file)))
  const after = files.flatMap((file) => linesOf(file, writtenFile(world, file)))
  const [had, has] = [new Set(before), new Set(after)]
  const lines = [
    ...before.filter((line) => !has.has(line)).map((line) => `-${line}`),
    ...after.filter((line) => !had.has(line)).map((line) => `+${line}`),
  ]
  return lines.length === 0 ? '' : `--- current\n+++ new\n${lines.join('\n')}\n`
}

function linesOf(file: Applied, sections: Sections): string[] {
  return [...sections].flatMap(([id, section]) => [
    `${file} ${id}`,
    ...Object.entries(section).map(([name, value]) => `${file} ${id} ${name} ${String(value)}`),
  ])
}
