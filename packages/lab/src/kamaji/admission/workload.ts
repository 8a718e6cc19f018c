import { AdmissionDenied } from '../../kubernetes/api.ts'
import type { Store } from '../../kubernetes/api.ts'
import { StatusError } from '../../kubernetes/errors.ts'
import type { ApiObject, Json, JsonObject } from '../../kubernetes/resources.ts'
import { at, copy, equal, isObject } from '../../kubernetes/rest/json.ts'
import { asControlPlane } from '../control-plane.ts'
import { deploymentOf, withKonnectivity } from '../deployment.ts'
import { gvr } from '../vocabulary.ts'

const FIELDS = [
  'additionalContainers',
  'additionalInitContainers',
  'additionalVolumes',
  'additionalVolumeMounts',
]

/**
 * Refuses a change of a control plane's additional containers, volumes or mounts whose Deployment the API server would refuse, by
 * a write of it that is not kept.
 */
export function checkWorkload(object: ApiObject, old: ApiObject, store: Store): void {
  const partOf = (each: ApiObject, field: string): Json | undefined =>
    at(each, ['spec', 'controlPlane', 'deployment', field])
  if (FIELDS.every((field) => equal(partOf(object, field), partOf(old, field)))) return
  const tcp = asControlPlane(object)
  const { name, namespace = '' } = object.metadata
  const existing = store.get(gvr.deployments, namespace, name ?? '')
  const facts = {
    address: '',
    etcdEndpoints: [],
    schema: '',
    checksums: {},
    storageConfig: '',
    storageCertificate: '',
  }
  const built = deploymentOf(tcp, facts, existing)
  const wanted = withKnownSources(
    tcp.spec.addons?.konnectivity === undefined ? built : withKonnectivity(tcp, built),
    object,
  )
  wanted.metadata = { ...wanted.metadata, namespace }
  // The owner is no part of what is asked, and may not be there yet.
  delete wanted.metadata.ownerReferences
  try {
    if (existing === undefined) store.create(gvr.deployments, wanted, { dryRun: true })
    else store.update(gvr.deployments, { ...existing, spec: wanted['spec'] ?? {} }, { dryRun: true })
  } catch (error) {
    if (!(error instanceof StatusError)) throw error
    throw new AdmissionDenied(
      `the resulting Deployment will generate a configuration error, cannot proceed: ${error.message}`,
    )
  }
}

/** Kamaji knows its Secrets and ConfigMaps from the status alone: what is not in it yet has no name. */
function withKnownSources(deployment: ApiObject, controlPlane: ApiObject): ApiObject {
  const next = copy(deployment)
  const known = textsIn(controlPlane['status'])
  const own = new Set(textsIn(at(controlPlane, ['spec', 'controlPlane', 'deployment', 'additionalVolumes'])))
  const forget = (source: Json | undefined, key: string): void => {
    if (!isObject(source)) return
    const name = source[key]
    if (typeof name === 'string' && !known.includes(name) && !own.has(name)) source[key] = ''
  }
  const volumes = at(next, ['spec', 'template', 'spec', 'volumes'])
  for (const volume of objectsOf(volumes)) {
    forget(volume['secret'], 'secretName')
    forget(volume['configMap'], 'name')
    for (const source of objectsOf(at(volume, ['projected', 'sources']))) forget(source['secret'], 'name')
  }
  return next
}

function objectsOf(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function textsIn(value: Json | undefined): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsIn)
  return isObject(value) ? Object.values(value).flatMap(textsIn) : []
}
