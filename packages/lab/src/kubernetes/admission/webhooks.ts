import type { AdmissionRequest } from '../api.ts'
import { forbidden, StatusError } from '../errors.ts'
import { applyJsonPatch } from '../patch/json-patch.ts'
import type { ApiObject, Json, JsonObject } from '../resources.ts'
import type { Core, WriteContext } from '../rest/core.ts'
import { asText, isObject } from '../rest/json.ts'
import { callWebhook } from './call.ts'
import type { CallResult } from './call.ts'
import { conditionsHold, configurations } from './expressions.ts'
import { isExempt, ruleMatches, selectorsMatch } from './matching.ts'
import { admissionRequest, admissionReview } from './review.ts'

/** Answers AdmissionReviews in the lab's own process: gets `request`, returns `response`. */
export type WebhookServer = (request: JsonObject) => JsonObject

/** Asks the mutating webhooks that a write matches, by name; returns the object as they leave it. */
export function runMutatingWebhooks(
  core: Core,
  request: AdmissionRequest,
  ctx: WriteContext,
): ApiObject | undefined {
  let { object } = request
  for (const webhook of chosen(core, 'mutatingwebhookconfigurations', request)) {
    const asked: AdmissionRequest = object === undefined ? request : { ...request, object }
    const response = ask(core, webhook, asked, ctx)
    if (response === undefined || object === undefined) continue
    const patch = patchOf(webhook, response)
    if (patch !== undefined) object = patched(object, patch)
  }
  return object
}

/** Asks the validating webhooks that a write matches. Throws what they refuse with. */
export function runValidatingWebhooks(core: Core, request: AdmissionRequest, ctx: WriteContext): void {
  for (const webhook of chosen(core, 'validatingwebhookconfigurations', request)) {
    const response = ask(core, webhook, request, ctx)
    if (response?.['patch'] !== undefined)
      fail(webhook, 'received invalid webhook response: validating webhook may not return response.patch')
  }
}

/** The webhooks whose rules and selectors name a request. */
function chosen(core: Core, resource: string, request: AdmissionRequest): JsonObject[] {
  if (isExempt(request)) return []
  return configurations(core, resource)
    .flatMap(({ webhooks }) => (Array.isArray(webhooks) ? webhooks.filter(isObject) : []))
    .filter(
      (webhook) =>
        (Array.isArray(webhook['rules']) ? webhook['rules'] : [])
          .filter(isObject)
          .some((rule) => ruleMatches(rule, request)) && selectorsMatch(core, webhook, request),
    )
}

/** The answer of a webhook that lets pass; undefined where none was asked or its failure is ignored. Throws what it refuses with. */
function ask(
  core: Core,
  webhook: JsonObject,
  request: AdmissionRequest,
  ctx: WriteContext,
): JsonObject | undefined {
  const asked = admissionRequest(request, ctx)
  try {
    const { object = null, oldObject = null } = asked
    const variables = {
      object: isObject(object) ? object : null,
      oldObject: isObject(oldObject) ? oldObject : null,
      request: asked,
    }
    if (!conditionsHold(webhook['matchConditions'], variables)) return undefined
  } catch (error) {
    if (webhook['failurePolicy'] === 'Ignore') return undefined
    const text = error instanceof Error ? error.message : String(error)
    throw forbidden(request.definition, request.name, text)
  }
  const answer = answerOf(core, webhook, asked, request, ctx)
  if (answer === undefined) return undefined
  if ('failure' in answer) {
    if (webhook['failurePolicy'] === 'Ignore') return undefined
    fail(webhook, answer.failure)
  }
  const { response } = answer
  for (const warning of Array.isArray(response['warnings']) ? response['warnings'] : [])
    ctx.warnings.push(asText(warning))
  if (response['allowed'] !== true) throw denial(webhook, response)
  return response
}

/** What a webhook says: one in this process at once, one outside as soon as its answer is there. */
function answerOf(
  core: Core,
  webhook: JsonObject,
  asked: JsonObject,
  request: AdmissionRequest,
  ctx: WriteContext,
): { response: JsonObject } | { failure: string } | undefined {
  const name = asText(webhook['name'])
  const config = webhook['clientConfig']
  const url = isObject(config) ? asText(config['url']) : ''
  const own = core.webhookServers.get(url)
  if (own !== undefined) return { response: own(asked) }
  // What the lab's own controllers write cannot wait for servers outside: those are not asked.
  if (ctx.outside === undefined) return undefined
  const key = [name, request.operation, request.oldObject?.metadata.resourceVersion ?? ''].join(' ')
  const { uid, result } = ctx.outside.answer(key, async () => {
    const { uid: id, review } = admissionReview(asked)
    return { uid: id, result: await callWebhook(core, webhook, review) }
  })
  return readAnswer(uid, result)
}

function readAnswer(uid: string, result: CallResult): { response: JsonObject } | { failure: string } {
  if ('failure' in result) return result
  const response = isObject(result.body) ? result.body['response'] : undefined
  const invalidly = (why: string): { failure: string } => ({
    failure: `received invalid webhook response: ${why}`,
  })
  if (!isObject(response)) return invalidly('webhook response was absent')
  const got = asText(response['uid'])
  if (got !== uid)
    return invalidly(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(got)}`)
  return { response }
}

function patchOf(webhook: JsonObject, response: JsonObject): Json | undefined {
  const { patch, patchType } = response
  if (patch === undefined || patch === '' || patch === null) return undefined
  if (patchType === undefined || patchType === '')
    fail(
      webhook,
      'received invalid webhook response: webhook returned response.patch but not response.patchType',
    )
  try {
    return JSON.parse(Buffer.from(asText(patch), 'base64').toString()) as Json
  } catch {
    throw internal('invalid JSON Patch')
  }
}

function patched(object: ApiObject, patch: Json): ApiObject {
  try {
    return applyJsonPatch(object, patch) as ApiObject
  } catch {
    const [operation] = Array.isArray(patch) ? patch.filter(isObject) : []
    const path = asText(operation?.['path'])
    const key = path.slice(path.lastIndexOf('/') + 1)
    throw internal(
      operation?.['op'] === 'remove'
        ? `error in remove for path: '${path}': Unable to remove nonexistent key: ${key}: missing value`
        : `${asText(operation?.['op'])} operation does not apply: doc is missing path: ${JSON.stringify(path)}: missing value`,
    )
  }
}

function internal(text: string): StatusError {
  return new StatusError(500, 'InternalError', `Internal error occurred: ${text}`, {
    causes: [{ message: text }],
  })
}

function fail(webhook: JsonObject, why: string): never {
  throw internal(`failed calling webhook ${JSON.stringify(webhook['name'])}: ${why}`)
}

/** A refusal in the webhook's own words. A code below 400 is none for a refusal. */
function denial(webhook: JsonObject, response: JsonObject): StatusError {
  const status = isObject(response['status']) ? response['status'] : {}
  const { code, message, reason, details } = status
  const by = `admission webhook ${JSON.stringify(webhook['name'])} denied the request`
  const text =
    asText(message) !== ''
      ? `${by}: ${asText(message)}`
      : asText(reason) !== ''
        ? `${by}: ${asText(reason)}`
        : `${by} without explanation`
  return new StatusError(
    typeof code === 'number' && code >= 400 ? code : 400,
    asText(reason) === '' ? undefined : asText(reason),
    text,
    isObject(details) ? details : undefined,
  )
}
