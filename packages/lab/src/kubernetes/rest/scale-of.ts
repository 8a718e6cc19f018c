import type { ApiObject, Json, ResourceDefinition, ScalePaths } from '../resources.ts'
import { asText, at, isObject, simplePath } from './json.ts'

const BUILTIN: ScalePaths = { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' }

/** Where an object of a kind has its replicas. */
export function pathsOf(definition: ResourceDefinition): ScalePaths {
  return definition.scale ?? BUILTIN
}

/** The Scale that stands for an object. */
export function scaleOf(definition: ResourceDefinition, object: ApiObject): ApiObject {
  const paths = pathsOf(definition)
  const replicas = at(object, simplePath(paths.specReplicasPath))
  const current = at(object, simplePath(paths.statusReplicasPath))
  const selector =
    definition.crd === true
      ? paths.labelSelectorPath === undefined
        ? undefined
        : at(object, simplePath(paths.labelSelectorPath))
      : printSelector(at(object, ['spec', 'selector']))
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      uid,
      resourceVersion,
      creationTimestamp,
    },
    spec: typeof replicas === 'number' && replicas !== 0 ? { replicas } : {},
    status: {
      replicas: typeof current === 'number' ? current : 0,
      ...(typeof selector === 'string' && selector !== '' ? { selector } : {}),
    },
  }
}

function printSelector(selector: Json | undefined): string | undefined {
  const labels = isObject(selector)
    ? isObject(selector['matchLabels'])
      ? selector['matchLabels']
      : selector
    : undefined
  if (labels === undefined) return undefined
  return Object.keys(labels)
    .toSorted()
    .filter((key) => typeof labels[key] === 'string')
    .map((key) => `${key}=${asText(labels[key])}`)
    .join(',')
}
