import type { Store } from '../api.ts'
import type { ApiObject } from '../resources.ts'
import type { Core } from '../rest/core.ts'
import { asText, at, isObject } from '../rest/json.ts'
import type { TokenSigner } from './tokens.ts'

const SECRETS = { group: '', version: 'v1', resource: 'secrets' }
const ACCOUNTS = { group: '', version: 'v1', resource: 'serviceaccounts' }
const TYPE = 'kubernetes.io/service-account-token'
const NAME = 'kubernetes.io/service-account.name'
const UID = 'kubernetes.io/service-account.uid'

/**
 * Fills Secrets of type `kubernetes.io/service-account-token` with a token of the account they name, and removes them with it, as
 * the token controller does. Returns what ends it.
 */
export function fillTokenSecrets(core: Core, store: Store, signer: TokenSigner): () => void {
  const stopSecrets = store.watch(SECRETS, undefined, ({ type, object }) => {
    if (type !== 'DELETED' && object['type'] === TYPE) fill(core, store, signer, object)
  })
  const stopAccounts = store.watch(ACCOUNTS, undefined, ({ type, object }) => {
    const { namespace, name } = object.metadata
    for (const secret of store.list(SECRETS, namespace === undefined ? {} : { namespace })) {
      if (secret['type'] !== TYPE || secret.metadata.annotations?.[NAME] !== name) continue
      if (type === 'DELETED') removeOf(store, secret, object)
      else fill(core, store, signer, secret)
    }
  })
  return () => {
    stopSecrets()
    stopAccounts()
  }
}

function fill(core: Core, store: Store, signer: TokenSigner, noted: ApiObject): void {
  const { namespace = '', name = '' } = noted.metadata
  // What was noted may have changed since.
  const secret = store.get(SECRETS, namespace, name)
  if (secret === undefined || secret.metadata.uid !== noted.metadata.uid) return
  if (secret.metadata.deletionTimestamp !== undefined) return
  const account = store.get(ACCOUNTS, namespace, secret.metadata.annotations?.[NAME] ?? '')
  const uid = account?.metadata.uid
  if (account === undefined || uid === undefined) return
  const told = secret.metadata.annotations?.[UID]
  if (told !== undefined && told !== uid) return
  const data = isObject(secret['data']) ? secret['data'] : {}
  if (asText(data['token']) !== '' && asText(data['namespace']) !== '' && told === uid) return
  const token = signer.signLegacy({
    'kubernetes.io/serviceaccount/namespace': namespace,
    'kubernetes.io/serviceaccount/secret.name': name,
    'kubernetes.io/serviceaccount/service-account.name': account.metadata.name ?? '',
    'kubernetes.io/serviceaccount/service-account.uid': uid,
    sub: `system:serviceaccount:${namespace}:${account.metadata.name ?? ''}`,
  })
  const packed = (text: string): string => Buffer.from(text).toString('base64')
  const options = { fieldManager: 'kube-controller-manager' }
  store.patch(
    SECRETS,
    { namespace, name },
    {
      metadata: { annotations: { [UID]: uid } },
      data: {
        'ca.crt': packed(core.caPem),
        namespace: packed(namespace),
        token: asText(at(data, ['token'])) || packed(token),
      },
    },
    options,
  )
}

function removeOf(store: Store, secret: ApiObject, account: ApiObject): void {
  const told = secret.metadata.annotations?.[UID]
  const { namespace, name = '' } = secret.metadata
  if (told !== undefined && told !== account.metadata.uid) return
  if (store.get(SECRETS, namespace, name)?.metadata.uid !== secret.metadata.uid) return
  store.delete(SECRETS, { ...(namespace === undefined ? {} : { namespace }), name })
}
