import { createLabClock } from '../../../packages/lab/src/clock.ts'
import type { ApiServer } from '../../../packages/lab/src/kubernetes/api.ts'
import { createApiServer } from '../../../packages/lab/src/kubernetes/server.ts'
import { createCa, issueCertificate } from '../../../packages/lab/src/pki.ts'
import type { Target } from './replay.ts'

const TOKENS = { admin: 'token-admin', alice: 'token-alice', bob: 'token-bob', imp: 'token-imp' }
const GROUPS = { admin: ['system:masters'], alice: ['devs'], bob: [], imp: ['impersonators'] }

/** Starts an API server with the users of the recordings. */
export async function startServer(): Promise<{ server: ApiServer; target: Target }> {
  const ca = await createCa({ commonName: 'kubernetes' })
  const tls = await issueCertificate(ca, { commonName: 'api', ips: ['127.0.0.1'], usages: ['server'] })
  const server = createApiServer({
    tls,
    caPem: ca.certPem,
    clientCaPem: ca.certPem,
    clock: createLabClock(),
    staticTokens: Object.entries(TOKENS).map(([name, token]) => ({
      token,
      user: { username: name, uid: `${name}-uid`, groups: GROUPS[name as keyof typeof GROUPS] },
    })),
  })
  await server.listen()
  return { server, target: { url: server.url, tokens: TOKENS } }
}
