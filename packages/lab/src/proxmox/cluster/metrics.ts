import { die } from '../api-error.ts'
import type { Handlers } from '../handler.ts'
import { figuresOf, hostStatus } from '../nodes/figures.ts'
import { sectionHandlers, sectionsOf, type SectionFile } from '../sections.ts'

const LIST = '/cluster/metrics/server'

const serverFile: SectionFile = {
  list: LIST,
  id: 'id',
  madeByName: true,
  sections: (world) => sectionsOf(world, 'metrics'),
  lock: 'status_cfg',
  exists: (id) => die(`Metric server '${id}' already exists`),
  missing: (id) => die(`status server entry '${id}' does not exist`),
  listsDigest: false,
  // A secret has a file of its own.
  passedOver: ['token'],
  check: (_, __, section) => {
    const strange = Object.keys(section).find((name) => !belongs(String(section['type']), name))
    if (strange !== undefined) die(`unexpected property '${strange}'`)
  },
}

/** Options of each type beside those of all. */
const OPTIONS: Readonly<Record<string, RegExp>> = {
  graphite: /^(?:path|proto|timeout|mtu)$/,
  influxdb:
    /^(?:influxdbproto|organization|bucket|api-path-prefix|max-body-size|verify-certificate|timeout|mtu)$/,
  opentelemetry: /^(?:otel-.*|mtu)$/,
}

function belongs(type: string, option: string): boolean {
  return /^(?:type|server|port|disable)$/.test(option) || OPTIONS[type]?.test(option) === true
}

/** Servers that hosts are to tell their figures to; the lab keeps the list and sends nothing. Clients may fetch the figures. */
export const metricHandlers: Handlers = {
  ...sectionHandlers(serverFile),
  [`GET ${LIST}`]: ({ world }) =>
    [...serverFile.sections(world)].map(([id, { type, server, port, disable = '0' }]) => ({
      id,
      type,
      server,
      port: Number(port),
      disable: Number(disable),
    })),
  'GET /cluster/metrics/export': ({ world }) => ({
    data: [...world.hosts.values()]
      .filter((host) => hostStatus(host) === 'online')
      .flatMap((host) =>
        Object.entries(figuresOf(world, host)).map(([metric, value]) => ({
          id: `node/${host.name}`,
          metric,
          timestamp: Math.floor(world.clock.now() / 1000),
          type: 'gauge',
          value: value as number,
        })),
      ),
  }),
}
