import type { JsonObject } from '../../resources.ts'
import { ensure, items, member, preset, textOf } from './fields.ts'

/** Mode of files in volumes: 0644. */
const FILE_MODE = 420

/** Pull policy of an image that names none: what may change under its name is asked for each time. */
function pullPolicy(image: string): string {
  if (image.includes('@')) return 'IfNotPresent'
  const tag = /:([^/:]+)$/.exec(image)?.[1]
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent'
}

function defaultProbe(probe: JsonObject): void {
  const http = member(probe, 'httpGet')
  if (http !== undefined) preset(http, { path: '/', scheme: 'HTTP' })
  const grpc = member(probe, 'grpc')
  if (grpc !== undefined) preset(grpc, { service: '' })
  for (const [key, value] of [
    ['timeoutSeconds', 1],
    ['periodSeconds', 10],
    ['successThreshold', 1],
    ['failureThreshold', 3],
  ] as const)
    if (probe[key] === undefined || probe[key] === 0) probe[key] = value
}

function defaultContainer(container: JsonObject): void {
  for (const port of items(container, 'ports')) if (textOf(port['protocol']) === '') port['protocol'] = 'TCP'
  for (const variable of items(container, 'env')) {
    const field = member(member(variable, 'valueFrom'), 'fieldRef')
    if (field !== undefined) preset(field, { apiVersion: 'v1' })
    const resource = member(member(variable, 'valueFrom'), 'resourceFieldRef')
    if (resource !== undefined) preset(resource, { divisor: '0' })
  }
  ensure(container, 'resources')
  for (const key of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = member(container, key)
    if (probe !== undefined) defaultProbe(probe)
  }
  const lifecycle = member(container, 'lifecycle')
  for (const hook of ['postStart', 'preStop']) {
    const http = member(member(lifecycle, hook), 'httpGet')
    if (http !== undefined) preset(http, { path: '/', scheme: 'HTTP' })
  }
  preset(container, { terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' })
  if (textOf(container['imagePullPolicy']) === '')
    container['imagePullPolicy'] = pullPolicy(textOf(container['image']))
  const security = member(container, 'securityContext')
  if (security?.['privileged'] === true && security['procMount'] === undefined) return
}

function defaultFieldRefs(source: JsonObject): void {
  for (const item of items(source, 'items')) {
    const field = member(item, 'fieldRef')
    if (field !== undefined) preset(field, { apiVersion: 'v1' })
  }
}

function defaultVolume(volume: JsonObject): void {
  for (const key of ['secret', 'configMap', 'downwardAPI', 'projected']) {
    const source = member(volume, key)
    if (source !== undefined) preset(source, { defaultMode: FILE_MODE })
  }
  const downward = member(volume, 'downwardAPI')
  if (downward !== undefined) defaultFieldRefs(downward)
  for (const source of items(member(volume, 'projected'), 'sources')) {
    const token = member(source, 'serviceAccountToken')
    if (token !== undefined) preset(token, { expirationSeconds: 3600 })
    const inner = member(source, 'downwardAPI')
    if (inner !== undefined) defaultFieldRefs(inner)
  }
  const host = member(volume, 'hostPath')
  if (host !== undefined) preset(host, { type: '' })
  // A volume of no source is an empty directory.
  if (Object.keys(volume).every((key) => key === 'name')) volume['emptyDir'] = {}
}

/** Fills in what a pod template's spec leaves out, in place. */
export function defaultPodSpec(spec: JsonObject): void {
  for (const key of ['initContainers', 'containers', 'ephemeralContainers'])
    for (const container of items(spec, key)) defaultContainer(container)
  for (const volume of items(spec, 'volumes')) defaultVolume(volume)
  const account = textOf(spec['serviceAccountName']) || textOf(spec['serviceAccount'])
  if (account !== '') {
    // The old name of the field is kept in step.
    spec['serviceAccountName'] = account
    spec['serviceAccount'] = account
  }
  for (const constraint of items(spec, 'topologySpreadConstraints'))
    preset(constraint, { whenUnsatisfiable: 'DoNotSchedule' })
  preset(spec, {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    schedulerName: 'default-scheduler',
  })
  if (textOf(spec['dnsPolicy']) === '') spec['dnsPolicy'] = 'ClusterFirst'
  ensure(spec, 'securityContext')
}

/** Fills in what a pod template leaves out, in place. */
export function defaultTemplate(template: JsonObject): void {
  ensure(template, 'metadata')
  defaultPodSpec(ensure(template, 'spec'))
}
