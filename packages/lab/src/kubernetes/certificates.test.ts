import 'reflect-metadata'
import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { request } from 'node:https'
import { test } from 'node:test'
import { BasicConstraintsExtension, X509CertificateGenerator } from '@peculiar/x509'
import { createLabClock } from '../clock.ts'
import { selfSigned } from './test-certificate.ts'
import type { JsonObject } from './resources.ts'
import { createApiServer } from './server.ts'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DATES = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + 86_400_000) }

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`
}

async function clientOf(subject: string): Promise<{ ca: string; cert: string; key: string }> {
  const authority = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=kubernetes',
    keys: authority,
    signingAlgorithm: ALGORITHM,
    ...DATES,
    extensions: [new BasicConstraintsExtension(true, undefined, true)],
  })
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const cert = await X509CertificateGenerator.create({
    subject,
    issuer: ca.subject,
    publicKey: keys.publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: ALGORITHM,
    ...DATES,
  })
  return { ca: ca.toString('pem'), cert: cert.toString('pem'), key: await pemOf(keys.privateKey) }
}

test('a client certificate of the CA means its common name and organisations; of another CA nobody', async () => {
  const tls = await selfSigned()
  const node = await clientOf('CN=system:node:worker-1, O=system:nodes')
  const stranger = await clientOf('CN=system:node:worker-2, O=system:nodes')
  const api = createApiServer({ tls, caPem: tls.certPem, clientCaPem: node.ca, clock: createLabClock() })
  await api.listen()
  const whoAmI = (client: { cert: string; key: string }) =>
    new Promise<{ status: number; body: JsonObject }>((resolve, reject) => {
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews'
      const call = request(
        `${api.url}${path}`,
        { method: 'POST', ca: tls.certPem, cert: client.cert, key: client.key, agent: false },
        (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as JsonObject }),
          )
        },
      )
      call.on('error', reject)
      call.end('{}')
    })
  try {
    const known = await whoAmI(node)
    const user = (known.body['status'] as JsonObject)['userInfo'] as JsonObject
    assert.equal(user['username'], 'system:node:worker-1')
    assert.deepEqual(user['groups'], ['system:nodes', 'system:authenticated'])
    const unknown = await whoAmI(stranger)
    assert.notEqual(unknown.status, 201)
  } finally {
    await api.close()
  }
})

test('a streaming list over TLS ends its first part with a marked bookmark', async () => {
  const tls = await selfSigned()
  const user = { username: 'admin', groups: ['system:masters'] }
  const api = createApiServer({
    tls,
    caPem: tls.certPem,
    clock: createLabClock(),
    staticTokens: [{ token: 't', user }],
  })
  await api.listen()
  try {
    const query =
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1'
    const lines = await new Promise<string[]>((resolve, reject) => {
      const call = request(
        `${api.url}/api/v1/namespaces?${query}`,
        { ca: tls.certPem, headers: { Authorization: 'Bearer t' } },
        (response) => {
          let text = ''
          response.on('data', (chunk: Buffer) => (text += chunk.toString()))
          response.on('end', () => resolve(text.trim().split('\n')))
        },
      )
      call.on('error', reject)
      call.end()
    })
    const events = lines.map((line) => JSON.parse(line) as { type: string; object: { metadata: JsonObject } })
    assert.deepEqual(
      events.map((event) => event.type),
      ['ADDED', 'ADDED', 'ADDED', 'ADDED', 'BOOKMARK'],
    )
    assert.deepEqual(events.at(-1)?.object.metadata['annotations'], { 'k8s.io/initial-events-end': 'true' })
  } finally {
    await api.close()
  }
})
