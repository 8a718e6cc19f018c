import type { Kind, KubernetesObject } from '@fochista/kubernetes'
import { argument, command, flag, type Command } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError } from '../errors.ts'
import { tr } from '../locale.ts'
import { dryRunOption, timeoutOption, waitUntilGone } from './waiting.ts'
import { outputOption, printList, printObject, type Column } from '../output.ts'

/** What list, get and delete need to know of a kind; one per noun of the command line. */
export interface Resource<T extends KubernetesObject> {
  /** The word on the command line: `pool`. */
  readonly noun: string
  /** Loads the kind; lazily, because schemas cost time that `--help` must not pay. */
  readonly kind: () => Promise<Kind<T>>
  readonly columns: readonly Column<T>[]
}

/** `<noun> list`. */
export function listCommand<T extends KubernetesObject>(resource: Resource<T>): Command {
  return command({
    path: `${resource.noun} list`,
    summary: tr(`List what there is of ${resource.noun}`, `Elenca: ${resource.noun}`),
    options: {
      output: outputOption,
      allNamespaces: flag('-A, --all-namespaces', tr('in all namespaces', 'in tutti i namespace')),
      selector: {
        flags: '-l, --selector <labels>',
        description: tr('label selector', 'selettore di etichette'),
      },
      watch: flag('-w, --watch', tr('go on printing changes', 'continua a mostrare i cambiamenti')),
    },
    run: async (context, _args, options) => {
      const kind = await resource.kind()
      const namespace = kind.namespaced && !options.allNamespaces ? await context.namespace() : undefined
      const query = { namespace, labelSelector: options.selector as string | undefined }
      const kubernetes = await context.kubernetes()
      const columns =
        kind.namespaced && options.allNamespaces
          ? [namespaceColumn<T>(), ...resource.columns]
          : resource.columns
      if (!options.watch) {
        const { items } = await kubernetes.list(kind, query)
        if (items.length === 0 && (options.output === 'table' || options.output === 'wide')) {
          return context.io.note(tr(`No ${kind.plural} found.`, `Nessun elemento di tipo ${kind.plural}.`))
        }
        return printList(context.io, options.output, items, columns)
      }
      for await (const event of kubernetes.watch(kind, { ...query, signal: context.signal })) {
        if (event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED') {
          printList(context.io, options.output, [event.object], columns)
        }
      }
    },
  })
}

/** `<noun> get <name>`. */
export function getCommand<T extends KubernetesObject>(resource: Resource<T>): Command {
  return command({
    path: `${resource.noun} get <name>`,
    summary: tr(`Show one ${resource.noun}`, `Mostra: ${resource.noun}`),
    options: { output: outputOption },
    run: async (context, args, options) => {
      const found = await requireObject(context, await resource.kind(), resource.noun, argument(args, 'name'))
      printObject(context.io, options.output, found, resource.columns)
    },
  })
}

/** `<noun> delete <name>`: asks for the deletion and, unless told not to, waits until the object is gone. */
export function deleteCommand<T extends KubernetesObject>(resource: Resource<T>): Command {
  return command({
    path: `${resource.noun} delete <name>`,
    summary: tr(`Delete one ${resource.noun}`, `Elimina: ${resource.noun}`),
    options: {
      noWait: flag('--no-wait', tr('return at once', 'termina subito')),
      timeout: timeoutOption('30m'),
      dryRun: dryRunOption,
    },
    run: async (context, args, options) => {
      const kind = await resource.kind()
      const name = argument(args, 'name')
      const found = await requireObject(context, kind, resource.noun, name)
      if (options.dryRun)
        return context.io.out(`${resource.noun}/${name} ${tr('would be deleted', 'verrebbe eliminato')}`)
      const kubernetes = await context.kubernetes()
      await kubernetes.delete(kind, found.metadata, { preconditions: { uid: found.metadata.uid } })
      if (options.noWait)
        return context.io.out(`${resource.noun}/${name} ${tr('is being deleted', 'in eliminazione')}`)
      await waitUntilGone(context, kind, found, options.timeout)
      context.io.out(`${resource.noun}/${name} ${tr('deleted', 'eliminato')}`)
    },
  })
}

/** Gets one object; a missing one is explained with the names that exist. */
export async function requireObject<T extends KubernetesObject>(
  context: Context,
  kind: Kind<T>,
  noun: string,
  name: string,
): Promise<T> {
  const { isNotFound } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const namespace = kind.namespaced ? await context.namespace() : undefined
  try {
    return await kubernetes.get(kind, { name, namespace })
  } catch (error) {
    if (!isNotFound(error)) throw error
    const { items } = await kubernetes.list(kind, { namespace }).catch(() => ({ items: [] as T[] }))
    const near = closest(
      name,
      items.map((item) => item.metadata.name),
    )
    const place = namespace ? tr(` in namespace "${namespace}"`, ` nel namespace "${namespace}"`) : ''
    const question = near ? `${tr('did you mean', 'intendevi')} "${near}"? ` : ''
    throw new CommandError(`${noun} "${name}" ${tr('not found', 'non trovato')}${place}`, {
      hint: `${question}${tr('list what there is with:', 'elenca quel che c’è con:')}  fochista ${noun} list${namespace ? ` -n ${namespace}` : ''}`,
      cause: error,
    })
  }
}

/** The name nearest to what was typed, if it is near enough to be a slip. */
export function closest(typed: string, names: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(typed.length / 3))
  let best: { name: string; distance: number } | undefined
  for (const name of names) {
    const distance = editDistance(typed, name)
    if (distance <= limit && (!best || distance < best.distance)) best = { name, distance }
  }
  return best?.name
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min((row[j - 1] ?? 0) + 1, (previous[j] ?? 0) + 1, substitution))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}

function namespaceColumn<T extends KubernetesObject>(): Column<T> {
  return { heading: 'NAMESPACE', cell: (item) => item.metadata.namespace }
}
