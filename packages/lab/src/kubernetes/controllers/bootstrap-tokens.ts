import { createHmac } from 'node:crypto'
import type { ApiObject } from '../resources.ts'
import { copy, equal } from '../rest/json.ts'
import { member, textOf } from '../builtin/defaults/fields.ts'
import { kinds } from './kinds.ts'
import type { ControllerHost } from './runtime.ts'
import { keyOf, Loop, splitKey } from './runtime.ts'

const TYPE = 'bootstrap.kubernetes.io/token'
const SIGNATURE = 'jws-kubeconfig-'
const HOME = 'kube-public'
const NAME = 'cluster-info'

function valueOf(secret: ApiObject, key: string): string {
  return Buffer.from(textOf(member(secret, 'data')?.[key]), 'base64').toString()
}

function isToken(secret: ApiObject): boolean {
  return secret.metadata.namespace === 'kube-system' && secret['type'] === TYPE
}

/** Milliseconds until a token expires, by the calendar; undefined when it does not. */
function lifeOf(secret: ApiObject, now: number): number | undefined {
  const expiration = valueOf(secret, 'expiration')
  if (expiration === '') return undefined
  const at = Date.parse(expiration)
  // What cannot be read is of no use to anybody.
  return Number.isNaN(at) ? 0 : at - now
}

/** Deletes bootstrap tokens that have expired. */
export function startTokenCleaner(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'token-cleaner', (key) => {
    const [namespace, name] = splitKey(key)
    const secret = loop.store.get(kinds.secrets, namespace, name)
    if (secret === undefined || !isToken(secret)) return
    const left = lifeOf(secret, loop.clock.now())
    if (left === undefined) return
    // The calendar does not run faster in a fast lab.
    if (left > 0) loop.enqueue(key, Math.min(left, 3_600_000) * loop.clock.speed)
    else loop.store.delete(kinds.secrets, { namespace, name }, loop.writes)
  })
  return loop.watch(kinds.secrets, (event) => (isToken(event.object) ? keyOf(event.object) : undefined))
}

/** The detached signature (JWS, HS256) of a text by a bootstrap token. */
export function detachedSignature(text: string, id: string, secret: string): string {
  const header = Buffer.from(`{"alg":"HS256","kid":${JSON.stringify(id)}}`).toString('base64url')
  const payload = Buffer.from(text).toString('base64url')
  const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
  return `${header}..${signature}`
}

/** Keeps the signatures in cluster-info: one for each bootstrap token that may sign. */
export function startBootstrapSigner(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'bootstrap-signer', () => {
    const info = loop.store.get(kinds.configMaps, HOME, NAME)
    const data = member(info, 'data') ?? {}
    const kubeconfig = data['kubeconfig']
    if (info === undefined || typeof kubeconfig !== 'string') return
    const next = Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith(SIGNATURE)))
    for (const secret of loop.store.list(kinds.secrets, { namespace: 'kube-system' })) {
      const id = valueOf(secret, 'token-id')
      const key = valueOf(secret, 'token-secret')
      if (!isToken(secret) || id === '' || key === '') continue
      if (secret.metadata.name !== `bootstrap-token-${id}`) continue
      if (valueOf(secret, 'usage-bootstrap-signing') !== 'true') continue
      const left = lifeOf(secret, loop.clock.now())
      if (left !== undefined && left <= 0) continue
      next[SIGNATURE + id] = detachedSignature(kubeconfig, id, key)
    }
    if (!equal(next, data)) loop.store.update(kinds.configMaps, { ...copy(info), data: next }, loop.writes)
  })
  return loop
    .watch(kinds.configMaps, ({ object }) =>
      object.metadata.namespace === HOME && object.metadata.name === NAME ? NAME : undefined,
    )
    .watch(kinds.secrets, (event) => (isToken(event.object) ? NAME : undefined))
}
