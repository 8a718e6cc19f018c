import assert from 'node:assert/strict'
import { call } from './back-ends.ts'
import type { Bench } from './harness.ts'

/** A call of the Proxmox API. */
interface ApiCall {
  readonly method: string
  readonly path: string
  readonly params: Readonly<Record<string, string>>
}

/**
 * The API call that a `pveum` line is, as the original's command line maps it. Throws for a line that is none of those that `fochista doctor` prints.
 */
export function pveumCall(line: string): ApiCall {
  const words = shellWords(line)
  const at = words.findIndex((word) => word.startsWith('--'))
  const plain = at < 0 ? words : words.slice(0, at)
  const options = at < 0 ? [] : words.slice(at)
  const params: Record<string, string> = {}
  for (let index = 0; index < options.length; index += 2)
    params[options[index]?.slice(2) ?? ''] = options[index + 1] ?? ''
  const [program, area = '', ...rest] = plain
  assert.equal(program, 'pveum', line)
  const users = '/access/users'
  switch (`${area} ${rest.slice(0, area === 'user' && rest[0] === 'token' ? 2 : 1).join(' ')}`) {
    case 'user add':
      return { method: 'POST', path: users, params: { userid: rest[1] ?? '', ...params } }
    case 'user token add':
      return {
        method: 'POST',
        path: `${users}/${encodeURIComponent(rest[2] ?? '')}/token/${rest[3] ?? ''}`,
        params,
      }
    case 'role add':
      return { method: 'POST', path: '/access/roles', params: { roleid: rest[1] ?? '', ...params } }
    case 'role modify':
      return { method: 'PUT', path: `/access/roles/${rest[1] ?? ''}`, params }
    case 'acl modify':
      return { method: 'PUT', path: '/access/acl', params: { path: rest[1] ?? '', ...params } }
    default:
      throw new Error(`not a pveum line that doctor prints: ${line}`)
  }
}

/** Runs a `pveum` line by plain HTTP as the lab's administrator. Resolves to the answer's data; requires that it is done. */
export async function pveum(bench: Pick<Bench, 'environment'>, line: string): Promise<unknown> {
  const { method, path, params } = pveumCall(line)
  const { status, body } = await call(bench, 'proxmox', method, `/api2/json${path}`, {
    body: new URLSearchParams(params).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  assert.equal(status, 200, `${line}: ${status} ${JSON.stringify(body)}`)
  return (body as { data: unknown }).data
}

/** Words of a line, quoted by single quotes or not at all. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ''))
}

/** A word as a line has it that `shellWords` reads. */
export function shellQuoted(word: string): string {
  return `'${word}'`
}
