import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import {
  createCa,
  createKeys,
  createRequest,
  fingerprint,
  issueCertificate,
  readCertificate,
  readRequest,
  signRequest,
} from './pki.ts'

test('a server certificate verifies against its authority and names its hosts', async () => {
  const ca = await createCa({ commonName: 'kubernetes' })
  const leaf = await issueCertificate(ca, {
    commonName: 'kube-apiserver',
    dns: ['localhost'],
    ips: ['127.0.0.1', '::1'],
    usages: ['server'],
  })
  const issuer = new X509Certificate(ca.certPem)
  const certificate = new X509Certificate(leaf.certPem)
  assert.ok(certificate.verify(issuer.publicKey))
  assert.equal(certificate.checkHost('localhost'), 'localhost')
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1')
  assert.equal(issuer.ca, true)
  assert.equal(certificate.fingerprint256, fingerprint(leaf.certPem))
})

test('a signed request keeps the subject that was asked for', async () => {
  const ca = await createCa({ commonName: 'kubernetes' })
  const { requestPem } = await createRequest({ commonName: 'system:node:a', organizations: ['system:nodes'] })
  assert.deepEqual(await readRequest(requestPem), {
    commonName: 'system:node:a',
    organizations: ['system:nodes'],
    alternativeNames: [],
  })
  const signed = await signRequest(ca, requestPem, { usages: ['client'], days: 1 })
  const facts = readCertificate(signed)
  assert.equal(facts.commonName, 'system:node:a')
  assert.deepEqual(facts.organizations, ['system:nodes'])
  assert.equal(new X509Certificate(signed).subject, 'O=system:nodes\nCN=system:node:a')
})

test('a text that is no request is refused', async () => {
  await assert.rejects(readRequest('nonsense'))
})

test('a key pair alone is PEM on both sides', async () => {
  const { publicPem, privatePem } = await createKeys()
  assert.match(publicPem, /^-----BEGIN PUBLIC KEY-----/)
  assert.match(privatePem, /^-----BEGIN PRIVATE KEY-----/)
})
