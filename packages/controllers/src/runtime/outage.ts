import { isConnectionError, isTimeout, KubernetesApiError } from '@fochista/kubernetes'

/**
 * What a failure is one of, if an API server did not answer, or not as it should: most often it does so for nobody. What it refuses is the
 * asker's own affair, and when it asks for mercy each comes back less and less often.
 */
export function outageOf(error: unknown): string | undefined {
  const isBroken = error instanceof KubernetesApiError && error.status >= 500
  return isBroken || isConnectionError(error) || isTimeout(error) ? 'kubernetes' : undefined
}
