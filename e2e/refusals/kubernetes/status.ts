import type { Resource } from './resources.ts'

/** Code and body of a refusal: a Status, or the words of one that is none. */
export interface Refusal {
  readonly code: number
  readonly body: unknown
}

type Details = Readonly<Record<string, unknown>>

function status(code: number, message: string, reason?: string, details?: Details): Refusal {
  return {
    code,
    body: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason !== undefined && { reason }),
      ...(details && { details }),
      code,
    },
  }
}

/** `pods`, `deployments.apps`. */
const full = ({ group, resource }: Resource): string => (group === '' ? resource : `${resource}.${group}`)
/** `Pod`, `Deployment.apps`. */
const fullKind = ({ group, kind }: Resource): string => (group === '' ? kind : `${kind}.${group}`)

const details = ({ group, resource }: Resource, name?: string, kind = resource): Details => ({
  ...(name !== undefined && { name }),
  ...(group !== '' && { group }),
  kind,
})

/** There is no object of the name. */
export const notFound = (of: Resource, name: string): Refusal =>
  status(404, `${full(of)} "${name}" not found`, 'NotFound', details(of, name))

/** An object of the name is there. */
export const alreadyExists = (of: Resource, name: string): Refusal =>
  status(409, `${full(of)} "${name}" already exists`, 'AlreadyExists', details(of, name))

/** The namespace is not there. */
export const noNamespace = (name: string): Refusal =>
  status(404, `namespaces "${name}" not found`, 'NotFound', { name, kind: 'namespaces' })

/** Nobody has given the right. */
export function forbidden(
  of: Resource,
  asked: { user: string; verb: string; name?: string; sub?: string; namespace?: string },
): Refusal {
  const { user, verb, name, sub, namespace } = asked
  const where = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`
  const what = sub === undefined ? of.resource : `${of.resource}/${sub}`
  return status(
    403,
    `${full(of)}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${user}" cannot ${verb} resource "${what}" in API group "${of.group}" ${where}`,
    'Forbidden',
    details(of, name),
  )
}

/** Nobody is known by the token. */
export const unauthorized = status(401, 'Unauthorized', 'Unauthorized')

/** A request that is wrong as such. */
export const badRequest = (message: string): Refusal => status(400, message, 'BadRequest')

/** A failure that has no reason of its own. */
export const failed = (message: string): Refusal => status(500, message)

/** What is no call of the API at all. */
export const noPage: Refusal = { code: 404, body: '404 page not found\n' }

/** A method that a built-in resource has not, or a verb that a custom one has not. */
export const notAllowed = (of: Resource, verb: string): Refusal =>
  of.custom
    ? status(
        405,
        `${verb} is not supported on resources of kind "${full(of)}"`,
        'MethodNotAllowed',
        details(of),
      )
    : status(405, 'the server does not allow this method on the requested resource', 'MethodNotAllowed', {})

const TYPES = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
const UNKNOWN_FORMAT = 'the body of the request was in an unknown format - accepted media types include: '

/** A type that nobody answers in. */
export const notAcceptable = (of: Resource): Refusal =>
  of.custom
    ? status(406, `only the following media types are accepted: ${TYPES}`, 'NotAcceptable')
    : status(406, `406: Not Acceptable\n\nAvailable representations: ${TYPES}`, 'NotAcceptable', {})

/** A body of a type that nobody reads. */
export const unsupportedBody = status(415, UNKNOWN_FORMAT + TYPES, 'UnsupportedMediaType')

/** A patch of a type that the resource has not. */
export const unsupportedPatch = (of: Resource): Refusal =>
  of.custom
    ? status(
        415,
        `${UNKNOWN_FORMAT}application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
        'UnsupportedMediaType',
      )
    : status(415, '415: Unsupported Media Type', 'UnsupportedMediaType', {})

/** Too long a body. */
export const tooLarge = status(413, 'Request entity too large: limit is 3145728', 'RequestEntityTooLarge')

/** Somebody else changed it. */
export const modified = (of: Resource, name: string): Refusal =>
  status(
    409,
    `Operation cannot be fulfilled on ${full(of)} "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    'Conflict',
    details(of, name),
  )

/** It is another one than was meant. */
export const otherUid = (of: Resource, name: string, wanted: string, uid: string): Refusal =>
  status(
    409,
    `Operation cannot be fulfilled on ${fullKind(of)} "${name}": the UID in the precondition (${wanted}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    'Conflict',
    details(of, name, of.kind),
  )

/** One cause of an object that is invalid. */
export interface Cause {
  readonly field: string
  readonly reason: string
  readonly message: string
}

function invalidAs(what: string, of: Details, causes: readonly Cause[]): Refusal {
  // What is found twice is told once, and has two causes.
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))]
  const name = typeof of['name'] === 'string' ? of['name'] : ''
  const all = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return status(422, `${what} "${name}" is invalid: ${all}`, 'Invalid', {
    ...of,
    causes: causes.map(({ reason, message, field }) => ({ reason, message, field })),
  })
}

/** An object that is invalid. */
export const invalid = (of: Resource, name: string, ...causes: readonly Cause[]): Refusal =>
  invalidAs(fullKind(of), details(of, name === '' ? undefined : name, of.kind), causes)

/** A write that does not say which version it is made of. */
export const noVersion = (of: Resource, name: string): Refusal =>
  invalidAs(full(of), details(of, name), [
    {
      field: 'metadata.resourceVersion',
      reason: 'FieldValueInvalid',
      message: 'Invalid value: 0: must be specified for an update',
    },
  ])

/** Options that are invalid. */
export const invalidOptions = (kind: string, ...causes: readonly Cause[]): Refusal =>
  invalidAs(`${kind}.meta.k8s.io`, { group: 'meta.k8s.io', kind }, causes)

/** A patch that cannot be applied, which never says why. */
export const unpatched = status(
  422,
  'the server rejected our request due to an error in our request',
  'Invalid',
  {},
)
