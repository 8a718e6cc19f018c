import type { TenantControlPlane } from '@fochista/kamaji'
import type { ApiServer } from '../kubernetes/api.ts'
import type { ApiObject, JsonObject } from '../kubernetes/resources.ts'
import { equal, isObject } from '../kubernetes/rest/json.ts'
import { KAMAJI_USER } from '../kamaji/pass.ts'
import { gvr, MANAGER } from '../kamaji/vocabulary.ts'

const HOST = 'https://kamaji-webhook-service.kamaji-system.svc:443'
const WRITE = { user: KAMAJI_USER, fieldManager: MANAGER }
const CONFIGURATIONS = gvr.validatingWebhooks
const FREEZE = { name: 'kamaji-freeze', part: 'migrate', path: '/migrate' }
const LIMITS = { name: 'kamaji-write-permissions', part: 'write-permissions', path: '/write-permission' }
const FROZEN =
  'the current Control Plane is in freezing mode due to a maintenance mode, all the changes are blocked: removing the webhook may lead to an inconsistent state upon its completion'
const LIMITED =
  'the current Control Plane has limited write permissions, current changes are blocked: removing the webhook may lead to an inconsistent state upon its completion'

/** Answers for Kamaji's webhook service, which the webhooks inside a tenant name. */
export function serveGuards(api: ApiServer): void {
  api.serveWebhook(`${HOST}${FREEZE.path}`, () => refusal(403, 'Forbidden', FROZEN))
  api.serveWebhook(`${HOST}${LIMITS.path}`, ({ operation, kind }) => {
    if (operation !== 'UPDATE') return refusal(403, 'Forbidden', LIMITED)
    // Kamaji cannot read what an update changes, and says so instead.
    const { group = '', version = '', kind: name = '' } = isObject(kind) ? kind : {}
    const about = `${group as string}/${version as string}, Kind=${name as string}`
    return refusal(
      500,
      undefined,
      `unable to decode old object into <nil>: unable to decode ${about} into <nil>`,
    )
  })
}

function refusal(code: number, reason: string | undefined, message: string): JsonObject {
  return { allowed: false, status: { code, message, ...(reason === undefined ? {} : { reason }) } }
}

/** Puts into the tenant the webhooks that limit its writes, or takes them away, as the control plane asks for it. */
export function keepWriteLimits(api: ApiServer, tcp: TenantControlPlane, caPem: string): void {
  const { blockCreation, blockUpdate, blockDeletion } = tcp.spec.writePermissions ?? {}
  const operations = [
    ...(blockCreation === true ? ['CREATE'] : []),
    ...(blockUpdate === true ? ['UPDATE'] : []),
    ...(blockDeletion === true ? ['DELETE'] : []),
  ]
  keep(api, LIMITS, operations, caPem)
}

/** Freezes a tenant while its data moves, or thaws it. */
export function keepFrozen(api: ApiServer, frozen: boolean, caPem: string): void {
  keep(api, FREEZE, frozen ? ['*'] : [], caPem)
}

function keep(api: ApiServer, guard: typeof FREEZE, operations: string[], caPem: string): void {
  const { store } = api
  const found = store.get(CONFIGURATIONS, undefined, guard.name)
  if (operations.length === 0) {
    if (found !== undefined) store.delete(CONFIGURATIONS, { name: guard.name }, WRITE)
    return
  }
  const webhook = (name: string, asked: string[], scope: string, operator: string, values: string[]) => ({
    name: `${name}.${guard.part}.kamaji.clastix.io`,
    clientConfig: { url: `${HOST}${guard.path}`, caBundle: Buffer.from(caPem).toString('base64') },
    rules: [{ operations: asked, apiGroups: ['*'], apiVersions: ['*'], resources: ['*'], scope }],
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator, values }] },
    objectSelector: {},
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds: 10,
    admissionReviewVersions: ['v1'],
  })
  const webhooks = [
    webhook('leases', ['CREATE', 'DELETE'], 'Namespaced', 'In', ['kube-node-lease']),
    webhook('catchall', operations, '*', 'NotIn', ['kube-system', 'kube-node-lease']),
  ]
  if (found === undefined)
    store.create(CONFIGURATIONS, { metadata: { name: guard.name }, webhooks } as ApiObject, WRITE)
  else if (!equal(found['webhooks'], webhooks))
    store.update(CONFIGURATIONS, { ...found, webhooks } as ApiObject, WRITE)
}
