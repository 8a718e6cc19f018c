import { randomInt } from 'node:crypto'
import { isAlreadyExists, isNotFound, orUndefined, Secret } from '@fochista/kubernetes'
import type { Kubernetes } from '@fochista/kubernetes'

/** A token with which one new node may ask for its certificate. */
export type BootstrapToken = {
  /** Six characters, public; part of the Secret's name. */
  id: string
  /** `id.secret`: what the kubelet sends. Keep it out of logs. */
  token: string
  description: string
  /** ms since 1970. */
  expiresAt: number
}

export type NewBootstrapToken = {
  /** Whom it is for. One token is kept for one description. */
  description: string
  /** From now, ms. */
  ttlMs: number
  /** @default random */
  id?: string
}

/** The group to which kubeadm's (and so Kamaji's) roles give the right to join. */
const JOIN_GROUP = 'system:bootstrappers:kubeadm:default-node-token'
const TYPE = 'bootstrap.kubernetes.io/token'
const NAMESPACE = 'kube-system'
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** The bootstrap tokens of one tenant cluster that are ours, by their description. */
export interface BootstrapTokens {
  /** Makes a token, or gives the one with this description a new term. So a caller that died after asking finds it again. */
  create(token: NewBootstrapToken): Promise<BootstrapToken>
  /** The token with this description, if there is one that has not expired. */
  find(description: string): Promise<BootstrapToken | undefined>
  /** Moves its end to `ttlMs` from now; `undefined` if it is gone. */
  extend(id: string, ttlMs: number): Promise<BootstrapToken | undefined>
  /** Deletes it; gone is fine. */
  delete(id: string): Promise<void>
  /** Deletes all with this description, expired ones too. */
  deleteByDescription(description: string): Promise<void>
}

/** Handles bootstrap tokens in a tenant cluster. */
export function createBootstrapTokens(kubernetes: Kubernetes, now: () => number = Date.now): BootstrapTokens {
  const withDescription = async (description: string): Promise<Secret[]> => {
    const { items } = await kubernetes.list(Secret, { namespace: NAMESPACE, fieldSelector: `type=${TYPE}` })
    return items.filter(
      (secret) => secret.type === TYPE && decode(secret.data?.['description']) === description,
    )
  }
  const tokens: BootstrapTokens = {
    async create({ description, ttlMs, id }) {
      const existing = await tokens.find(description)
      if (existing) {
        const extended = await tokens.extend(existing.id, ttlMs)
        if (extended) return extended
      }
      for (;;) {
        const tokenId = id ?? randomText(6)
        const secret = randomText(16)
        const expiresAt = toSecond(now() + ttlMs)
        try {
          await kubernetes.create(Secret, {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: `bootstrap-token-${tokenId}`, namespace: NAMESPACE },
            type: TYPE,
            data: {
              'token-id': encode(tokenId),
              'token-secret': encode(secret),
              description: encode(description),
              expiration: encode(printTime(expiresAt)),
              // Authentication only: a token that also signs makes Kamaji rewrite cluster-info for everybody.
              'usage-bootstrap-authentication': encode('true'),
              'auth-extra-groups': encode(JOIN_GROUP),
            },
          })
          return { id: tokenId, token: `${tokenId}.${secret}`, description, expiresAt }
        } catch (error) {
          // Two random ids may meet; one that was asked for by name is a mistake to tell.
          if (id || !isAlreadyExists(error)) throw error
        }
      }
    },
    async find(description) {
      for (const secret of await withDescription(description)) {
        const token = read(secret)
        if (token && token.expiresAt > now()) return token
      }
      return undefined
    },
    async extend(id, ttlMs) {
      const ref = { name: secretName(id), namespace: NAMESPACE }
      const patch = { data: { expiration: encode(printTime(toSecond(now() + ttlMs))) } }
      const secret = await orUndefined(isNotFound, kubernetes.patch(Secret, ref, patch))
      return secret && read(secret)
    },
    async delete(id) {
      await orUndefined(isNotFound, kubernetes.delete(Secret, { name: secretName(id), namespace: NAMESPACE }))
    },
    async deleteByDescription(description) {
      for (const { metadata } of await withDescription(description)) {
        const preconditions = metadata.uid ? { preconditions: { uid: metadata.uid } } : {}
        await orUndefined(isNotFound, kubernetes.delete(Secret, metadata, preconditions))
      }
    },
  }
  return tokens
}

/** A token read from its Secret; `undefined` for one that a kubelet could not use. */
function read(secret: Secret): BootstrapToken | undefined {
  const id = decode(secret.data?.['token-id'])
  const key = decode(secret.data?.['token-secret'])
  const isUsable =
    /^[a-z0-9]{6}$/.test(id) && /^[a-z0-9]{16}$/.test(key) && secret.metadata.name === `bootstrap-token-${id}`
  const mayAuthenticate = decode(secret.data?.['usage-bootstrap-authentication']) === 'true'
  const mayJoin = decode(secret.data?.['auth-extra-groups']).split(',').includes(JOIN_GROUP)
  const expiresAt = Date.parse(decode(secret.data?.['expiration']))
  if (
    !isUsable ||
    !mayAuthenticate ||
    !mayJoin ||
    Number.isNaN(expiresAt) ||
    secret.metadata.deletionTimestamp
  )
    return undefined
  return { id, token: `${id}.${key}`, description: decode(secret.data?.['description']), expiresAt }
}

function secretName(id: string): string {
  if (!/^[a-z0-9]{6}$/.test(id))
    throw new TypeError(`a bootstrap token's id has six characters of a-z and 0-9, not ${JSON.stringify(id)}`)
  return `bootstrap-token-${id}`
}

function randomText(length: number): string {
  return Array.from({ length }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('')
}

function toSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000
}

function printTime(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

function decode(data: string | undefined): string {
  return Buffer.from(data ?? '', 'base64').toString('utf8')
}
