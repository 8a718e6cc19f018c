import { badRequest } from '../../errors.ts'
import type { ApiObject } from '../../resources.ts'
import { asText, at, isObject } from '../../rest/json.ts'

function namesOf(pod: ApiObject, list: string): string[] {
  const found = at(pod, ['spec', list])
  return Array.isArray(found) ? found.filter(isObject).map((each) => asText(each['name'])) : []
}

/** The container of a pod that is meant: the one named, or the only one. Throws BadRequest when it is none or one of several. */
export function chooseContainer(pod: ApiObject, wanted: string): string {
  const name = pod.metadata.name ?? ''
  const initial = namesOf(pod, 'initContainers')
  const main = namesOf(pod, 'containers')
  if (wanted !== '') {
    if (![...initial, ...main, ...namesOf(pod, 'ephemeralContainers')].includes(wanted))
      throw badRequest(`container ${wanted} is not valid for pod ${name}`)
    return wanted
  }
  const [only] = main
  if (only !== undefined && main.length === 1 && initial.length === 0) return only
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${[...initial, ...main].join(' ')}]`,
  )
}
