import type { ApiObject, JsonObject } from '../resources.ts'
import { copy } from '../rest/json.ts'
import { items, strings, textOf } from '../builtin/defaults/fields.ts'
import { readRequest, signRequest } from '../../pki.ts'
import type { KeyPair, Usage } from '../../pki.ts'
import { mayCreate } from './rights.ts'
import { kinds } from './kinds.ts'
import { conditionOf, holds, specOf, statusOf } from './objects.ts'
import type { ControllerHost } from './runtime.ts'
import { Loop, timestamp } from './runtime.ts'

/** Signers that the control plane itself serves. */
const KUBELET_CLIENT = 'kubernetes.io/kube-apiserver-client-kubelet'
const KUBELET_SERVING = 'kubernetes.io/kubelet-serving'
const CLIENT = 'kubernetes.io/kube-apiserver-client'

/** What a signer is asked. */
export interface SigningOrder {
  /** PEM of the certificate request. */
  requestPem: string
  signerName: string
  /** As in the CSR's spec: `client auth`, `digital signature`. */
  usages: string[]
  /** Life asked for; absent when the signer's own counts. */
  expirationSeconds?: number
}

/** Signs an order: the certificate, PEM. An Error it throws becomes the condition Failed. */
export type Signer = (order: SigningOrder) => string | Promise<string>

const USAGES: Record<string, Usage> = { 'client auth': 'client', 'server auth': 'server' }
const DAY_SECONDS = 86_400

/** Signs by an authority, for a year unless a shorter life is asked for. `clock` tells milliseconds since 1970. */
export function signWith(ca: KeyPair, clock: { now(): number }): Signer {
  return (order) =>
    signRequest(ca, order.requestPem, {
      usages: order.usages.flatMap((usage) => USAGES[usage] ?? []),
      days: (order.expirationSeconds ?? 365 * DAY_SECONDS) / DAY_SECONDS,
      now: clock.now(),
    })
}

/** Usages a kubelet's client certificate may have. */
const KUBELET_USAGES = [
  ['client auth', 'digital signature'],
  ['client auth', 'digital signature', 'key encipherment'],
]

/** Approves the requests of joining and renewing kubelets whose user may have them. */
export function startApprover(host: ControllerHost): Loop {
  const loop: Loop = new Loop(host, 'certificate-controller', async (name) => {
    const request = loop.store.get(kinds.signingRequests, undefined, name)
    if (request === undefined || specOf(request)['signerName'] !== KUBELET_CLIENT) return
    if (conditionOf(request, 'Approved') !== undefined || conditionOf(request, 'Denied') !== undefined) return
    const verdict = await verdictOn(loop, request)
    if (verdict === undefined) return
    const current = loop.store.get(kinds.signingRequests, undefined, name)
    if (current === undefined) return
    const now = timestamp(loop.clock)
    const condition: JsonObject = {
      type: 'Approved',
      status: 'True',
      reason: 'AutoApproved',
      message: verdict,
      lastUpdateTime: now,
      lastTransitionTime: now,
    }
    const conditions = [...items(statusOf(current), 'conditions'), condition]
    loop.store.update(
      kinds.signingRequests,
      { ...copy(current), status: { ...copy(statusOf(current)), conditions } },
      { ...loop.writes, subresource: 'approval' },
    )
  })
  return loop.watch(kinds.signingRequests, (event) => event.object.metadata.name)
}

/** Why a request may be approved; undefined when it may not. */
async function verdictOn(loop: Loop, request: ApiObject): Promise<string | undefined> {
  const spec = specOf(request)
  const facts = await readRequest(pemOf(spec)).catch(() => undefined)
  if (facts === undefined || !facts.commonName.startsWith('system:node:')) return undefined
  if (facts.organizations.join() !== 'system:nodes' || facts.alternativeNames.length > 0) return undefined
  const usages = strings(spec, 'usages').toSorted().join()
  if (!KUBELET_USAGES.some((allowed) => allowed.join() === usages)) return undefined
  const user = { username: textOf(spec['username']), groups: strings(spec, 'groups') }
  const may = (subresource: string): boolean =>
    mayCreate(loop.store, user, 'certificates.k8s.io', `certificatesigningrequests/${subresource}`)
  if (facts.commonName === user.username && may('selfnodeclient'))
    return 'Auto approving self kubelet client certificate after SubjectAccessReview.'
  return may('nodeclient')
    ? 'Auto approving kubelet client certificate after SubjectAccessReview.'
    : undefined
}

function pemOf(spec: JsonObject): string {
  return Buffer.from(textOf(spec['request']), 'base64').toString()
}

/** Signs approved requests of the signers the control plane serves. */
export function startSigner(host: ControllerHost, sign: Signer): Loop {
  const loop: Loop = new Loop(host, 'certificate-controller', async (name) => {
    const request = loop.store.get(kinds.signingRequests, undefined, name)
    if (request === undefined || !isDue(request)) return
    const spec = specOf(request)
    const seconds = spec['expirationSeconds']
    let outcome: JsonObject
    try {
      const pem = await sign({
        requestPem: pemOf(spec),
        signerName: textOf(spec['signerName']),
        usages: strings(spec, 'usages'),
        ...(typeof seconds === 'number' ? { expirationSeconds: seconds } : {}),
      })
      outcome = { certificate: Buffer.from(pem).toString('base64') }
    } catch (error) {
      const now = timestamp(loop.clock)
      const failed: JsonObject = {
        type: 'Failed',
        status: 'True',
        reason: 'SignerValidationFailure',
        message: error instanceof Error ? error.message : String(error),
        lastUpdateTime: now,
        lastTransitionTime: now,
      }
      outcome = { conditions: [...items(statusOf(request), 'conditions'), failed] }
    }
    const current = loop.store.get(kinds.signingRequests, undefined, name)
    if (current === undefined || !isDue(current)) return
    loop.store.update(
      kinds.signingRequests,
      { ...copy(current), status: { ...copy(statusOf(current)), ...outcome } },
      { ...loop.writes, subresource: 'status' },
    )
  })
  return loop.watch(kinds.signingRequests, (event) => event.object.metadata.name)
}

function isDue(request: ApiObject): boolean {
  const signer = textOf(specOf(request)['signerName'])
  return (
    [KUBELET_CLIENT, KUBELET_SERVING, CLIENT].includes(signer) &&
    holds(request, 'Approved') &&
    conditionOf(request, 'Denied') === undefined &&
    conditionOf(request, 'Failed') === undefined &&
    textOf(statusOf(request)['certificate']) === ''
  )
}
