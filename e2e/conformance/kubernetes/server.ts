import { createLabClock } from '../../../packages/lab/src/clock.ts'
import { startControllers } from '../../../packages/lab/src/kubernetes/controllers/index.ts'
import { createApiServer } from '../../../packages/lab/src/kubernetes/server.ts'
import { createCa, issueCertificate, signRequest } from '../../../packages/lab/src/pki.ts'
import { certificateRequests, certificatesFor, madeTokens, signingKey } from './identities.ts'
import { leftovers } from './leftovers.ts'
import type { Recorded } from './recorded.ts'
import type { Target } from './replay.ts'

const TOKENS = { admin: 'token-admin', alice: 'token-alice', bob: 'token-bob', imp: 'token-imp' }
const GROUPS = { admin: ['system:masters'], alice: ['devs'], bob: [], imp: ['impersonators'] }

/** Where the recorded server said that it listens. */
const RECORDED = { host: '192.0.2.10', port: 16_443 }

/** Starts an API server with the users of a recording, and the controllers that ran beside it. */
export async function startServer(
  file: string,
  records: readonly Recorded[],
): Promise<{ target: Target; close(): Promise<void> }> {
  const ca = await createCa({ commonName: 'kubernetes' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const { identities, frontProxyCa } = await certificatesFor(ca)
  const serviceAccountKeyPem = signingKey()
  const server = createApiServer({
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
  })
  await server.listen()
  // The first recording was made before the controllers ran: beside the server is only what it does itself.
  const system = { address: { host: '192.0.2.10', port: 16_443 } }
  const stop = !file.startsWith('01-')
    ? startControllers(
        server,
        ['system-objects', 'ip-addresses', 'token-cleaner', 'bootstrap-signer', 'csr-approver', 'csr-signer'],
        {
          signer: ({ requestPem }) => signRequest(ca, requestPem, { usages: ['client'] }),
          system: { address: RECORDED },
        },
      )
    : startControllers(server, ['system-objects'], { system })
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
