import { createProxmox } from '@fochista/proxmox'
import { Pool } from 'undici'
import { median, type Figure } from './figure.ts'
import { startListServer, statusPath } from './list-server.ts'
import { moduleOf } from './npm-clients.ts'

/** Calls of a round; of several, each client does as many in turn. */
const CALLS = 4000
const ROUNDS = 9
/** Rounds that count for nothing: code is compiled in them. */
const WARM_UPS = 4
const AT_ONCE = 50
const SECRET = '12345678-1234-1234-1234-1234567890ab'

/** What one client does for one call: asks for the status of a VM and has its name. */
interface Client {
  readonly name: string
  call(): Promise<string>
}

/** What a round took for each call, microseconds. */
interface Cost {
  readonly time: number
  readonly processor: number
}

type ProxmoxApi = (options: object) => {
  nodes: {
    $(node: string): { qemu: { $(vmid: number): { status: { current: { $get(): Promise<Named> } } } } }
  }
}
interface Named {
  name: string
}

/**
 * What a call costs, beside the least there is (undici and JSON.parse) and beside npm's client of the same API: one after the other, and fifty
 * at once. The server has a thread of its own, whose time does not count.
 */
export async function proxmoxCalls(): Promise<Figure[]> {
  const server = await startListServer()
  const proxmox = createProxmox({
    endpoints: [server.url],
    credentials: { tokenId: 'bench@pve!calls', secret: SECRET },
  })
  const bare = new Pool(server.url, { connections: 16 })
  const { default: proxmoxApi } = (await import(moduleOf('proxmox-api/esm/index.js'))) as {
    default: ProxmoxApi
  }
  const { hostname: host, port } = new URL(server.url)
  const others = proxmoxApi({
    host,
    port: Number(port),
    schema: 'http',
    tokenID: 'bench@pve!calls',
    tokenSecret: SECRET,
  })
  const ours: Client = {
    name: 'ours',
    call: async () =>
      (await proxmox.get('/nodes/{node}/qemu/{vmid}/status/current', { path: { node: 'pve1', vmid: 100 } }))
        .name ?? '',
  }
  const undici: Client = {
    name: 'undici + JSON.parse',
    call: async () => {
      const { body } = await bare.request({
        method: 'GET',
        path: statusPath,
        headers: { authorization: `PVEAPIToken=bench@pve!calls=${SECRET}` },
      })
      return (JSON.parse(await body.text()) as { data: Named }).data.name
    },
  }
  const npm: Client = {
    name: 'proxmox-api 1.1.1',
    call: async () => (await others.nodes.$('pve1').qemu.$(100).status.current.$get()).name,
  }
  try {
    const figures: Figure[] = []
    for (const atOnce of [1, AT_ONCE]) {
      const costs = await costsOf([ours, undici, npm], atOnce)
      const how = atOnce === 1 ? 'one after the other' : `${atOnce} at once`
      for (const [peer, goal] of [
        [undici, 1.25],
        [npm, 0.5],
      ] as const)
        for (const [what, field] of [
          ['time', 'time'],
          ['processor', 'processor'],
        ] as const) {
          const value = costs.get(ours)?.[field] ?? Number.NaN
          const its = costs.get(peer)?.[field] ?? Number.NaN
          figures.push({
            name: `Proxmox client: ${what} for a call, ${how}`,
            value,
            unit: 'µs',
            peer: `${peer.name} (${its.toFixed(0)} µs)`,
            ratio: value / its,
            goal,
          })
        }
    }
    return figures
  } finally {
    await proxmox.close()
    await bare.close()
    await server.stop()
  }
}

/** Medians of several rounds in turn, after those that count for nothing. */
async function costsOf(clients: readonly Client[], atOnce: number): Promise<Map<Client, Cost>> {
  const rounds = new Map<Client, Cost[]>(clients.map((client) => [client, []]))
  for (let round = 0; round < WARM_UPS + ROUNDS; round += 1)
    // Each is first as often as the others: who follows whom tells in what is collected, and where the threads are.
    for (const client of [
      ...clients.slice(round % clients.length),
      ...clients.slice(0, round % clients.length),
    ]) {
      const cost = await roundOf(client, atOnce)
      if (round >= WARM_UPS) rounds.get(client)?.push(cost)
    }
  return new Map(
    [...rounds].map(([client, costs]) => [
      client,
      {
        time: median(costs.map(({ time }) => time)),
        processor: median(costs.map(({ processor }) => processor)),
      },
    ]),
  )
}

async function roundOf(client: Client, atOnce: number): Promise<Cost> {
  const cpu = process.threadCpuUsage()
  const begun = performance.now()
  let rest = CALLS
  const lane = async (): Promise<void> => {
    while (rest > 0) {
      rest -= 1
      if ((await client.call()) !== 'worker-100') throw new Error('another answer')
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  const { user, system } = process.threadCpuUsage(cpu)
  return { time: ((performance.now() - begun) * 1000) / CALLS, processor: (user + system) / CALLS }
}
