import type { FieldError } from '../../errors.ts'
import { fieldError } from '../../errors.ts'
import type { ApiObject } from '../../resources.ts'
import { asText, at, isObject } from '../../rest/json.ts'
import { label1035Problems, subdomainProblems } from '../../schema/names.ts'

/** What is wrong with an APIService. */
export function apiServiceProblems(object: ApiObject): FieldError[] {
  const spec = isObject(object['spec']) ? object['spec'] : {}
  const group = asText(spec['group'])
  const version = asText(spec['version'])
  const errors: FieldError[] = []
  const name = object.metadata.name ?? ''
  if (name !== `${version}.${group}`)
    errors.push(
      fieldError.invalid(
        'metadata.name',
        name,
        `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(`${version}.${group}`)}`,
      ),
    )
  if (group === '' && version !== 'v1')
    errors.push(
      fieldError.required('spec.group', 'only v1 may have an empty group and it better be legacy kube'),
    )
  if (group !== '')
    for (const problem of subdomainProblems(group))
      errors.push(fieldError.invalid('spec.group', group, problem))
  for (const problem of label1035Problems(version))
    errors.push(fieldError.invalid('spec.version', version, problem))
  for (const [field, most] of [
    ['groupPriorityMinimum', 20_000],
    ['versionPriority', 1000],
  ] as const) {
    const priority = typeof spec[field] === 'number' ? spec[field] : 0
    if (priority <= 0 || priority > most)
      errors.push(fieldError.invalid(`spec.${field}`, priority, `must be positive and less than ${most}`))
  }
  return [...errors, ...serviceProblems(object)]
}

function serviceProblems(object: ApiObject): FieldError[] {
  const bundle = asText(at(object, ['spec', 'caBundle']))
  const insecure = at(object, ['spec', 'insecureSkipTLSVerify']) === true
  const service = at(object, ['spec', 'service'])
  const errors: FieldError[] = []
  if (!isObject(service)) {
    if (bundle !== '')
      errors.push(
        fieldError.invalid(
          'spec.caBundle',
          `${Buffer.from(bundle, 'base64').length} bytes`,
          'local APIServices may not have a caBundle',
        ),
      )
    if (insecure)
      errors.push(
        fieldError.invalid(
          'spec.insecureSkipTLSVerify',
          true,
          'local APIServices may not have insecureSkipTLSVerify',
        ),
      )
    return errors
  }
  for (const field of ['namespace', 'name'])
    if (asText(service[field]) === '') errors.push(fieldError.required(`spec.service.${field}`))
  const port = service['port'] ?? 443
  if (typeof port !== 'number' || port < 1 || port > 65_535)
    errors.push(
      fieldError.invalid(
        'spec.service.port',
        port,
        'port is not valid: must be between 1 and 65535, inclusive',
      ),
    )
  if (insecure && bundle !== '')
    errors.push(
      fieldError.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'),
    )
  return errors
}
