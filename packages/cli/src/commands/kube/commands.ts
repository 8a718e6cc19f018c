import type { Kubernetes } from '@fochista/kubernetes'
import { argument, command, flag, integer, text, type Command } from '../../command.ts'
import type { Context } from '../../context.ts'
import { CommandError } from '../../errors.ts'
import { tr } from '../../locale.ts'
import { outputOption, printTable, type Column, type Format } from '../../output.ts'
import { clusters } from '../cluster/resource.ts'
import { requireObject } from '../resources.ts'
import { kubeKinds, listPath } from './kinds.ts'

const tenantOption = text(
  '--cluster <name>',
  tr(
    'in this tenant cluster instead of the management cluster',
    'in questo cluster tenant invece che in quello di gestione',
  ),
)

/** Runs against the management cluster, or against a tenant's. */
async function withKubernetes(
  context: Context,
  cluster: string | undefined,
  use: (kubernetes: Kubernetes, namespace: string) => Promise<void>,
): Promise<void> {
  if (cluster === undefined) return use(await context.kubernetes(), await context.namespace())
  const controlPlane = await requireObject(context, await clusters.kind(), 'cluster', cluster)
  const { connectTenant } = await import('@fochista/kamaji')
  const tenant = await connectTenant(await context.kubernetes(), controlPlane)
  try {
    // The namespace of the command is the management cluster's; in the tenant cluster it is only the one that was asked for.
    await use(tenant.kubernetes, context.namespaceGiven ?? 'default')
  } finally {
    await tenant.close()
  }
}

const listCommands: readonly Command[] = Object.entries(kubeKinds).map(([word, kind]) =>
  command({
    path: `kube ${word} [name]`,
    summary: tr(`list ${word}, or show one`, `elenca ${word}, o ne mostra uno`),
    options: {
      output: outputOption,
      selector: text('-l, --selector <labels>', tr('label selector', 'selettore di etichette')),
      ...(kind.isInTenants ? { cluster: tenantOption } : {}),
      ...(kind.isNamespaced
        ? {
            allNamespaces: flag('-A, --all-namespaces', tr('in all namespaces', 'in tutti i namespace')),
          }
        : {}),
    },
    examples: [
      `fochista kube ${word}`,
      ...(kind.isInTenants
        ? [`fochista kube ${word} --cluster tenant-test${kind.isNamespaced ? ' -A' : ''}`]
        : []),
    ],
    run: async (context, args, options) => {
      const given = options as typeof options & { allNamespaces?: boolean; cluster?: string }
      await withKubernetes(context, given.cluster, async (kubernetes, namespace) => {
        const list = listPath(word, given.allNamespaces ? undefined : encodeURIComponent(namespace))
        const name = args['name'] === undefined ? '' : `/${encodeURIComponent(args['name'])}`
        await print(context, kubernetes, `${list}${name}`, given.output, {
          word,
          ...(given.selector === undefined ? {} : { selector: given.selector }),
          isAll: given.allNamespaces ?? false,
        })
      })
    },
  }),
)

/** A table as the API server makes it: the same columns that kubectl shows. */
interface ServerTable {
  readonly columnDefinitions: readonly { name: string; type: string; priority: number }[]
  readonly rows?: readonly {
    cells: readonly unknown[]
    object?: { metadata?: { name?: string; namespace?: string } }
  }[]
}

async function print(
  { io }: Context,
  kubernetes: Kubernetes,
  path: string,
  format: Format,
  { word, selector, isAll }: { word: string; selector?: string; isAll: boolean },
): Promise<void> {
  const query = selector === undefined ? {} : { labelSelector: selector }
  if (format === 'json' || format === 'yaml') {
    const answer = await kubernetes.request('GET', path, { query })
    if (format === 'json') return io.out(JSON.stringify(answer, null, 2))
    const { stringify } = await import('yaml')
    return io.raw(stringify(answer))
  }
  const table = await kubernetes.request<ServerTable>('GET', path, {
    query: { ...query, includeObject: 'Metadata' },
    headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io, application/json' },
  })
  const rows = table.rows ?? []
  if (rows.length === 0) return io.note(tr(`No ${word} found.`, `Nessun elemento di tipo ${word}.`))
  if (format === 'name')
    return rows.forEach(({ object }) => io.out(`${word.replace(/s$/, '')}/${object?.metadata?.name ?? ''}`))
  const columns = table.columnDefinitions.flatMap((column, index): Column<(typeof rows)[number]>[] =>
    column.priority > 0 && format !== 'wide'
      ? []
      : [
          {
            heading: column.name.toUpperCase(),
            cell: ({ cells }) => cellOf(cells[index]),
            right: column.type === 'integer',
          },
        ],
  )
  const place: Column<(typeof rows)[number]> = {
    heading: 'NAMESPACE',
    cell: ({ object }) => object?.metadata?.namespace,
  }
  printTable(io, isAll ? [place, ...columns] : columns, rows)
}

function cellOf(value: unknown): string | number | undefined {
  if (typeof value === 'string' || typeof value === 'number') return value
  return value === undefined || value === null ? undefined : JSON.stringify(value)
}

const logs = command({
  path: 'kube logs <pod>',
  summary: tr('print the log of a pod', 'mostra il log di un pod'),
  options: {
    container: text(
      '-c, --container <name>',
      tr('which container (default: the first)', 'quale container (predefinito: il primo)'),
    ),
    follow: flag('-f, --follow', tr('go on as lines are written', 'prosegue con le righe nuove')),
    previous: flag('--previous', tr('of the run before this one', 'dell’esecuzione precedente')),
    tail: integer('--tail <n>', tr('only the last lines', 'solo le ultime righe'), { min: 0 }),
    cluster: tenantOption,
  },
  examples: ['fochista kube logs tenant-test-6d4f5c7b9-abcde -c kube-apiserver --tail 50'],
  run: async (context, args, options) => {
    await withKubernetes(context, options.cluster, async (kubernetes, own) => {
      const { isNotFound, orUndefined, Pod } = await import('@fochista/kubernetes')
      const ref = { name: argument(args, 'pod'), namespace: own }
      const pod = await orUndefined(isNotFound, kubernetes.get(Pod, ref))
      if (!pod)
        throw new CommandError(
          tr(
            `pod "${ref.name}" not found in namespace "${ref.namespace}"`,
            `pod "${ref.name}" non trovato nel namespace "${ref.namespace}"`,
          ),
          {
            hint: `${tr('list them with:', 'elencali con:')}  fochista kube pods -n ${ref.namespace}`,
          },
        )
      const container = options.container ?? pod.spec?.containers[0]?.name
      const lines = kubernetes.logs(ref, {
        ...(container === undefined ? {} : { container }),
        follow: options.follow,
        previous: options.previous,
        ...(options.tail === undefined ? {} : { tailLines: options.tail }),
        signal: context.signal,
      })
      for await (const line of lines) context.io.out(line)
    })
  },
})

/** The commands of the noun `kube`. */
export const kubeCommands: readonly Command[] = [...listCommands, logs]
