import { fieldError, invalid } from '../errors.ts'
import type { WriteContext } from '../rest/core.ts'
import { mediaType } from './body.ts'
import type { Exchange } from './exchange.ts'

/** What the query says about a write. Throws BadRequest and Invalid. */
export function writeContext(exchange: Exchange): WriteContext & { force?: boolean } {
  const { query } = exchange
  const dryRun = query.getAll('dryRun').filter((each) => each !== '')
  const kind =
    exchange.method === 'POST'
      ? 'CreateOptions'
      : exchange.method === 'PUT'
        ? 'UpdateOptions'
        : 'PatchOptions'
  const errors = []
  if (dryRun.some((each) => each !== 'All')) errors.push(fieldError.notSupported('dryRun', dryRun, ['All']))
  const validation = query.get('fieldValidation') ?? ''
  const manager = query.get('fieldManager') ?? ''
  if (manager.length > 128) errors.push(fieldError.tooLong('fieldManager', 128))
  const odd = Array.from(manager).findIndex((letter) => letter < ' ' || letter === '\u007f')
  if (odd >= 0) {
    const code = (manager.codePointAt(odd) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    errors.push(
      fieldError.invalid('fieldManager', manager, `invalid character U+${code} (at position ${odd})`),
    )
  }
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(validation))
    errors.push(fieldError.notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
  const type = mediaType(exchange.request.headers['content-type'])
  const force = query.get('force')
  if (exchange.method === 'PATCH') {
    const applies = type === 'application/apply-patch+yaml'
    if (applies && manager === '')
      errors.push(fieldError.required('fieldManager', 'is required for apply patch'))
    if (!applies && force !== null && force !== '')
      errors.push(fieldError.forbidden('force', 'may not be specified for non-apply patch'))
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors)
  const agent = exchange.request.headers['user-agent'] ?? ''
  return {
    user: exchange.user,
    manager: manager === '' ? (agent.split('/')[0] ?? '').slice(0, 128) || 'unknown' : manager,
    dryRun: dryRun.length > 0,
    fieldValidation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
    warnings: exchange.warnings,
    options: {
      ...(dryRun.length > 0 ? { dryRun } : {}),
      ...(manager === '' ? {} : { fieldManager: manager }),
      ...(validation === '' ? {} : { fieldValidation: validation }),
    },
    ...(force === 'true' || force === '1' ? { force: true } : {}),
  }
}
