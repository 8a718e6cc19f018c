import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { JsonObject } from '../../resources.ts'
import { asText, isObject } from '../../rest/json.ts'
import { labelProblems, qualifiedNameProblems } from '../../schema/names.ts'
import { compareQuantities } from '../../schema/quantity.ts'
import { items, member, textOf } from '../defaults/fields.ts'

const RESTARTS = ['Always', 'OnFailure', 'Never']
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never']
const PROTOCOLS = ['SCTP', 'TCP', 'UDP']
const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']

/** What is wrong with a container; `seen` are the names of those before it. */
export function containerProblems(
  container: JsonObject,
  path: string,
  volumes: Set<string>,
  seen: Set<string>,
): FieldError[] {
  const errors: FieldError[] = []
  const name = textOf(container['name'])
  if (name === '') errors.push(fieldError.required(`${path}.name`))
  else {
    for (const problem of labelProblems(name)) errors.push(fieldError.invalid(`${path}.name`, name, problem))
    if (seen.has(name)) errors.push(fieldError.duplicate(`${path}.name`, name))
    seen.add(name)
  }
  if (textOf(container['image']) === '') errors.push(fieldError.required(`${path}.image`))
  items(container, 'ports').forEach((port, index) => {
    const at = `${path}.ports[${index}]`
    const number = port['containerPort']
    if (typeof number !== 'number' || number === 0) errors.push(fieldError.required(`${at}.containerPort`))
    else if (number < 1 || number > 65_535)
      errors.push(fieldError.invalid(`${at}.containerPort`, number, 'must be between 1 and 65535, inclusive'))
    if (!PROTOCOLS.includes(textOf(port['protocol'])))
      errors.push(fieldError.notSupported(`${at}.protocol`, port['protocol'], PROTOCOLS))
  })
  items(container, 'env').forEach((variable, index) => {
    if (textOf(variable['name']) === '') errors.push(fieldError.required(`${path}.env[${index}].name`))
  })
  const pulls = textOf(container['imagePullPolicy'])
  if (pulls === '') errors.push(fieldError.required(`${path}.imagePullPolicy`))
  else if (!PULL_POLICIES.includes(pulls))
    errors.push(fieldError.notSupported(`${path}.imagePullPolicy`, pulls, PULL_POLICIES))
  items(container, 'volumeMounts').forEach((mount, index) => {
    const at = `${path}.volumeMounts[${index}]`
    const volume = textOf(mount['name'])
    if (volume === '') errors.push(fieldError.required(`${at}.name`))
    else if (!volumes.has(volume)) errors.push(fieldError.notFound(`${at}.name`, volume))
    if (textOf(mount['mountPath']) === '') errors.push(fieldError.required(`${at}.mountPath`))
  })
  const resources = member(container, 'resources')
  const limits = member(resources, 'limits') ?? {}
  for (const [resource, request] of Object.entries(member(resources, 'requests') ?? {})) {
    const limit = limits[resource]
    if (limit === undefined || request === undefined) continue
    if (compareQuantities(asText(request), asText(limit)) > 0)
      errors.push(
        fieldError.invalid(
          `${path}.resources.requests`,
          asText(request),
          `must be less than or equal to ${resource} limit of ${asText(limit)}`,
        ),
      )
  }
  return errors
}

/** What a volume may be made of, in the order in which it is looked for. */
const SOURCES =
  'emptyDir hostPath gitRepo gcePersistentDisk awsElasticBlockStore secret nfs iscsi glusterfs flocker persistentVolumeClaim rbd cinder cephfs quobyte downwardAPI fc flexVolume configMap azureFile vsphereVolume photonPersistentDisk portworxVolume azureDisk storageos projected scaleIO csi ephemeral image'.split(
    ' ',
  )

function volumeSourceProblems(volume: JsonObject, path: string): FieldError[] {
  const [, ...others] = SOURCES.filter((source) => isObject(volume[source]))
  const errors = others.map((source) =>
    fieldError.forbidden(`${path}.${source}`, 'may not specify more than 1 volume type'),
  )
  const need = (source: JsonObject | undefined, key: string, at: string): void => {
    if (source !== undefined && textOf(source[key]) === '') errors.push(fieldError.required(`${at}.${key}`))
  }
  need(member(volume, 'secret'), 'secretName', `${path}.secret`)
  need(member(volume, 'configMap'), 'name', `${path}.configMap`)
  items(member(volume, 'projected'), 'sources').forEach((source, index) => {
    const at = `${path}.projected.sources[${index}]`
    need(member(source, 'secret'), 'name', `${at}.secret`)
    need(member(source, 'configMap'), 'name', `${at}.configMap`)
  })
  return errors
}

/** What is wrong with a pod's spec or that of a template; `restarts` are the restart policies allowed. */
export function podSpecProblems(spec: JsonObject, path: string, restarts = RESTARTS): FieldError[] {
  const errors: FieldError[] = []
  const volumes = new Set<string>()
  const names = new Set<string>()
  items(spec, 'volumes').forEach((volume, index) => {
    const at = `${path}.volumes[${index}]`
    const name = textOf(volume['name'])
    const wrong = volumeSourceProblems(volume, at)
    if (name === '') wrong.push(fieldError.required(`${at}.name`))
    else {
      for (const problem of labelProblems(name)) wrong.push(fieldError.invalid(`${at}.name`, name, problem))
      if (names.has(name)) wrong.push(fieldError.duplicate(`${at}.name`, name))
    }
    names.add(name)
    // A mount of a volume that is wrong itself finds none.
    if (wrong.length === 0) volumes.add(name)
    errors.push(...wrong)
  })
  const containers = items(spec, 'containers')
  if (containers.length === 0) errors.push(fieldError.required(`${path}.containers`))
  const seen = new Set<string>()
  containers.forEach((container, index) =>
    errors.push(...containerProblems(container, `${path}.containers[${index}]`, volumes, seen)),
  )
  items(spec, 'initContainers').forEach((container, index) =>
    errors.push(...containerProblems(container, `${path}.initContainers[${index}]`, volumes, seen)),
  )
  const restart = textOf(spec['restartPolicy'])
  if (containers.length > 0 && !restarts.includes(restart))
    errors.push(
      RESTARTS.includes(restart) && restarts.length < RESTARTS.length
        ? fieldError.required(
            `${path}.restartPolicy`,
            `valid values: ${restarts.map((each) => JSON.stringify(each)).join(', ')}`,
          )
        : fieldError.notSupported(`${path}.restartPolicy`, spec['restartPolicy'], restarts),
    )
  items(spec, 'tolerations').forEach((toleration, index) => {
    const at = `${path}.tolerations[${index}]`
    const key = textOf(toleration['key'])
    if (key !== '')
      for (const problem of qualifiedNameProblems(key))
        errors.push(fieldError.invalid(`${at}.key`, key, problem))
    else if (toleration['operator'] !== 'Exists')
      errors.push(
        fieldError.invalid(
          `${at}.operator`,
          textOf(toleration['operator']),
          'operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ),
      )
    const effect = textOf(toleration['effect'])
    if (effect !== '' && !EFFECTS.includes(effect))
      errors.push(fieldError.notSupported(`${at}.effect`, effect, EFFECTS))
  })
  return errors
}
