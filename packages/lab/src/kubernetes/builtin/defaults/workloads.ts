import type { ApiObject, JsonObject } from '../../resources.ts'
import { equal } from '../../rest/json.ts'
import { ensure, items, member, preset, textOf } from './fields.ts'
import { defaultTemplate } from './pod-spec.ts'

/** Fills in what a Deployment leaves out. */
export function defaultDeployment(object: ApiObject): void {
  const spec = ensure(object, 'spec')
  defaultTemplate(ensure(spec, 'template'))
  preset(spec, { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600 })
  const strategy = ensure(spec, 'strategy')
  if (textOf(strategy['type']) === '') strategy['type'] = 'RollingUpdate'
  if (strategy['type'] === 'RollingUpdate')
    preset(ensure(strategy, 'rollingUpdate'), { maxUnavailable: '25%', maxSurge: '25%' })
  ensure(object, 'status')
}

/** Fills in what a ReplicaSet or a ReplicationController leaves out. */
export function defaultReplicaSet(object: ApiObject): void {
  const spec = ensure(object, 'spec')
  defaultTemplate(ensure(spec, 'template'))
  preset(spec, { replicas: 1 })
  if (object.kind === 'ReplicationController') {
    const labels = member(member(spec, 'template'), 'metadata')?.['labels']
    if (labels !== undefined) preset(spec, { selector: { ...(labels as JsonObject) } })
  }
  preset(ensure(object, 'status'), { replicas: 0 })
}

/** Fills in what a StatefulSet leaves out. */
export function defaultStatefulSet(object: ApiObject): void {
  const spec = ensure(object, 'spec')
  defaultTemplate(ensure(spec, 'template'))
  preset(spec, {
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
  })
  const strategy = ensure(spec, 'updateStrategy')
  preset(strategy, { type: 'RollingUpdate' })
  if (strategy['type'] === 'RollingUpdate') preset(ensure(strategy, 'rollingUpdate'), { partition: 0 })
  for (const claim of items(spec, 'volumeClaimTemplates')) {
    preset(ensure(claim, 'spec'), { volumeMode: 'Filesystem' })
    preset(claim, { status: { phase: 'Pending' } })
  }
  preset(ensure(object, 'status'), { replicas: 0, availableReplicas: 0 })
}

/** Annotation that counts the changes of a DaemonSet's template, kept for old clients. */
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

/** Fills in what a DaemonSet leaves out. */
export function defaultDaemonSet(object: ApiObject, old?: ApiObject): void {
  const spec = ensure(object, 'spec')
  defaultTemplate(ensure(spec, 'template'))
  preset(spec, { revisionHistoryLimit: 10 })
  const strategy = ensure(spec, 'updateStrategy')
  preset(strategy, { type: 'RollingUpdate' })
  if (strategy['type'] === 'RollingUpdate')
    preset(ensure(strategy, 'rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 })
  const before = Number(old?.metadata.annotations?.[TEMPLATE_GENERATION] ?? '0')
  const changed =
    old === undefined || !equal(member(member(old, 'spec'), 'template'), member(spec, 'template'))
  object.metadata.annotations = {
    ...object.metadata.annotations,
    [TEMPLATE_GENERATION]: String(changed ? before + 1 : before),
  }
  preset(ensure(object, 'status'), {
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    desiredNumberScheduled: 0,
    numberReady: 0,
  })
}

function defaultJobSpec(spec: JsonObject): void {
  if (spec['completions'] === undefined && spec['parallelism'] === undefined)
    preset(spec, { completions: 1, parallelism: 1 })
  preset(spec, {
    parallelism: 1,
    backoffLimit: 6,
    manualSelector: false,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: 'TerminatingOrFailed',
  })
}

/** Fills in what a Job leaves out; a new one gets the labels that find its pods. */
export function defaultJob(object: ApiObject, old?: ApiObject): void {
  const spec = ensure(object, 'spec')
  const template = ensure(spec, 'template')
  defaultTemplate(template)
  defaultJobSpec(spec)
  if (old === undefined && spec['manualSelector'] !== true) {
    const uid = object.metadata.uid ?? ''
    const name = object.metadata.name ?? ''
    const labels = {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': name,
      'controller-uid': uid,
      'job-name': name,
    }
    object.metadata.labels = { ...object.metadata.labels, ...labels }
    const metadata = ensure(template, 'metadata')
    metadata['labels'] = { ...(metadata['labels'] as JsonObject | undefined), ...labels }
    spec['selector'] = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } }
  }
  ensure(object, 'status')
}

/** Fills in what a CronJob leaves out. */
export function defaultCronJob(object: ApiObject): void {
  const spec = ensure(object, 'spec')
  preset(spec, {
    concurrencyPolicy: 'Allow',
    suspend: false,
    successfulJobsHistoryLimit: 3,
    failedJobsHistoryLimit: 1,
  })
  const job = ensure(spec, 'jobTemplate')
  ensure(job, 'metadata')
  defaultTemplate(ensure(ensure(job, 'spec'), 'template'))
  ensure(object, 'status')
}

/** Fills in what a HorizontalPodAutoscaler (version 2) leaves out. */
export function defaultAutoscaler(object: ApiObject): void {
  const spec = ensure(object, 'spec')
  preset(spec, {
    minReplicas: 1,
    metrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
      },
    ],
  })
  preset(ensure(object, 'status'), { desiredReplicas: 0, currentMetrics: null })
}
