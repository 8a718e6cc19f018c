import { createInformer, createKubernetes, Pod } from '@fochista/kubernetes'
import { Pool } from 'undici'
import { compare, type Figure } from './figure.ts'
import { podsPath, startListServer } from './list-server.ts'

/** What filling an informer's cache with 10,000 objects costs over transferring and parsing the same pages. */
export async function informerList(): Promise<Figure[]> {
  const server = await startListServer()
  const kubernetes = createKubernetes({ server: server.url })
  const bare = new Pool(server.url)
  try {
    return [
      await compare(
        'informer: 10,000 objects in the cache',
        1.5,
        async () => {
          const informer = createInformer(kubernetes, Pod)
          informer.start()
          await informer.ready
          const count = informer.list().length
          informer.stop()
          if (count !== 10_000) throw new Error(`the cache has ${count} objects`)
        },
        { name: 'the same pages by undici + JSON.parse', run: () => transfer(bare) },
      ),
    ]
  } finally {
    await kubernetes.close()
    await bare.destroy()
    await server.stop()
  }
}

async function transfer(bare: Pool): Promise<void> {
  let next: string | undefined = '0'
  let count = 0
  while (next !== undefined) {
    const path = `${podsPath}?limit=500&continue=${next}`
    const { body } = await bare.request({ method: 'GET', path })
    const list = JSON.parse(await body.text()) as { metadata: { continue?: string }; items: unknown[] }
    count += list.items.length
    next = list.metadata.continue
  }
  if (count !== 10_000) throw new Error(`the pages have ${count} objects`)
}
