import { toCoreEvent } from '../builtin/events.ts'
import type { ApiObject, Json } from '../resources.ts'
import { age, humanDuration } from './duration.ts'
import type { KindTable } from './column.ts'
import { columns, listAt, NONE, number, objectAt, orNone, text, UNKNOWN, UNSET, valuesAt } from './column.ts'

const name = (object: ApiObject): string => object.metadata.name ?? ''
const created = (object: ApiObject, now: number): string => age(object.metadata.creationTimestamp, now)
const spec = (object: ApiObject): ReturnType<typeof objectAt> => objectAt(object, 'spec')

const ROLE = 'node-role.kubernetes.io/'

function nodeRoles(object: ApiObject): string {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(object.metadata.labels ?? {})) {
    if (key.startsWith(ROLE) && key.length > ROLE.length) roles.add(key.slice(ROLE.length))
    else if (key === 'kubernetes.io/role' && value !== '') roles.add(value)
  }
  return roles.size === 0 ? NONE : [...roles].toSorted().join(',')
}

function nodeStatus(object: ApiObject): string {
  const ready = listAt(object, 'status', 'conditions').find((each) => each['type'] === 'Ready')
  const parts = [ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady']
  if (spec(object)['unschedulable'] === true) parts.push('SchedulingDisabled')
  return parts.join(',')
}

function nodeAddress(object: ApiObject, type: string): string {
  return orNone(listAt(object, 'status', 'addresses').find((each) => each['type'] === type)?.['address'])
}

function kernel(object: ApiObject): string {
  const info = objectAt(object, 'status', 'nodeInfo')
  const version = orNone(info['kernelVersion'], UNKNOWN)
  const architecture = text(info['architecture'])
  return architecture === '' ? version : `${version} (${architecture})`
}

const nodes: KindTable = {
  columns: columns(
    'Name, Status, Roles, Age, Version, *Internal-IP, *External-IP, *OS-Image, *Kernel-Version, *Container-Runtime',
  ),
  cells(object, now) {
    const info = objectAt(object, 'status', 'nodeInfo')
    return [
      name(object),
      nodeStatus(object),
      nodeRoles(object),
      created(object, now),
      text(info['kubeletVersion']),
      nodeAddress(object, 'InternalIP'),
      nodeAddress(object, 'ExternalIP'),
      orNone(info['osImage'], UNKNOWN),
      kernel(object),
      orNone(info['containerRuntimeVersion'], UNKNOWN),
    ]
  },
}

const namespaces: KindTable = {
  columns: columns('Name, Status, Age'),
  cells: (object, now) => [name(object), text(objectAt(object, 'status')['phase']), created(object, now)],
}

const secrets: KindTable = {
  columns: columns('Name, Type, Data, Age'),
  cells: (object, now) => [
    name(object),
    text(object['type']),
    Object.keys(objectAt(object, 'data')).length,
    created(object, now),
  ],
}

const configMaps: KindTable = {
  columns: columns('Name, Data, Age'),
  cells: (object, now) => [
    name(object),
    Object.keys(objectAt(object, 'data')).length + Object.keys(objectAt(object, 'binaryData')).length,
    created(object, now),
  ],
}

const nameAndAge: KindTable = {
  columns: columns('Name, Age'),
  cells: (object, now) => [name(object), created(object, now)],
}

function eventTime(object: ApiObject, which: 'first' | 'last', now: number): string {
  const series = text(objectAt(object, 'series')['lastObservedTime'])
  const own = text(which === 'first' ? object['firstTimestamp'] : object['lastTimestamp'])
  if (which === 'last' && series !== '') return age(series, now)
  return age(own !== '' ? own : (object['eventTime'] ?? undefined), now)
}

function eventSource(object: ApiObject): string {
  const source = objectAt(object, 'source')
  const component = orNone(source['component'], text(object['reportingComponent']))
  const host = orNone(source['host'], text(object['reportingInstance']))
  return host === '' ? component : `${component}, ${host}`
}

const events: KindTable = {
  columns: columns(
    'Last Seen, Type, Reason, Object, *Subobject, *Source, Message, *First Seen, *Count, *Name',
  ),
  cells(object, now) {
    const about = objectAt(object, 'involvedObject')
    const count = number(objectAt(object, 'series')['count']) || number(object['count']) || 1
    const target = text(about['kind']).toLowerCase()
    return [
      eventTime(object, 'last', now),
      text(object['type']),
      text(object['reason']),
      text(about['name']) === '' ? target : `${target}/${text(about['name'])}`,
      text(about['fieldPath']),
      eventSource(object),
      text(object['message']).trim(),
      eventTime(object, 'first', now),
      count,
      name(object),
    ]
  },
}

const roles: KindTable = {
  columns: columns('Name, Created At:date'),
  cells: (object) => [name(object), object.metadata.creationTimestamp ?? null],
}

function subjects(object: ApiObject, kind: string): string {
  return listAt(object, 'subjects')
    .filter((each) => each['kind'] === kind)
    .map((each) =>
      kind === 'ServiceAccount' ? `${text(each['namespace'])}/${text(each['name'])}` : text(each['name']),
    )
    .join(', ')
}

const bindings: KindTable = {
  columns: columns('Name, Role, Age, *Users, *Groups, *ServiceAccounts'),
  cells(object, now) {
    const role = objectAt(object, 'roleRef')
    return [
      name(object),
      `${text(role['kind'])}/${text(role['name'])}`,
      created(object, now),
      subjects(object, 'User'),
      subjects(object, 'Group'),
      subjects(object, 'ServiceAccount'),
    ]
  },
}

function csrCondition(object: ApiObject): string {
  const types = listAt(object, 'status', 'conditions').map((each) => text(each['type']))
  const verdict = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending'
  const failed = types.includes('Failed') ? ',Failed' : ''
  const issued = text(objectAt(object, 'status')['certificate']) === '' ? '' : ',Issued'
  return `${verdict}${failed}${issued}`
}

const signingRequests: KindTable = {
  columns: columns('Name, Age, SignerName, Requestor, RequestedDuration, Condition'),
  cells(object, now) {
    const seconds = spec(object)['expirationSeconds']
    return [
      name(object),
      created(object, now),
      orNone(spec(object)['signerName']),
      text(spec(object)['username']),
      typeof seconds === 'number' ? humanDuration(seconds * 1000) : NONE,
      csrCondition(object),
    ]
  },
}

const leases: KindTable = {
  columns: columns('Name, Holder, Age'),
  cells: (object, now) => [name(object), text(spec(object)['holderIdentity']), created(object, now)],
}

const webhooks: KindTable = {
  columns: columns('Name, Webhooks:integer, Age'),
  cells: (object, now) => [name(object), listAt(object, 'webhooks').length, created(object, now)],
}

const apiServices: KindTable = {
  columns: columns('Name, Service, Available, Age'),
  cells(object, now) {
    const service = objectAt(object, 'spec', 'service')
    const available = listAt(object, 'status', 'conditions').find((each) => each['type'] === 'Available')
    const verdict = orNone(available?.['status'], 'Unknown')
    const reason = text(available?.['reason'])
    return [
      name(object),
      text(service['name']) === '' ? 'Local' : `${text(service['namespace'])}/${text(service['name'])}`,
      verdict === 'True' ? verdict : reason === '' ? verdict : `${verdict} (${reason})`,
      created(object, now),
    ]
  },
}

const priorityClasses: KindTable = {
  columns: columns('Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy'),
  cells: (object, now) => [
    name(object),
    number(object['value']),
    object['globalDefault'] === true,
    created(object, now),
    text(object['preemptionPolicy']),
  ],
}

const serviceCidrs: KindTable = {
  columns: columns('Name, CIDRs, Age'),
  cells: (object, now) => [
    name(object),
    valuesAt(object, 'spec', 'cidrs').map(text).join(','),
    created(object, now),
  ],
}

const ipAddresses: KindTable = {
  columns: columns('Name, ParentRef'),
  cells(object, now) {
    const parent = objectAt(object, 'spec', 'parentRef')
    const parts = [parent['group'], parent['resource'], parent['namespace'], parent['name']]
    return [
      name(object),
      parts
        .map(text)
        .filter((part) => part !== '')
        .join('/'),
      // Written without a column, by the original too.
      created(object, now),
    ]
  },
}

const flowSchemas: KindTable = {
  columns: columns('Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL'),
  cells(object, now) {
    const dangling = listAt(object, 'status', 'conditions').find((each) => each['type'] === 'Dangling')
    return [
      name(object),
      orNone(objectAt(object, 'spec', 'priorityLevelConfiguration')['name']),
      number(spec(object)['matchingPrecedence']),
      orNone(objectAt(object, 'spec', 'distinguisherMethod')['type']),
      created(object, now),
      orNone(dangling?.['status'], '?'),
    ]
  },
}

const scales: KindTable = {
  columns: columns('Name, Desired:integer, Available:integer, Age'),
  cells: (object, now) => [
    name(object),
    number(spec(object)['replicas']),
    number(objectAt(object, 'status')['replicas']),
    created(object, now),
  ],
}

function capacity(object: ApiObject, ...path: string[]): string {
  return text(objectAt(object, ...path)['storage'])
}

const MODES: { [mode: string]: string } = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
}

function accessModes(value: Json[]): string {
  return [...new Set(value.map((each) => MODES[text(each)] ?? text(each)))].join(',')
}

const claims: KindTable = {
  columns: columns(
    'Name, Status, Volume, Capacity, Access Modes, StorageClass, VolumeAttributesClass, Age, *VolumeMode',
  ),
  cells(object, now) {
    const bound = text(spec(object)['volumeName']) !== ''
    const phase = text(objectAt(object, 'status')['phase'])
    return [
      name(object),
      object.metadata.deletionTimestamp === undefined ? phase : 'Terminating',
      text(spec(object)['volumeName']),
      bound ? capacity(object, 'status', 'capacity') : '',
      bound ? accessModes(valuesAt(object, 'status', 'accessModes')) : '',
      text(spec(object)['storageClassName']),
      orNone(spec(object)['volumeAttributesClassName'], UNSET),
      created(object, now),
      orNone(spec(object)['volumeMode'], UNSET),
    ]
  },
}

const volumes: KindTable = {
  columns: columns(
    'Name, Capacity, Access Modes, Reclaim Policy, Status, Claim, StorageClass, VolumeAttributesClass, Reason, Age, *VolumeMode',
  ),
  cells(object, now) {
    const claim = objectAt(object, 'spec', 'claimRef')
    return [
      name(object),
      capacity(object, 'spec', 'capacity'),
      accessModes(valuesAt(object, 'spec', 'accessModes')),
      text(spec(object)['persistentVolumeReclaimPolicy']),
      object.metadata.deletionTimestamp === undefined
        ? text(objectAt(object, 'status')['phase'])
        : 'Terminating',
      text(claim['name']) === '' ? '' : `${text(claim['namespace'])}/${text(claim['name'])}`,
      text(spec(object)['storageClassName']),
      orNone(spec(object)['volumeAttributesClassName'], UNSET),
      text(objectAt(object, 'status')['reason']),
      created(object, now),
      orNone(spec(object)['volumeMode'], UNSET),
    ]
  },
}

const storageClasses: KindTable = {
  columns: columns('Name, Provisioner, ReclaimPolicy, VolumeBindingMode, AllowVolumeExpansion, Age'),
  cells(object, now) {
    const preset = object.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true'
    return [
      preset ? `${name(object)} (default)` : name(object),
      text(object['provisioner']),
      text(object['reclaimPolicy']),
      text(object['volumeBindingMode']),
      object['allowVolumeExpansion'] === true,
      created(object, now),
    ]
  },
}

/** How the kinds of the cluster itself are shown, by group and resource. */
export const clusterTables: { [resource: string]: KindTable } = {
  nodes,
  namespaces,
  secrets,
  configmaps: configMaps,
  serviceaccounts: nameAndAge,
  events,
  'events.events.k8s.io': { ...events, cells: (object, now) => events.cells(toCoreEvent(object), now) },
  'roles.rbac.authorization.k8s.io': roles,
  'clusterroles.rbac.authorization.k8s.io': roles,
  'customresourcedefinitions.apiextensions.k8s.io': roles,
  'rolebindings.rbac.authorization.k8s.io': bindings,
  'clusterrolebindings.rbac.authorization.k8s.io': bindings,
  'certificatesigningrequests.certificates.k8s.io': signingRequests,
  'leases.coordination.k8s.io': leases,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhooks,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhooks,
  'apiservices.apiregistration.k8s.io': apiServices,
  'priorityclasses.scheduling.k8s.io': priorityClasses,
  'servicecidrs.networking.k8s.io': serviceCidrs,
  'ipaddresses.networking.k8s.io': ipAddresses,
  'flowschemas.flowcontrol.apiserver.k8s.io': flowSchemas,
  persistentvolumeclaims: claims,
  persistentvolumes: volumes,
  'storageclasses.storage.k8s.io': storageClasses,
}

/** How a Scale is shown. */
export const scaleTable: KindTable = scales
