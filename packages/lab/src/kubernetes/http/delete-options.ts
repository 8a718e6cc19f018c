import { badRequest, fieldError, invalid } from '../errors.ts'
import type { JsonObject } from '../resources.ts'
import type { WriteContext } from '../rest/core.ts'
import type { Deleting } from '../rest/delete.ts'
import { isObject } from '../rest/json.ts'
import { readProtobuf } from '../protobuf/body.ts'
import { isProtobuf } from '../protobuf/decode.ts'
import { mediaType, parseBody, readBody } from './body.ts'
import type { Exchange } from './exchange.ts'

/** What a DELETE asks for: its body, or else its query. Throws BadRequest and Invalid. */
export async function deleting(exchange: Exchange): Promise<{ options: Deleting; ctx: WriteContext }> {
  const data = await readBody(exchange.request)
  const options: Deleting = {}
  let dryRun: string[] = []
  const { query } = exchange
  if (data.length > 0) {
    const object = deleteOptions(data, exchange.request.headers['content-type'] ?? '')
    const { propagationPolicy, gracePeriodSeconds, preconditions, orphanDependents } = object
    if (typeof propagationPolicy === 'string') {
      options.propagationPolicy = policyOf(propagationPolicy)
      if (typeof orphanDependents === 'boolean')
        throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
          fieldError.invalid(
            'propagationPolicy',
            propagationPolicy,
            'orphanDependents and deletionPropagation cannot be both set',
          ),
        ])
    } else if (typeof orphanDependents === 'boolean') orphan(options, orphanDependents)
    if (typeof gracePeriodSeconds === 'number') options.gracePeriodSeconds = gracePeriodSeconds
    if (isObject(preconditions)) options.preconditions = preconditions
    if (Array.isArray(object['dryRun'])) dryRun = object['dryRun'].map(String)
  } else {
    const policy = query.get('propagationPolicy')
    if (policy !== null && policy !== '') options.propagationPolicy = policyOf(policy)
    else if (query.get('orphanDependents') !== null) orphan(options, query.get('orphanDependents') === 'true')
    const grace = query.get('gracePeriodSeconds')
    if (grace !== null && grace !== '') options.gracePeriodSeconds = Number(grace)
    dryRun = query.getAll('dryRun').filter((each) => each !== '')
  }
  if (dryRun.some((each) => each !== 'All'))
    throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
      fieldError.notSupported('dryRun', dryRun, ['All']),
    ])
  const ctx: WriteContext = {
    user: exchange.user,
    manager: '',
    dryRun: dryRun.length > 0,
    fieldValidation: 'Ignore',
    warnings: exchange.warnings,
    options: sentOptions(options, dryRun),
  }
  return { options, ctx }
}

function orphan(options: Deleting, wanted: boolean): void {
  options.orphanDependents = wanted
  options.propagationPolicy = wanted ? 'Orphan' : 'Background'
}

/** The options as webhooks see them. */
function sentOptions(options: Deleting, dryRun: string[]): JsonObject {
  const { gracePeriodSeconds, preconditions, orphanDependents, propagationPolicy } = options
  return {
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(preconditions === undefined ? {} : { preconditions: { ...preconditions } }),
    ...(orphanDependents === undefined ? {} : { orphanDependents }),
    ...(propagationPolicy === undefined || orphanDependents !== undefined ? {} : { propagationPolicy }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  }
}

function policyOf(text: string): Deleting['propagationPolicy'] {
  if (text === 'Background' || text === 'Foreground' || text === 'Orphan') return text
  throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
    fieldError.notSupported('propagationPolicy', text, ['Foreground', 'Background', 'Orphan', 'nil']),
  ])
}

function deleteOptions(data: Buffer, contentType: string): JsonObject {
  const value = isProtobuf(mediaType(contentType))
    ? readProtobuf('DeleteOptions', data, undefined, badRequest)
    : parseBody(data, contentType, badRequest).value
  if (!isObject(value)) throw badRequest("couldn't get version/kind; json parse error")
  const kind = value['kind']
  if (kind !== undefined && kind !== '' && kind !== 'DeleteOptions')
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(value['apiVersion'] ?? '')} in scheme "pkg/runtime/scheme.go:111"`,
    )
  return value
}
