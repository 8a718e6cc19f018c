import { createProxmox } from '@fochista/proxmox'
import { Pool } from 'undici'
import { compare, type Figure } from './figure.ts'
import { startListServer } from './list-server.ts'

/** Lists that each client reads. One brings some 10 MB to be collected, so that single ones tell of the collector's turns and not of the client. */
const ROUNDS = 31

/** What typing and normalising a list of 10,000 VMs costs over transferring and parsing it. */
export async function proxmoxList(): Promise<Figure[]> {
  const server = await startListServer()
  const proxmox = createProxmox({
    endpoints: [server.url],
    credentials: { tokenId: 'bench@pve!list', secret: 'none' },
  })
  const bare = new Pool(server.url)
  try {
    return [
      await compare(
        'Proxmox client: list of 10,000 VMs, normalised',
        1.5,
        async () => requireAll((await proxmox.get('/cluster/resources')).length),
        {
          name: 'undici + JSON.parse',
          run: async () => {
            const { body } = await bare.request({ method: 'GET', path: '/api2/json/cluster/resources' })
            const { data } = JSON.parse(await body.text()) as { data: unknown[] }
            requireAll(data.length)
          },
        },
        ROUNDS,
      ),
    ]
  } finally {
    await proxmox.close()
    await bare.close()
    await server.stop()
  }
}

function requireAll(count: number): void {
  if (count !== 10_000) throw new Error(`the list has ${count} entries`)
}
