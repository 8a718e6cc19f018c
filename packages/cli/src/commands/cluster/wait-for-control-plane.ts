import type { TenantControlPlane } from '@fochista/kamaji'
import type { Context } from '../../context.ts'
import { tr } from '../../locale.ts'
import { requireObject } from '../resources.ts'
import { waitWatching } from '../waiting.ts'
import { clusters } from './resource.ts'

/** Waits until Kamaji has worked through a control plane's newest spec and it serves. Throws StillInProgressError when the time is over. */
export async function waitForControlPlane(
  context: Context,
  { metadata: { name, namespace } }: TenantControlPlane,
  timeoutMs: number,
): Promise<void> {
  const kind = await clusters.kind()
  const { isObserved, isReady, statusOf, whyNotReady } = await import('@fochista/kamaji')
  const hint = `${tr('It goes on. Look at it with:', 'Prosegue. Osservalo con:')}  fochista cluster describe ${name}${namespace ? ` -n ${namespace}` : ''}`
  await waitWatching(context, [{ kind, namespace }], { timeoutMs, hint }, async () => {
    const now = await requireObject(context, kind, 'cluster', name)
    // What is installed says so only at the end; the state may still tell of the spec before.
    const isInstalled = now.status?.kubernetesResources?.version?.version === now.spec.kubernetes.version
    const done = isReady(now) && isObserved(now) && isInstalled
    return {
      done,
      lines: [
        {
          name,
          state: statusOf(now),
          detail: done ? undefined : whyNotReady(now),
          style: done ? 'ready' : 'working',
        },
      ],
    }
  })
}
