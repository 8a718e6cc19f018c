import { createLabClock } from '../../../packages/lab/src/clock.ts'
import { startControllers } from '../../../packages/lab/src/kubernetes/controllers/index.ts'
import type { ApiServerOptions, StorageKeeper } from '../../../packages/lab/src/kubernetes/api.ts'
import type { ApiObject } from '../../../packages/lab/src/kubernetes/resources.ts'
import { createApiServer } from '../../../packages/lab/src/kubernetes/server.ts'
import type { ObjectKey } from '../../../packages/lab/src/kubernetes/store/storage.ts'
import { createCa, issueCertificate, signRequest } from '../../../packages/lab/src/pki.ts'
import { certificateRequests, certificatesFor, madeTokens, signingKey } from './identities.ts'
import { leftovers } from './leftovers.ts'
import type { Recorded } from './recorded.ts'
import type { Target } from './replay.ts'

const TOKENS = { admin: 'token-admin', alice: 'token-alice', bob: 'token-bob', imp: 'token-imp' }
const GROUPS = { admin: ['system:masters'], alice: ['devs'], bob: [], imp: ['impersonators'] }

/** Where the recorded server said that it listens, and where it ran. */
const RECORDED = { address: { host: '192.0.2.10', port: 16_443 }, hostname: 'vm' }

/** Recordings of a server that had been ended and started again: what was changed before is not known to it. */
const STARTED_AGAIN = /^(07|09|10)-/

/** The options of a server that goes on where one that was ended had been. */
async function startedBefore(options: ApiServerOptions): Promise<ApiServerOptions> {
  const objects = new Map<string, { key: ObjectKey; object: ApiObject }>()
  let revision = 0
  const changed: StorageKeeper['changed'] = (key, object, at) => {
    revision = at
    const id = JSON.stringify(key)
    if (object === undefined) objects.delete(id)
    else objects.set(id, { key, object })
  }
  await createApiServer({ ...options, keep: { restored: undefined, changed } }).close()
  return { ...options, keep: { restored: { revision, objects: [...objects.values()] }, changed: () => {} } }
}

/** Starts an API server with the users of a recording, and the controllers that ran beside it. */
export async function startServer(
  file: string,
  records: readonly Recorded[],
): Promise<{ target: Target; close(): Promise<void> }> {
  const ca = await createCa({ commonName: 'kubernetes' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const { identities, frontProxyCa } = await certificatesFor(ca)
  const serviceAccountKeyPem = signingKey()
  const options = {
    tls,
    frontProxyCaPem: frontProxyCa,
    serviceAccountKeyPem,
    caPem: ca.certPem,
    clientCaPem: ca.certPem,
    clock: createLabClock(),
    staticTokens: Object.entries(TOKENS).map(([name, token]) => ({
      token,
      user: { username: name, uid: `${name}-uid`, groups: GROUPS[name as keyof typeof GROUPS] },
    })),
  }
  const server = createApiServer(STARTED_AGAIN.test(file) ? await startedBefore(options) : options)
  await server.listen()
  // The first recording was made before the controllers ran: beside the server is only what it does itself.
  const stop = !file.startsWith('01-')
    ? startControllers(
        server,
        ['system-objects', 'ip-addresses', 'token-cleaner', 'bootstrap-signer', 'csr-approver', 'csr-signer'],
        {
          signer: ({ requestPem }) => signRequest(ca, requestPem, { usages: ['client'] }),
          system: RECORDED,
        },
      )
    : startControllers(server, ['system-objects'], { system: RECORDED })
  return {
    target: {
      url: server.url,
      tokens: TOKENS,
      identities,
      leftovers: leftovers(file, records, TOKENS.admin),
      requests: file.startsWith('02-') ? await certificateRequests() : {},
      madeToken: file.startsWith('08-') ? madeTokens(server, serviceAccountKeyPem) : () => undefined,
    },
    async close() {
      stop()
      await server.close()
    },
  }
}
