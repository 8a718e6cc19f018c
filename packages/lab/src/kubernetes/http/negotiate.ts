import { wantedTypes } from '../discovery/answer.ts'
import { badRequest, StatusError } from '../errors.ts'
import { isProtobuf } from '../protobuf/decode.ts'
import type { ResourceDefinition } from '../resources.ts'
import type { Exchange } from './exchange.ts'

/** Another shape of an answer than the object itself. */
export interface Shape {
  as: 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'
  /** Version of meta.k8s.io. */
  version: string
}

const SHAPES = new Set<string>(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])
const WRITTEN = new Set(['application/json', 'application/yaml', 'application/*', '*/*'])
const MEDIA = 'application/json, application/yaml, application/vnd.kubernetes.protobuf'
/** What a watch can be written as. */
export const WATCHED_MEDIA = 'application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch'

/**
 * The shape an Accept header wishes for first; undefined for the object itself. Throws NotAcceptable when nothing in it can be
 * served. There are no Tables in protobuf, and of custom kinds only their metadata.
 */
export function negotiate(
  accept: string,
  definition: ResourceDefinition,
  isWatch = false,
): Shape | undefined {
  if (accept.trim() === '') return undefined
  let known = false
  for (const { type, parameters } of wantedTypes(accept)) {
    const protobuf = isProtobuf(type)
    if (!WRITTEN.has(type) && !protobuf) continue
    const as = parameters.get('as')
    if (as === undefined && protobuf && definition.crd === true) continue
    known = true
    if (as === undefined) return undefined
    const shape = shapeOf(as, parameters)
    if (shape === undefined || (protobuf && shape.as === 'Table')) continue
    return shape
  }
  if (known || definition.crd === true) throw onlyThese()
  throw new StatusError(
    406,
    'NotAcceptable',
    `406: Not Acceptable\n\nAvailable representations: ${isWatch ? `${MEDIA}, ${WATCHED_MEDIA}` : MEDIA}`,
    {},
  )
}

/** Throws NotAcceptable unless an Accept header takes objects in some form: errors of what is no object itself are objects too. */
export function acceptsObjects(accept: string): void {
  if (!wantedTypes(accept).some(({ type }) => WRITTEN.has(type) || isProtobuf(type))) throw onlyThese()
}

function shapeOf(as: string, values: Map<string, string>): Shape | undefined {
  const version = values.get('v') ?? ''
  if (values.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  return SHAPES.has(as) ? { as: as as Shape['as'], version } : undefined
}

/** What each row of a Table carries of its object. Throws BadRequest. */
export function includeOf(exchange: Exchange): 'None' | 'Metadata' | 'Object' {
  const include = exchange.query.get('includeObject') ?? ''
  if (include === 'None' || include === 'Object' || include === 'Metadata') return include
  if (include === '') return 'Metadata'
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
  )
}

/** 406 that names what there is. */
export function onlyThese(): StatusError {
  return new StatusError(406, 'NotAcceptable', `only the following media types are accepted: ${MEDIA}`)
}

/** 406 of a list's shape for one object, or the other way round. */
export function wrongShape(definition: ResourceDefinition, shape: Shape, isList: boolean): StatusError {
  const [base = ''] = (definition.group === '' ? 'core' : definition.group).split('.')
  const type =
    definition.crd === true
      ? `*unstructured.Unstructured${isList ? 'List' : ''}`
      : `*${base}.${isList ? definition.listKind : definition.kind}`
  return new StatusError(
    406,
    'NotAcceptable',
    `you requested ${shape.as}, but the requested object is ${isList ? 'a list' : 'not a list'} (${type})`,
  )
}
