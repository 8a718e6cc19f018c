import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiSchema, type Call } from '@fochista/proxmox/schema'
import fc from 'fast-check'
import { verifyParams } from '../../packages/lab/src/proxmox/verify/params.ts'
import { checkCall } from '../../packages/proxmox/src/check.ts'
import { ProxmoxApiError } from '../../packages/proxmox/src/errors.ts'
import { inPath, lines, plain, right, subjects, type Tried } from './parameters.ts'

// Parameters made from the schema, right ones and wrong ones: what is expected of them, what the SDK says before it sends them, and
// what the lab answers must be the same. PARAMETERS_RUNS=100000 tries more of them, PARAMETERS_SEED repeats a run.

const RUNS = Number(process.env['PARAMETERS_RUNS'] ?? 1500)
const SEED =
  process.env['PARAMETERS_SEED'] === undefined ? {} : { seed: Number(process.env['PARAMETERS_SEED']) }

const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties'

test('of every parameter the SDK and the lab say what the schema says', () => {
  assert.ok(
    subjects.length > 450,
    `${subjects.length} of ${apiSchema.counts['methods'] ?? 649} calls are tried`,
  )
  fc.assert(
    fc.property(lines, ({ at, tried, isFull, stranger }) => {
      const subject = subjects[at]
      if (!subject) return
      const { method, template, call } = subject
      const given = new Map(tried.map((one) => [one.name, one]))
      if (isFull)
        for (const [name, param] of subject.values)
          if (param.opt !== 1 && param.idx === undefined && param.pat === undefined && !given.has(name))
            given.set(name, right(name, plain(name, param)))
      const params = Object.fromEntries([...given].map(([name, { value }]) => [name, value ?? '']))
      if (stranger !== undefined && !call.params[stranger]) params[stranger] = '1'
      const uri = Object.fromEntries(inPath(template).map((name) => [name, plain(name, call.params[name])]))

      const wanted = expected(call, given, params, uri, stranger)
      const lab = verifyParams(call, { ...params, ...uri }).errors ?? {}
      const sdk = errorsOf(() => checkCall(apiSchema, method, pathOf(template, uri), params))
      for (const name of new Set([...Object.keys(lab), ...Object.keys(sdk), ...Object.keys(wanted)])) {
        // What stands in the path is not what is tried here.
        if (name in uri) continue
        const { text, isForm } = wanted[name] ?? { text: undefined, isForm: false }
        const where = `${method} ${template} ${JSON.stringify(params)}: ${name}`
        if (isForm) {
          assert.ok(lab[name]?.startsWith(text ?? ''), `${where}: the lab says ${lab[name]}`)
          assert.ok(sdk[name] === undefined || sdk[name] === lab[name], `${where}: the SDK says ${sdk[name]}`)
        } else {
          assert.equal(lab[name], text, `${where}: of the lab`)
          assert.equal(sdk[name], text, `${where}: of the SDK`)
        }
      }
    }),
    { numRuns: RUNS, ...SEED },
  )
})

/** What must be said, by parameter. */
function expected(
  call: Call,
  given: ReadonlyMap<string, Tried>,
  params: Readonly<Record<string, unknown>>,
  uri: Readonly<Record<string, string>>,
  stranger: string | undefined,
): Record<string, { text: string; isForm: boolean }> {
  const wanted: Record<string, { text: string; isForm: boolean }> = {}
  const add = (name: string, text: string, isForm = false): void => {
    const before = wanted[name]
    wanted[name] = {
      text: before ? `${before.text}\\n${text}` : text,
      isForm: isForm || (before?.isForm ?? false),
    }
  }
  const isThere = (name: string): boolean => name in params || name in uri
  for (const [name, param] of Object.entries(call.params))
    if (param.opt !== 1 && param.idx === undefined && param.alias === undefined && !isThere(name))
      add(name, 'property is missing and it is not optional')
  for (const [name, { problem, isForm = false }] of given) {
    if (problem !== undefined) add(name, problem, isForm)
    const required = (call.params[name] ?? call.params[name.replace(/\d+$/, '[n]')])?.req
    if (required !== undefined && !isThere(required)) add(required, `missing property required by '${name}'`)
  }
  if (stranger !== undefined && stranger in params && call.extraParams !== 1 && !given.has(stranger))
    add(stranger, UNKNOWN)
  return wanted
}

function errorsOf(check: () => unknown): Readonly<Record<string, string>> {
  try {
    check()
    return {}
  } catch (error) {
    if (error instanceof ProxmoxApiError && error.status === 400) return error.errors
    throw error
  }
}

function pathOf(template: string, uri: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\{([^}]+)\}/g, (_, name: string) => uri[name] ?? '')
}
