import type { LabClock } from '../clock.ts'
import type { ApiServer } from '../kubernetes/api.ts'
import { StatusError } from '../kubernetes/errors.ts'
import type { ApiObject } from '../kubernetes/resources.ts'
import type { KeyPair } from '../pki.ts'
import { installWebhooks } from './admission/webhooks.ts'
import { keepDataStores } from './data-stores.ts'
import { keepKubeconfigGenerators } from './kubeconfig-generators.ts'
import { KAMAJI_USER, Pass, Requeue } from './pass.ts'
import { certificateSteps } from './steps/certificates.ts'
import { dataStoreSteps } from './steps/data-store.ts'
import { exposeStep, kubeadmConfigStep, upgradeStep } from './steps/exposure.ts'
import { konnectivityFiles, konnectivityPatches } from './steps/konnectivity.ts'
import { migrationStep } from './steps/migration.ts'
import { deploymentStep, hasFinalizer, ingressStep, observedStep } from './steps/workload.ts'
import { gvr, keys, MANAGER } from './vocabulary.ts'

/** What of a control plane lies outside the management cluster: its API server and what Kamaji does inside it. */
export interface TenantSide {
  /** Called after each whole pass: brings the tenant's API server and its objects to what the control plane says. */
  keep(pass: Pass): Promise<void>
  /** Stops looking after it: its part of the deletion is over when this resolves. */
  release(pass: Pass): Promise<void>
  /** The control plane has gone. */
  remove(namespace: string, name: string): Promise<void>
}

/** How Kamaji is installed. */
export interface KamajiOptions {
  api: ApiServer
  clock: LabClock
  /** The data stores' certificate authority and where they listen. */
  etcd: { ca: KeyPair; endpoints: readonly string[] }
  tenants?: TenantSide
  /** DataStore of control planes that name none; empty for none. Default `default`. */
  defaultDataStore?: string
  /** Told what goes wrong, as the operator's log would say it. */
  log?: (text: string) => void
}

/** Runs Kamaji's behaviour in a management cluster whose API server has its CRDs. */
export function installKamaji(options: KamajiOptions): { stop(): Promise<void> } {
  const { api, clock } = options
  const { store } = api
  const removeWebhooks = installWebhooks(api, { defaultDataStore: options.defaultDataStore ?? 'default' })
  const waiting = new Set<string>()
  const timers = new Map<string, () => void>()
  let stopped = false
  let working: Promise<void> | undefined

  const later = (key: string, afterMs: number): void => {
    timers.get(key)?.()
    timers.set(
      key,
      clock.setTimeout(() => {
        timers.delete(key)
        enqueue(key)
      }, afterMs),
    )
  }
  const enqueue = (key: string): void => {
    if (stopped) return
    waiting.add(key)
    working ??= work().finally(() => {
      working = undefined
      if (waiting.size > 0) enqueue([...waiting][0] ?? '')
    })
  }
  // One worker for all, as Kamaji has by default: control planes made together wait for each other.
  const work = async (): Promise<void> => {
    for (const key of waiting) {
      if (stopped) return
      waiting.delete(key)
      const [namespace = '', name = ''] = key.split('/')
      try {
        await reconcile(options, { namespace, name })
      } catch (error) {
        if (error instanceof Requeue) {
          if (error.afterMs > 0) later(key, error.afterMs)
        } else {
          const conflict = error instanceof StatusError && error.code === 409
          if (!conflict) options.log?.(`${key}: ${error instanceof Error ? error.message : String(error)}`)
          later(key, conflict ? 100 : 1000)
        }
      }
    }
  }
  const ownerKey = (object: ApiObject): string | undefined => {
    const owner = object.metadata.ownerReferences?.find((each) => each.kind === 'TenantControlPlane')
    return owner === undefined ? undefined : `${object.metadata.namespace ?? ''}/${owner.name}`
  }
  const stops = [
    store.watch(gvr.tenantControlPlanes, undefined, ({ type, object }) => {
      const { namespace = '', name = '' } = object.metadata
      if (type !== 'DELETED') enqueue(`${namespace}/${name}`)
      else {
        timers.get(`${namespace}/${name}`)?.()
        void options.tenants?.remove(namespace, name)
      }
    }),
    ...[gvr.services, gvr.deployments, gvr.secrets, gvr.configMaps].map((kind) =>
      store.watch(kind, store.revision, ({ object }) => {
        const key = ownerKey(object)
        if (key !== undefined) enqueue(key)
      }),
    ),
    keepDataStores(api),
    keepKubeconfigGenerators(api, options.log ?? (() => {})),
  ]
  return {
    async stop() {
      stopped = true
      for (const stop of stops) stop()
      for (const cancel of timers.values()) cancel()
      removeWebhooks()
      await working
    },
  }
}

async function reconcile(options: KamajiOptions, ref: { namespace: string; name: string }): Promise<void> {
  const { store } = options.api
  const object = store.get(gvr.tenantControlPlanes, ref.namespace, ref.name)
  if (object === undefined || object.metadata.annotations?.[keys.paused] !== undefined) return
  const pass = new Pass(store, options.clock, ref, options.etcd)
  if (object.metadata.deletionTimestamp !== undefined) {
    await remove(options, pass)
    return
  }
  await exposeStep(pass)
  await upgradeStep(pass)
  await migrationStep(pass, () => options.tenants?.keep(pass) ?? Promise.resolve())
  await kubeadmConfigStep(pass)
  await certificateSteps(pass)
  await dataStoreSteps(pass)
  await konnectivityFiles(pass)
  await deploymentStep(pass)
  await konnectivityPatches(pass)
  await ingressStep(pass)
  await observedStep(pass)
  // The part inside the tenant runs beside the queue: a tenant that does not answer holds nobody up.
  void options.tenants?.keep(pass).catch((error: unknown) => {
    options.log?.(`${ref.namespace}/${ref.name}: ${error instanceof Error ? error.message : String(error)}`)
  })
}

/** Deletion: the tenant's side lets go, the data store is emptied, then the finalizers go. The garbage collector does the rest. */
async function remove(options: KamajiOptions, pass: Pass): Promise<void> {
  const write = { user: KAMAJI_USER, fieldManager: MANAGER }
  if (hasFinalizer(pass.object, keys.sootFinalizer)) {
    await options.clock.sleep(150)
    await options.tenants?.release(pass)
    dropFinalizer(pass, keys.sootFinalizer)
  }
  if (!hasFinalizer(pass.object)) return
  await options.clock.sleep(170)
  dropFinalizer(pass, keys.finalizer)
  const secret = pass.get(gvr.secrets, `${pass.name}-datastore-config`)
  if (secret === undefined) return
  pass.store.update(
    gvr.secrets,
    {
      ...secret,
      metadata: {
        ...secret.metadata,
        finalizers: (secret.metadata.finalizers ?? []).filter(
          (each) => each !== keys.dataStoreSecretFinalizer,
        ),
      },
    },
    write,
  )
}

function dropFinalizer(pass: Pass, finalizer: string): void {
  if (pass.store.get(gvr.tenantControlPlanes, pass.namespace, pass.name) === undefined) return
  if (!hasFinalizer(pass.object, finalizer)) return
  pass.change((object) => {
    object.metadata.finalizers = (object.metadata.finalizers ?? []).filter((each) => each !== finalizer)
  })
}
