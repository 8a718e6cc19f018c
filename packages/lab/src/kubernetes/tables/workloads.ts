import { asText } from '../rest/json.ts'
import type { ApiObject, Json } from '../resources.ts'
import { age, humanDuration } from './duration.ts'
import type { KindTable } from './column.ts'
import {
  columns,
  containersOf,
  labelsText,
  listAt,
  NONE,
  number,
  objectAt,
  orNone,
  selectorText,
  text,
  UNKNOWN,
} from './column.ts'

const name = (object: ApiObject): string => object.metadata.name ?? ''
const created = (object: ApiObject, now: number): string => age(object.metadata.creationTimestamp, now)
const spec = (object: ApiObject): ReturnType<typeof objectAt> => objectAt(object, 'spec')
const status = (object: ApiObject): ReturnType<typeof objectAt> => objectAt(object, 'status')

function wanted(object: ApiObject): number {
  const replicas = spec(object)['replicas']
  return typeof replicas === 'number' ? replicas : 0
}

const deployments: KindTable = {
  columns: columns('Name, Ready, Up-to-date, Available, Age, *Containers, *Images, *Selector'),
  cells: (object, now) => [
    name(object),
    `${number(status(object)['readyReplicas'])}/${wanted(object)}`,
    number(status(object)['updatedReplicas']),
    number(status(object)['availableReplicas']),
    created(object, now),
    ...containersOf(object),
    selectorText(spec(object)['selector']),
  ],
}

const replicaSets: KindTable = {
  columns: columns(
    'Name, Desired:integer, Current:integer, Ready:integer, Age, *Containers, *Images, *Selector',
  ),
  cells: (object, now) => [
    name(object),
    wanted(object),
    number(status(object)['replicas']),
    number(status(object)['readyReplicas']),
    created(object, now),
    ...containersOf(object),
    object.kind === 'ReplicationController'
      ? labelsText(spec(object)['selector'])
      : selectorText(spec(object)['selector']),
  ],
}

const statefulSets: KindTable = {
  columns: columns('Name, Ready, Age, *Containers, *Images'),
  cells: (object, now) => [
    name(object),
    `${number(status(object)['readyReplicas'])}/${wanted(object)}`,
    created(object, now),
    ...containersOf(object),
  ],
}

const daemonSets: KindTable = {
  columns: columns(
    'Name, Desired:integer, Current:integer, Ready:integer, Up-to-date:integer, Available:integer, Node Selector, Age, *Containers, *Images, *Selector',
  ),
  cells: (object, now) => [
    name(object),
    number(status(object)['desiredNumberScheduled']),
    number(status(object)['currentNumberScheduled']),
    number(status(object)['numberReady']),
    number(status(object)['updatedNumberScheduled']),
    number(status(object)['numberAvailable']),
    labelsText(objectAt(object, 'spec', 'template', 'spec')['nodeSelector']),
    created(object, now),
    ...containersOf(object),
    selectorText(spec(object)['selector']),
  ],
}

function jobStatus(object: ApiObject): string {
  const holds = (type: string): boolean =>
    listAt(object, 'status', 'conditions').some((each) => each['type'] === type && each['status'] === 'True')
  if (holds('Complete')) return 'Complete'
  if (holds('Failed')) return 'Failed'
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating'
  if (holds('Suspended')) return 'Suspended'
  return holds('FailureTarget') ? 'FailureTarget' : 'Running'
}

function completions(object: ApiObject): string {
  const { completions: asked, parallelism } = spec(object)
  const done = number(status(object)['succeeded'])
  if (typeof asked === 'number') return `${done}/${asked}`
  return number(parallelism) > 1 ? `${done}/1 of ${number(parallelism)}` : `${done}/1`
}

function jobDuration(object: ApiObject, now: number): string {
  const { startTime, completionTime } = status(object)
  if (typeof startTime !== 'string') return ''
  const end = typeof completionTime === 'string' ? Date.parse(completionTime) : now
  return humanDuration(end - Date.parse(startTime))
}

const jobs: KindTable = {
  columns: columns('Name, Status, Completions, Duration, Age, *Containers, *Images, *Selector'),
  cells: (object, now) => [
    name(object),
    jobStatus(object),
    completions(object),
    jobDuration(object, now),
    created(object, now),
    ...containersOf(object),
    selectorText(spec(object)['selector']),
  ],
}

const cronJobs: KindTable = {
  columns: columns(
    'Name, Schedule, Timezone, Suspend, Active:integer, Last Schedule, Age, *Containers, *Images, *Selector',
  ),
  cells(object, now) {
    const last = status(object)['lastScheduleTime']
    const inner: ApiObject = { metadata: {}, spec: objectAt(object, 'spec', 'jobTemplate', 'spec') }
    return [
      name(object),
      text(spec(object)['schedule']),
      orNone(spec(object)['timeZone']),
      spec(object)['suspend'] === true ? 'True' : 'False',
      listAt(object, 'status', 'active').length,
      typeof last === 'string' ? age(last, now) : NONE,
      created(object, now),
      ...containersOf(inner),
      selectorText(spec(inner)['selector']),
    ]
  },
}

function targets(object: ApiObject): string {
  const wantedMetrics = listAt(object, 'spec', 'metrics')
  if (wantedMetrics.length === 0) return UNKNOWN
  return wantedMetrics
    .map((metric): string => {
      const resource = objectAt(metric, 'resource')
      const target = number(objectAt(resource, 'target')['averageUtilization'])
      const current = listAt(object, 'status', 'currentMetrics')
        .map((each) => objectAt(each, 'resource'))
        .find((each) => each['name'] === resource['name'])
      const seen = current === undefined ? undefined : objectAt(current, 'current')['averageUtilization']
      return `${text(resource['name'])}: ${typeof seen === 'number' ? `${seen}%` : UNKNOWN}/${target}%`
    })
    .join(', ')
}

const autoscalers: KindTable = {
  columns: columns('Name, Reference, Targets, MinPods, MaxPods, Replicas, Age'),
  cells(object, now) {
    const target = objectAt(object, 'spec', 'scaleTargetRef')
    const least: Json = spec(object)['minReplicas'] ?? UNSET_PODS
    return [
      name(object),
      `${text(target['kind'])}/${text(target['name'])}`,
      targets(object),
      asText(least),
      number(spec(object)['maxReplicas']),
      number(status(object)['currentReplicas']),
      created(object, now),
    ]
  },
}

const UNSET_PODS = '<unset>'

const disruptionBudgets: KindTable = {
  columns: columns('Name, Min Available, Max Unavailable, Allowed Disruptions:integer, Age'),
  cells: (object, now) => [
    name(object),
    asText(spec(object)['minAvailable'] ?? 'N/A'),
    asText(spec(object)['maxUnavailable'] ?? 'N/A'),
    number(status(object)['disruptionsAllowed']),
    created(object, now),
  ],
}

/** How workloads are shown, by group and resource. */
export const workloadTables: { [resource: string]: KindTable } = {
  'deployments.apps': deployments,
  'replicasets.apps': replicaSets,
  replicationcontrollers: replicaSets,
  'statefulsets.apps': statefulSets,
  'daemonsets.apps': daemonSets,
  'jobs.batch': jobs,
  'cronjobs.batch': cronJobs,
  'horizontalpodautoscalers.autoscaling': autoscalers,
  'poddisruptionbudgets.policy': disruptionBudgets,
}
