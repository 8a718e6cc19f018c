const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/

const LABEL_TEXT =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
const QUALIFIED_TEXT =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const VALUE_TEXT =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

/** What is wrong with a DNS label (RFC 1123); empty when nothing is. */
export function labelProblems(name: string): string[] {
  if (name.length > 63) return ['must be no more than 63 characters']
  return LABEL.test(name) ? [] : [LABEL_TEXT]
}

/** What is wrong with a DNS subdomain (RFC 1123). */
export function subdomainProblems(name: string): string[] {
  if (name.length > 253) return ['must be no more than 253 characters']
  return SUBDOMAIN.test(name) ? [] : [SUBDOMAIN_TEXT]
}

/** What is wrong with a DNS label by RFC 1035 (service names). */
export function label1035Problems(name: string): string[] {
  if (name.length > 63) return ['must be no more than 63 characters']
  return LABEL_1035.test(name) ? [] : [LABEL_1035_TEXT]
}

/** What is wrong with a name used as a path segment (roles, bindings). */
export function pathSegmentProblems(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`]
  return ['/', '%'].filter((each) => name.includes(each)).map((each) => `may not contain '${each}'`)
}

/** What is wrong with a label or annotation key. */
export function qualifiedNameProblems(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2)
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  const problems: string[] = []
  const name = parts.at(-1) ?? ''
  if (parts.length === 2) {
    const prefix = parts[0] ?? ''
    if (prefix === '') problems.push('prefix part must be non-empty')
    else problems.push(...subdomainProblems(prefix).map((problem) => `prefix part ${problem}`))
  }
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > 63) problems.push('name part must be no more than 63 bytes')
  if (!QUALIFIED.test(name)) problems.push(QUALIFIED_TEXT)
  return problems
}

/** What is wrong with a label's value. */
export function labelValueProblems(value: string): string[] {
  const problems: string[] = []
  if (value.length > 63) problems.push('must be no more than 63 bytes')
  if (value !== '' && !QUALIFIED.test(value)) problems.push(VALUE_TEXT)
  return problems
}

/** What is wrong with an object's name, by its kind. */
export function objectNameProblems(definition: { group: string; resource: string }, name: string): string[] {
  const { group, resource } = definition
  if (group === '' && resource === 'namespaces') return labelProblems(name)
  if (group === '' && resource === 'services') return labelProblems(name)
  if (group === 'rbac.authorization.k8s.io' || resource === 'apiservices') return pathSegmentProblems(name)
  if (group === 'certificates.k8s.io') return subdomainProblems(name)
  return subdomainProblems(name)
}
