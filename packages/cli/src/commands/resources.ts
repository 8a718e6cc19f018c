import type { Kind, KubernetesObject } from '@fochista/kubernetes'
import { argument, command, flag, text, type Command } from '../command.ts'
import type { Context } from '../context.ts'
import { CommandError, didYouMean } from '../errors.ts'
import { tr } from '../locale.ts'
import { createListPrinter, outputOption, printList, printObject, type Column } from '../output.ts'
import { dryRunOption, timeoutOption, waitUntilGone } from './waiting.ts'

/** What list, get and delete need to know of a kind; one per noun of the command line. */
export interface Resource<T extends KubernetesObject> {
  /** The word on the command line: `pool`. */
  readonly noun: string
  /** A name that stands in the help's lines to copy. */
  readonly example: string
  /** Loads the kind; lazily, because schemas cost time that `--help` must not pay. */
  readonly kind: () => Promise<Kind<T>>
  readonly columns: readonly Column<T>[]
  /** Why an object may not be deleted now; undefined if it may. */
  readonly whyNotDelete?: (context: Context, object: T) => Promise<string | undefined>
  /** What to know before it goes, if anything. */
  readonly deleteNote?: (object: T) => string | undefined
  /** Takes away what was made together with the object, once it is gone. */
  readonly afterDelete?: (context: Context, object: T) => Promise<void>
}

/** `<noun> list`. */
export function listCommand<T extends KubernetesObject>(resource: Resource<T>): Command {
  return command({
    path: `${resource.noun} list`,
    summary: tr(`list what there is of ${resource.noun}`, `elenca: ${resource.noun}`),
    options: {
      output: outputOption,
      allNamespaces: flag('-A, --all-namespaces', tr('in all namespaces', 'in tutti i namespace')),
      selector: text('-l, --selector <labels>', tr('label selector', 'selettore di etichette')),
      watch: flag('-w, --watch', tr('go on printing changes', 'continua a mostrare i cambiamenti')),
    },
    examples: [`fochista ${resource.noun} list`, `fochista ${resource.noun} list -o wide --watch`],
    run: async (context, _args, options) => {
      const kind = await resource.kind()
      const namespace = kind.namespaced && !options.allNamespaces ? await context.namespace() : undefined
      const query = {
        ...(namespace === undefined ? {} : { namespace }),
        ...(options.selector === undefined ? {} : { labelSelector: options.selector }),
      }
      const kubernetes = await context.kubernetes()
      const columns =
        kind.namespaced && options.allNamespaces
          ? [namespaceColumn<T>(), ...resource.columns]
          : resource.columns
      const { items } = await kubernetes.list(kind, query)
      if (!options.watch) {
        const nothing = tr(`No ${kind.plural} found.`, `Nessun elemento di tipo ${kind.plural}.`)
        return printList(context.io, options.output, items, columns, nothing)
      }
      const print = createListPrinter(context.io, options.output, columns)
      print(items)
      const shown = new Set(items.map(({ metadata }) => `${metadata.uid}/${metadata.resourceVersion}`))
      for await (const { object } of kubernetes.watch(kind, { ...query, signal: context.signal })) {
        // The watch begins with what is there; the table shows that already.
        if (!shown.delete(`${object.metadata.uid}/${object.metadata.resourceVersion}`)) print([object])
      }
    },
  })
}

/** `<noun> get <name>`. */
export function getCommand<T extends KubernetesObject>(resource: Resource<T>): Command {
  return command({
    path: `${resource.noun} get <name>`,
    summary: tr(`show one ${resource.noun}`, `mostra: ${resource.noun}`),
    options: { output: outputOption },
    examples: [
      `fochista ${resource.noun} get ${resource.example}`,
      `fochista ${resource.noun} get ${resource.example} -o yaml`,
    ],
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
    summary: tr(`delete one ${resource.noun}`, `elimina: ${resource.noun}`),
    options: {
      noWait: flag('--no-wait', tr('return at once', 'termina subito')),
      timeout: timeoutOption('30m'),
      dryRun: dryRunOption,
    },
    examples: [`fochista ${resource.noun} delete ${resource.example}`],
    run: async (context, args, options) => {
      const kind = await resource.kind()
      const name = argument(args, 'name')
      const found = await requireObject(context, kind, resource.noun, name)
      // Asking again for what is going already only waits.
      const isGoing = found.metadata.deletionTimestamp !== undefined
      const reason = isGoing ? undefined : await resource.whyNotDelete?.(context, found)
      if (reason !== undefined) throw new CommandError(reason)
      const label = `${resource.noun}/${name}`
      if (options.dryRun) return context.io.out(`${label} ${tr('would be deleted', 'verrebbe eliminato')}`)
      const note = resource.deleteNote?.(found)
      if (note) context.io.note(note)
      const kubernetes = await context.kubernetes()
      if (!isGoing) await kubernetes.delete(kind, found.metadata, onlyThis(found))
      if (options.noWait) return context.io.out(`${label} ${tr('is being deleted', 'in eliminazione')}`)
      await waitUntilGone(context, kind, found, options.timeout)
      await resource.afterDelete?.(context, found)
      context.io.out(`${label} ${tr('deleted', 'eliminato')}`)
    },
  })
}

/** Deletion of this very object, not of one that took its name meanwhile. */
export function onlyThis({ metadata: { uid } }: KubernetesObject): { preconditions?: { uid: string } } {
  return uid === undefined ? {} : { preconditions: { uid } }
}

/** Gets one object; a missing one is explained with the name it may have been meant to be. */
export async function requireObject<T extends KubernetesObject>(
  context: Context,
  kind: Kind<T>,
  noun: string,
  name: string,
): Promise<T> {
  const { isNotFound } = await import('@fochista/kubernetes')
  const kubernetes = await context.kubernetes()
  const namespace = kind.namespaced ? await context.namespace() : undefined
  const scope = namespace === undefined ? {} : { namespace }
  try {
    return await kubernetes.get(kind, { name, ...scope })
  } catch (error) {
    if (!isNotFound(error)) throw error
    // Where the kind itself is not there, this fails too, and its words are the right ones.
    const { items } = await kubernetes.list(kind, scope)
    const near = didYouMean(
      name,
      items.map((item) => item.metadata.name),
    )
    const place = namespace ? tr(` in namespace "${namespace}"`, ` nel namespace "${namespace}"`) : ''
    const look = `${tr('list what there is with:', 'elenca quel che c’è con:')}  fochista ${noun} list${namespace ? ` -n ${namespace}` : ''}`
    throw new CommandError(`${noun} "${name}" ${tr('not found', 'non trovato')}${place}`, {
      hint: near.hint === undefined ? look : `${near.hint}  ${look}`,
      cause: error,
    })
  }
}

function namespaceColumn<T extends KubernetesObject>(): Column<T> {
  return { heading: 'NAMESPACE', cell: (item) => item.metadata.namespace }
}
