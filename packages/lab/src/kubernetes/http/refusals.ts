import { methodNotAllowed, PathNotFound, StatusError } from '../errors.ts'
import { noSuchResource } from '../errors.ts'
import type { ResourceDefinition } from '../resources.ts'
import { groupResource } from '../resources.ts'

const VERBS: { [method: string]: string } = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** 405 of a method on a kind; `verb` replaces the method's own. */
export function refuseMethod(
  definition: ResourceDefinition,
  method: string,
  verb: string = VERBS[method] ?? '',
): StatusError {
  if (definition.crd !== true) return methodNotAllowed()
  return new StatusError(
    405,
    'MethodNotAllowed',
    `${verb} is not supported on resources of kind ${JSON.stringify(groupResource(definition))}`,
    { group: definition.group, kind: definition.resource },
  )
}

/** 404 of a path that fits no kind: custom kinds are served by another part, which answers in plain text. */
export function noSuchPath(definition: ResourceDefinition): Error {
  return definition.crd === true ? new PathNotFound() : noSuchResource()
}
