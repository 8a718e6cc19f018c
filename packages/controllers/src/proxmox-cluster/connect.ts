import { createHash } from 'node:crypto'
import { FINALIZER, SYSTEM_NAMESPACE, type ProxmoxCluster } from '@fochista/api'
import { isNotFound, orUndefined, Secret, type Kubernetes } from '@fochista/kubernetes'
import type { ProxmoxConfig } from '@fochista/proxmox'
import { addFinalizer, hasFinalizer, removeFinalizer } from '../runtime/finalizers.ts'

/** How to reach a Proxmox cluster, read from its object and Secrets. */
export interface Access {
  readonly config: ProxmoxConfig
  /** Changes when the connection has to be made anew. Holds no secret. */
  readonly identity: string
}

/** The Secret of a ProxmoxCluster is not there or not complete. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError'
}

/** Reads the Secrets that a ProxmoxCluster names. Throws a CredentialsError that says what is missing. */
export async function readAccess(
  kubernetes: Pick<Kubernetes, 'get'>,
  cluster: ProxmoxCluster,
): Promise<Access> {
  const { endpoints, credentialsRef, tls } = cluster.spec
  const secret = await secretOf(kubernetes, credentialsRef.name)
  const credentials = { tokenId: valueOf(secret, 'tokenId'), secret: valueOf(secret, 'secret') }
  if (!/^[^!@\s]+@[^!@\s]+![^!\s]+$/.test(credentials.tokenId))
    throw new CredentialsError(
      `Key tokenId of Secret "${credentialsRef.name}" in ${SYSTEM_NAMESPACE} is not a token id: it reads user@realm!name.`,
    )
  const ca = tls?.caRef && valueOf(await secretOf(kubernetes, tls.caRef.name), tls.caRef.key ?? 'ca.crt')
  const config: ProxmoxConfig = {
    endpoints,
    credentials,
    ...(ca ? { tls: { ca } } : {}),
    ...(tls?.fingerprints ? { tls: { fingerprints: tls.fingerprints } } : {}),
    ...(tls?.insecureSkipVerify ? { tls: { insecureSkipVerify: true } } : {}),
  }
  return { config, identity: createHash('sha256').update(JSON.stringify(config)).digest('hex') }
}

async function secretOf(kubernetes: Pick<Kubernetes, 'get'>, name: string): Promise<Secret> {
  const secret = await orUndefined(isNotFound, kubernetes.get(Secret, { name, namespace: SYSTEM_NAMESPACE }))
  if (!secret) throw new CredentialsError(`Secret "${name}" is not in namespace ${SYSTEM_NAMESPACE}.`)
  return secret
}

function valueOf(secret: Secret, key: string): string {
  const value = Buffer.from(secret.data?.[key] ?? '', 'base64')
    .toString('utf8')
    .trim()
  if (value === '')
    throw new CredentialsError(`Secret "${secret.metadata.name}" in ${SYSTEM_NAMESPACE} has no key "${key}".`)
  return value
}

/** Puts our finalizer on the Secret of a ProxmoxCluster in use, or takes it off: without it no VM of ours could be taken away. */
export async function holdSecret(
  kubernetes: Pick<Kubernetes, 'get' | 'patch'>,
  cluster: ProxmoxCluster,
  isHeld: boolean,
): Promise<void> {
  const ref = { name: cluster.spec.credentialsRef.name, namespace: SYSTEM_NAMESPACE }
  const secret = await orUndefined(isNotFound, kubernetes.get(Secret, ref))
  if (!secret || hasFinalizer(secret, FINALIZER) === isHeld) return
  // A finalizer cannot be put on what is being deleted already.
  if (isHeld && secret.metadata.deletionTimestamp) return
  if (isHeld) addFinalizer(secret, FINALIZER)
  else removeFinalizer(secret, FINALIZER)
  const { finalizers, resourceVersion } = secret.metadata
  await orUndefined(
    isNotFound,
    kubernetes.patch(Secret, ref, { metadata: { finalizers } }, resourceVersion ? { resourceVersion } : {}),
  )
}
