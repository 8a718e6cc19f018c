import type { Access, CallOptions, Kubernetes } from './client-types.ts'
import { objectPath } from './kind.ts'
import type { ObjectRef } from './objects.ts'

type Request = Kubernetes['request']

const SERVICE_ACCOUNTS = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  namespaced: true,
}

/** Asks for a token of a service account. */
export async function createToken(
  request: Request,
  account: ObjectRef,
  {
    expirationSeconds,
    audiences,
    ...call
  }: CallOptions & { expirationSeconds?: number; audiences?: string[] },
): Promise<{ token: string; expirationTimestamp: string }> {
  const { status } = await request<{ status: { token: string; expirationTimestamp: string } }>(
    'POST',
    objectPath(SERVICE_ACCOUNTS, account, 'token'),
    {
      ...call,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          ...(audiences && { audiences }),
          ...(expirationSeconds !== undefined && { expirationSeconds }),
        },
      },
    },
  )
  return { token: status.token, expirationTimestamp: status.expirationTimestamp }
}

type ReviewStatus = { status?: { allowed?: boolean; reason?: string; evaluationError?: string } }

async function review(
  request: Request,
  kind: string,
  plural: string,
  spec: object,
  call: CallOptions,
): Promise<{ allowed: boolean; reason: string }> {
  const { status } = await request<ReviewStatus>('POST', `/apis/authorization.k8s.io/v1/${plural}`, {
    ...call,
    body: { apiVersion: 'authorization.k8s.io/v1', kind, spec },
  })
  return { allowed: status?.allowed === true, reason: status?.reason ?? status?.evaluationError ?? '' }
}

/** Whether the caller may do something. */
export function canI(
  request: Request,
  access: Access,
  call: CallOptions,
): Promise<{ allowed: boolean; reason: string }> {
  return review(
    request,
    'SelfSubjectAccessReview',
    'selfsubjectaccessreviews',
    { resourceAttributes: access },
    call,
  )
}

/** Whether somebody else may do something. */
export function canThey(
  request: Request,
  who: { user: string; groups?: string[]; uid?: string; extra?: Record<string, string[]> },
  access: Access,
  call: CallOptions,
): Promise<{ allowed: boolean; reason: string }> {
  return review(
    request,
    'SubjectAccessReview',
    'subjectaccessreviews',
    { ...who, resourceAttributes: access },
    call,
  )
}

type TokenStatus = {
  status?: {
    authenticated?: boolean
    user?: { username: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> }
  }
}

/** Who a token belongs to, or `undefined`. */
export async function reviewToken(
  request: Request,
  token: string,
  { audiences, ...call }: CallOptions & { audiences?: string[] },
): Promise<NonNullable<TokenStatus['status']>['user']> {
  const { status } = await request<TokenStatus>('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
    ...call,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(audiences && { audiences }) },
    },
  })
  return status?.authenticated ? status.user : undefined
}
