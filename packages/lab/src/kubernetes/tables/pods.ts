import type { ApiObject, Json, JsonObject } from '../resources.ts'
import { age } from './duration.ts'
import type { KindTable } from './column.ts'
import { columns, listAt, NONE, number, objectAt, orNone, text } from './column.ts'

function exitText(ended: JsonObject): string {
  const reason = text(ended['reason'])
  if (reason !== '') return reason
  const signal = number(ended['signal'])
  return signal !== 0 ? `Signal:${signal}` : `ExitCode:${number(ended['exitCode'])}`
}

function restartable(object: ApiObject, name: Json | undefined): boolean {
  return listAt(object, 'spec', 'initContainers').some(
    (each) => each['name'] === name && each['restartPolicy'] === 'Always',
  )
}

interface Summary {
  reason: string
  ready: number
  total: number
  restarts: number
  lastRestart: string
}

function later(a: string, b: string): string {
  return a > b ? a : b
}

function finishedAt(status: JsonObject): string {
  return text(objectAt(status, 'lastState', 'terminated')['finishedAt'])
}

/** What the init containers say; undefined when they are done. */
function initReason(object: ApiObject, summary: Summary): string | undefined {
  const specs = listAt(object, 'spec', 'initContainers')
  let found: string | undefined
  const statuses = listAt(object, 'status', 'initContainerStatuses')
  for (const [index, status] of statuses.entries()) {
    const sidecar = restartable(object, status['name'])
    summary.restarts += number(status['restartCount'])
    summary.lastRestart = later(summary.lastRestart, finishedAt(status))
    const ended = objectAt(status, 'state', 'terminated')
    const isEnded = Object.keys(ended).length > 0
    if (isEnded && number(ended['exitCode']) === 0) continue
    if (sidecar && status['started'] === true) {
      if (status['ready'] === true) summary.ready++
      continue
    }
    const waiting = text(objectAt(status, 'state', 'waiting')['reason'])
    if (isEnded) found = `Init:${exitText(ended)}`
    else if (waiting !== '' && waiting !== 'PodInitializing') found = `Init:${waiting}`
    else found = `Init:${index}/${specs.length}`
    break
  }
  return found
}

function summarize(object: ApiObject): Summary {
  const sidecars = listAt(object, 'spec', 'initContainers').filter(
    (each) => each['restartPolicy'] === 'Always',
  )
  const summary: Summary = {
    reason: orNone(objectAt(object, 'status')['reason'], text(objectAt(object, 'status')['phase'])),
    ready: 0,
    total: listAt(object, 'spec', 'containers').length + sidecars.length,
    restarts: 0,
    lastRestart: '',
  }
  for (const condition of listAt(object, 'status', 'conditions'))
    if (condition['type'] === 'PodScheduled' && condition['reason'] === 'SchedulingGated')
      summary.reason = 'SchedulingGated'
  const init = initReason(object, summary)
  if (init !== undefined) summary.reason = init
  else containerReasons(object, summary)
  if (object.metadata.deletionTimestamp !== undefined) {
    const lost = text(objectAt(object, 'status')['reason']) === 'NodeLost'
    const finished = ['Failed', 'Succeeded'].includes(text(objectAt(object, 'status')['phase']))
    if (lost) summary.reason = 'Unknown'
    else if (!finished) summary.reason = 'Terminating'
  }
  return summary
}

function containerReasons(object: ApiObject, summary: Summary): void {
  let running = false
  for (const status of listAt(object, 'status', 'containerStatuses').toReversed()) {
    summary.restarts += number(status['restartCount'])
    summary.lastRestart = later(summary.lastRestart, finishedAt(status))
    const waiting = text(objectAt(status, 'state', 'waiting')['reason'])
    const ended = objectAt(status, 'state', 'terminated')
    if (waiting !== '') summary.reason = waiting
    else if (Object.keys(ended).length > 0) summary.reason = exitText(ended)
    else if (status['ready'] === true && Object.keys(objectAt(status, 'state', 'running')).length > 0) {
      running = true
      summary.ready++
    }
  }
  if (summary.reason === 'Completed' && running) {
    const ready = listAt(object, 'status', 'conditions').some(
      (each) => each['type'] === 'Ready' && each['status'] === 'True',
    )
    summary.reason = ready ? 'Running' : 'NotReady'
  }
}

function readinessGates(object: ApiObject): string {
  const gates = listAt(object, 'spec', 'readinessGates')
  if (gates.length === 0) return NONE
  const conditions = listAt(object, 'status', 'conditions')
  const met = gates.filter((gate) =>
    conditions.some((each) => each['type'] === gate['conditionType'] && each['status'] === 'True'),
  )
  return `${met.length}/${gates.length}`
}

/** How pods are shown. */
export const podTable: KindTable = {
  columns: columns('Name, Ready, Status, Restarts, Age, *IP, *Node, *Nominated Node, *Readiness Gates'),
  cells(object, now) {
    const { reason, ready, total, restarts, lastRestart } = summarize(object)
    const status = objectAt(object, 'status')
    return [
      object.metadata.name ?? '',
      `${ready}/${total}`,
      reason,
      restarts > 0 && lastRestart !== '' ? `${restarts} (${age(lastRestart, now)} ago)` : String(restarts),
      age(object.metadata.creationTimestamp, now),
      orNone(listAt(status, 'podIPs')[0]?.['ip'] ?? status['podIP']),
      orNone(objectAt(object, 'spec')['nodeName']),
      orNone(status['nominatedNodeName']),
      readinessGates(object),
    ]
  },
  conditions(object) {
    const phase = text(objectAt(object, 'status')['phase'])
    if (phase === 'Succeeded')
      return [
        {
          type: 'Completed',
          status: 'True',
          reason: phase,
          message: 'The pod has completed successfully.',
        },
      ]
    if (phase === 'Failed')
      return [{ type: 'Completed', status: 'True', reason: phase, message: 'The pod failed.' }]
    return undefined
  },
}
