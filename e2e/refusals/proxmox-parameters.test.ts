import { test } from 'node:test'
import { apiSchema } from '@fochista/proxmox/schema'
import { checkCall } from '../../packages/proxmox/src/check.ts'
import type { ParamValue } from '../../packages/proxmox/src/encode.ts'
import { ProxmoxApiError } from '../../packages/proxmox/src/errors.ts'
import { checksOf } from './proxmox/checks.ts'
import { addVm, startHost, type Request } from './proxmox/host.ts'
import { mistakesOf, type Mistake } from './proxmox/mistakes.ts'
import { operationsOf, pathOf, type Operation } from './proxmox/operations.ts'
import { wrongParameters } from './proxmox/oracle.ts'

const host = startHost()
addVm(host.world, 100)

const FORM = 'application/x-www-form-urlencoded'

/** A request of an operation with parameters where they belong: in the query, a form, JSON, or beside an uploaded file. */
function requestOf(
  operation: Operation,
  params: Readonly<Record<string, unknown>>,
  how: 'form' | 'json',
  format = 'json',
): Request {
  const { method, template } = operation
  const path = `/api2/${format}${pathOf(operation)}`
  const caller = host.root
  const query = formOf(params)
  if (template.endsWith('/upload')) {
    const { filename, ...others } = params
    const name = `--b\r\nContent-Disposition: form-data; name="filename"; filename="${typeof filename === 'string' ? filename : ''}"\r\n\r\nx\r\n--b--\r\n`
    return {
      method,
      target: `${path}?${formOf(others)}`,
      caller,
      body: ['multipart/form-data; boundary=b', name],
    }
  }
  if (method === 'GET' || method === 'DELETE')
    return { method, target: query === '' ? path : `${path}?${query}`, caller }
  if (how === 'json')
    return { method, target: path, caller, body: ['application/json', JSON.stringify(params)] }
  return { method, target: path, caller, body: [FORM, query] }
}

function formOf(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params)
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? (value as unknown[]) : [value]).map(
        (each) => `${encodeURIComponent(name)}=${encodeURIComponent(String(each))}`,
      ),
    )
    .join('&')
}

const { refused, note, count, settle } = checksOf(host)

/** What the SDK says of parameters before they are sent. */
function saidBySdk(
  { method, inPath, template }: Operation,
  { params }: Mistake,
): Readonly<Record<string, string>> {
  const path = template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => inPath[name] ?? '')
  try {
    checkCall(apiSchema, method, path, params as Record<string, ParamValue>)
    return {}
  } catch (error) {
    if (error instanceof ProxmoxApiError && error.status === 400) return error.errors
    throw error
  }
}

/** The SDK says the same of each parameter, or leaves it to Proxmox where only the form of a text is wrong. */
function compareSdk(operation: Operation, mistake: Mistake): void {
  if (mistake.kind.startsWith('JSON') || mistake.kind === 'twice in path') return
  const said = saidBySdk(operation, mistake)
  count('SDK')
  for (const name of new Set([...Object.keys(said), ...Object.keys(mistake.errors)])) {
    const wanted = mistake.errors[name]
    if (said[name] === wanted) continue
    if (said[name] === undefined && wanted?.startsWith('invalid format - ') === true) continue
    note(
      `SDK: ${operation.method} ${operation.template} ${JSON.stringify(mistake.params)}: ${name}\n  ${said[name]}\n  ${wanted}`,
    )
  }
}

async function check(operation: Operation, hows: readonly ('form' | 'json')[]): Promise<void> {
  const isUpload = operation.template.endsWith('/upload')
  const isWrite = (operation.method === 'POST' || operation.method === 'PUT') && !isUpload
  for (const how of hows) {
    if (how === 'json' && !isWrite) continue
    for (const mistake of mistakesOf(operation, how === 'json')) {
      // The file's name is its own, once; and what a property string says is the same in JSON.
      if (isUpload && mistake.errors['filename'] !== undefined && mistake.kind !== 'value') continue
      if (how === 'json' && mistake.kind === 'property string') continue
      const request = requestOf(operation, mistake.params, how)
      await refused(request, wrongParameters(mistake.errors), `${how}, ${mistake.kind}`)
      compareSdk(operation, mistake)
    }
  }
}

test('a wrong parameter of a call that users make gets the words of the original, in a form and in JSON, and the SDK’s before it is sent', async (t) => {
  for (const operation of operationsOf('often')) await check(operation, ['form', 'json'])
  settle(t, 6000)
})

test('so does one of any other call', async (t) => {
  for (const operation of operationsOf('seldom')) await check(operation, ['form'])
  settle(t, 6000)
})
