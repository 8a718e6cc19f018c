import type { LogLine } from '../../api.ts'
import type { ApiObject } from '../../resources.ts'
import { asText, at, isObject } from '../../rest/json.ts'

/** The log of a container in which nothing runs: what its state says, with the times of the state. */
export function stateLog(pod: ApiObject, container: string): LogLine[] | undefined {
  const statuses = ['containerStatuses', 'initContainerStatuses'].flatMap((key) => {
    const found = at(pod, ['status', key])
    return Array.isArray(found) ? found.filter(isObject) : []
  })
  const status = statuses.find((each) => each['name'] === container)
  const started =
    asText(at(status, ['state', 'running', 'startedAt'])) ||
    asText(at(status, ['state', 'terminated', 'startedAt']))
  if (started === '') return undefined
  const lines: LogLine[] = [
    {
      time: Date.parse(started),
      text: `lab: container ${container} of ${asText(status?.['image'])} counts as running; no program runs in it`,
    },
  ]
  const finished = asText(at(status, ['state', 'terminated', 'finishedAt']))
  if (finished !== '')
    lines.push({ time: Date.parse(finished), text: `lab: container ${container} has ended` })
  return lines
}
