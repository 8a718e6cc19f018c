import { test } from 'node:test'
import { apiSchema } from '@fochista/proxmox/schema'
import { checksOf } from './proxmox/checks.ts'
import { mistakesOf } from './proxmox/mistakes.ts'
import { operationsOf, pathOf, type Operation } from './proxmox/operations.ts'
import { isForwarded, judged, noPermission, privilegesIn, wrongParameters } from './proxmox/oracle.ts'
import type { Asker, Refusal } from './proxmox/oracle.ts'
import { addVm, startHost, type Answer, type Caller, type Request } from './proxmox/host.ts'

// What is looked at first: the method, who asks, what came as a body, the path, the rights, the host, the parameters.

const host = startHost()
addVm(host.world, 100)
const { compare, refused, settle } = checksOf(host)

const nobody: Asker = { user: 'none@pve', has: () => false }
const allBut = (...privileges: readonly string[]): Asker => ({
  user: 'few@pve',
  has: (privilege) => !privileges.includes(privilege),
})

/** Calls with a login whose body is none of the uploads' kind. */
const operations = (which: 'often' | 'seldom'): Operation[] =>
  operationsOf(which).filter(({ call, template }) => call.perm !== 'world' && !template.endsWith('/upload'))

interface Sent {
  readonly format?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly inPath?: Readonly<Record<string, string>>
  readonly below?: string
  readonly method?: string
  readonly body?: readonly [type: string | undefined, text: string]
  readonly headers?: readonly string[]
}

function requestOf(operation: Operation, caller: Caller, sent: Sent = {}): Request {
  const { format = 'json', inPath, below = '', method = operation.method, headers } = sent
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(sent.params ?? operation.needed))
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value])
      params.append(name, String(each))
  const isWrite = method === 'POST' || method === 'PUT'
  const query = isWrite || params.size === 0 ? '' : `?${params.toString()}`
  const body =
    sent.body ?? (isWrite ? (['application/x-www-form-urlencoded', params.toString()] as const) : undefined)
  return {
    method,
    target: `/api2/${format}${pathOf(operation, inPath)}${below}${query}`,
    caller,
    ...(body && { body }),
    ...(headers && { headers }),
  }
}

const bare = (line: string, body = ''): Answer => ({ line, body })

const noHost = (node: string): Refusal => ({
  status: 500,
  text: `hostname lookup '${node}' failed - failed to get address info for: ${node}: Name or service not known`,
})

test('of every call, the first privilege that is missing is named, before a host that is not there and before wrong parameters', async (t) => {
  for (const operation of [...operations('often'), ...operations('seldom')]) {
    const { call, inPath, needed } = operation
    const params = { ...inPath, ...needed }
    const wrong = mistakesOf(operation, false).find(({ kind }) => kind === 'unknown')
    if (call.token !== 1) continue
    const failed = judged(call.perm, nobody, params)
    // Rights that a call looks for by itself come after its parameters.
    if (failed === undefined && wrong)
      await refused(
        requestOf(operation, host.nobody, { params: wrong.params }),
        wrongParameters(wrong.errors),
      )
    if (failed !== undefined) {
      for (const format of ['json', 'extjs'])
        await refused(requestOf(operation, host.nobody, { format }), noPermission(failed))
      await refused(requestOf(operation, host.nobody, { params: wrong?.params ?? {} }), noPermission(failed))
      for (const [name, value] of [
        ['node', 'nope'],
        ['vmid', 'abc'],
      ] as const) {
        if (inPath[name] === undefined) continue
        const elsewhere = { ...inPath, [name]: value }
        const named = judged(call.perm, nobody, { ...params, ...elsewhere })
        await refused(requestOf(operation, host.nobody, { inPath: elsewhere }), noPermission(named ?? ''))
      }
    }
    const privileges = [...new Set(privilegesIn(call.perm))]
    for (const lacking of [...privileges.map((each) => [each]), privileges]) {
      const named = judged(call.perm, allBut(...lacking), params)
      if (named !== undefined) await refused(requestOf(operation, host.allBut(lacking)), noPermission(named))
    }
  }
  settle(t, 1500)
})

test('what only root may do is refused to every token, and what needs a ticket says so', async (t) => {
  for (const operation of [...operations('often'), ...operations('seldom')]) {
    const { call } = operation
    const path = pathOf(operation)
    if (call.token !== 1)
      await refused(requestOf(operation, host.administrator), {
        status: 403,
        text: `Permission check failed (URI '${decodeURIComponent(path)}' not available with API token, need proper ticket.\n)`,
      })
    else if (call.perm === undefined || call.perm === 'root@pam')
      await refused(requestOf(operation, host.administrator), noPermission('user != root@pam'))
  }
  settle(t, 15)
})

test('of every call, a host that is not there is looked for before its parameters are', async (t) => {
  for (const operation of operations('often')) {
    const { call, template, inPath } = operation
    if (!isForwarded(call, template)) continue
    const wrong = mistakesOf(operation, false).find(({ kind }) => kind === 'unknown')
    for (const node of ['nope', '-bad'])
      await refused(requestOf(operation, host.root, { inPath: { ...inPath, node } }), noHost(node))
    await refused(
      requestOf(operation, host.root, {
        inPath: { ...inPath, node: 'nope' },
        params: wrong?.params ?? {},
        format: 'extjs',
      }),
      noHost('nope'),
    )
  }
  settle(t, 200)
})

test('of every call, a number in the path that is no VMID is a wrong parameter', async (t) => {
  for (const operation of operations('often')) {
    const { inPath } = operation
    if (inPath['vmid'] === undefined) continue
    for (const [vmid, text] of [
      ['abc', "type check ('integer') failed - got 'abc'"],
      ['50', 'invalid format - value does not look like a valid VM ID\n'],
      ['0100', 'invalid format - value does not look like a valid VM ID\n'],
    ] as const)
      for (const format of ['json', 'extjs'])
        await refused(
          requestOf(operation, host.root, { inPath: { ...inPath, vmid }, format }),
          wrongParameters({ vmid: text }),
        )
  }
  settle(t, 400)
})

test('of every call, who is not known is told so before anything of the call is looked at', async (t) => {
  for (const operation of operations('often')) {
    const { method } = operation
    const isWrite = method !== 'GET'
    const strangers: readonly (readonly [Caller, string])[] = [
      [[], '401 No ticket'],
      [['Authorization: Bearer abc'], '401 No ticket'],
      [['Authorization: PVEAPIToken=root@pam!all=wrong'], '401 Authentication failed!'],
      [['Authorization: PVEAPIToken=root@pam!nosuch=secret'], '401 Authentication failed!'],
      // Without `!` there is no token's name in it.
      [['Authorization: PVEAPIToken=root@pam=secret'], '401 Authentication failed!'],
      [['Cookie: PVEAuthCookie=nonsense'], '401 Authentication failed!'],
      ...(isWrite ? [[host.root.slice(0, 1), '401 Permission denied - invalid csrf token'] as const] : []),
    ]
    // Each is told so after three seconds: they wait together.
    await Promise.all(
      strangers.flatMap(([caller, line]) => [
        compare(requestOf(operation, caller), bare(line)),
        compare(requestOf(operation, caller, { format: 'extjs', params: { nosuch: '1' } }), bare(line)),
        // A body where none may be, or of a type that nobody reads.
        compare(requestOf(operation, caller, { body: ['text/plain', 'x'] }), bare(line)),
      ]),
    )
    const chunked = requestOf(operation, [], { headers: ['Transfer-Encoding: chunked'] })
    const text = 'chunked transfer encoding not supported'
    await compare(chunked, bare(`501 ${text}`, text))
  }
  settle(t, 2500)
})

test('of every call, what is wrong with a body is said before its path is looked for', async (t) => {
  const place = 'at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line'
  const json = (text: string, line: number): string => `${text} ${place} ${line}.`
  const malformed: readonly (readonly [body: string, text: string])[] = [
    [
      '',
      json(
        'malformed JSON string, neither tag, array, object, number, string or atom, at character offset 0 (before "(end of string)")',
        934,
      ),
    ],
    [
      '{"a":1',
      json(
        ', or } expected while parsing object/hash, at character offset 6 (before "(end of string)")',
        934,
      ),
    ],
    ['{"a":nul', json('\'null\' expected, at character offset 5 (before "nul")', 934)],
    ['[1]', json('Not a HASH reference', 978)],
    ['"a"', json('Can\'t use string ("a") as a HASH ref while "strict refs" in use', 978)],
  ]
  for (const operation of operations('often')) {
    const { method } = operation
    const ask = (sent: Sent): Request => requestOf(operation, host.root, sent)
    if (method === 'GET' || method === 'DELETE') {
      const text = `Unexpected content for method '${method}'`
      for (const format of ['json', 'extjs'])
        await compare(ask({ format, body: ['application/json', '{}'] }), bare(`501 ${text}`, text))
      continue
    }
    for (const below of ['', '/nosuch']) {
      for (const type of [
        'application/yaml',
        'text/plain; charset=utf-8',
        'multipart/form-data; boundary=b',
      ]) {
        const text = `upload 'Content-Type '${type}' not implemented`
        await compare(ask({ below, body: [type, 'a: b'] }), bare(`506 ${text}`, text))
      }
      const large = 'for data too large'
      await compare(
        ask({ below, body: ['application/x-www-form-urlencoded', `a=${'x'.repeat(512 * 1024)}`] }),
        bare(`501 ${large}`, large),
      )
    }
    for (const [body, text] of malformed)
      for (const format of ['json', 'extjs'])
        await compare(ask({ format, body: ['application/json', body] }), bare(`500 ${text}`, `${text}\n`))
  }
  settle(t, 1000)
})

test('of every call, another method and a path below it are not implemented, and another format is none', async (t) => {
  const templates = Object.keys(apiSchema.paths)
  for (const operation of operations('often')) {
    const { method, template, needed } = operation
    const path = pathOf(operation)
    const missing = (wanted: string, below = ''): Refusal => ({
      status: 501,
      text: `Method '${wanted} ${decodeURIComponent(path)}${below}' not implemented`,
      bare: true,
    })
    for (const other of ['GET', 'POST', 'PUT', 'DELETE'] as const) {
      const isThere = operationsOf('often').some(
        (each) => each.template === template && each.method === other,
      )
      if (!isThere)
        for (const format of ['json', 'extjs'])
          await refused(
            requestOf(operation, host.root, { method: other, params: {}, format }),
            missing(other),
          )
    }
    // The name of a volume takes the rest of a path.
    const isOpen = /\{(?:volume|cidr)\}$/.test(template)
    const hasChild = templates.some((each) => each.startsWith(`${template}/{`))
    if (!isOpen && !hasChild)
      await refused(requestOf(operation, host.root, { below: '/nosuch' }), missing(method, '/nosuch'))
    const decoded = decodeURIComponent(path)
    const text = `no formatter for uri ${decoded}, xml`
    await compare(
      requestOf(operation, host.root, { format: 'xml', params: needed }),
      bare(`501 ${text}`, text),
    )
    for (const other of ['PATCH', 'OPTIONS', 'HEAD', 'get'])
      await compare(
        requestOf(operation, host.root, { method: other, params: {} }),
        bare(`501 method '${other}' not available`),
      )
  }
  settle(t, 1000)
})
