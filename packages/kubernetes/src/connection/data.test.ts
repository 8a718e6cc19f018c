import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KubeconfigError } from '../errors.ts'
import { testdata } from '../test-server.ts'
import { connectionFromKubeconfigData } from './data.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const config = (cluster: object = {}, user: object = { token: 'abc' }): string =>
  JSON.stringify({
    'current-context': 'x',
    clusters: [
      {
        name: 'c',
        cluster: {
          server: 'https://10.0.0.1:6443',
          'certificate-authority-data': base64(testdata('ca.crt')),
          ...cluster,
        },
      },
    ],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    users: [{ name: 'u', user }],
  })

test('inline CA with token or certificate is all that is taken', () => {
  assert.deepEqual(connectionFromKubeconfigData(config()), {
    server: 'https://10.0.0.1:6443',
    ca: testdata('ca.crt'),
    token: 'abc',
  })
  const user = { 'client-certificate-data': base64('CERT'), 'client-key-data': base64('KEY') }
  assert.deepEqual(connectionFromKubeconfigData(config({}, user)).clientCertificate, {
    cert: 'CERT',
    key: 'KEY',
  })
})

test('whatever would run, read, redirect or weaken something is refused by its name, and nothing of it is done', () => {
  const refused: [object, object | undefined, RegExp][] = [
    [
      {},
      { exec: { command: '/bin/false', apiVersion: 'client.authentication.k8s.io/v1' } },
      /user has "exec"/,
    ],
    [
      {},
      { 'client-certificate': '/etc/passwd', 'client-key': '/etc/shadow' },
      /user has "client-certificate"/,
    ],
    [{}, { tokenFile: '/var/run/secrets/token' }, /user has "tokenFile"/],
    [{}, { token: 'a', as: 'admin' }, /user has "as"/],
    [{}, { username: 'a', password: 'b' }, /user has "username"/],
    [{}, { 'auth-provider': { name: 'oidc' } }, /user has "auth-provider"/],
    [{ 'certificate-authority': '/etc/ssl/ca' }, undefined, /cluster has "certificate-authority"/],
    [{ 'insecure-skip-tls-verify': true }, undefined, /cluster has "insecure-skip-tls-verify"/],
    [{ 'proxy-url': 'http://evil' }, undefined, /cluster has "proxy-url"/],
    [{ novelty: 1 }, undefined, /cluster has "novelty"/],
    [{ server: 'http://10.0.0.1:6443' }, undefined, /not https/],
    [{ server: 'https://a:b@10.0.0.1' }, undefined, /more than host, port and path/],
    [{ server: 'https://10.0.0.1?x' }, undefined, /more than host, port and path/],
    [{ 'certificate-authority-data': undefined }, undefined, /certificate-authority-data is missing/],
    [{}, { token: 'a\r\nX-Evil: 1' }, /characters that a token cannot have/],
    [{}, {}, /neither a certificate with key nor a token/],
    [{ 'tls-server-name': 'other.example' }, undefined, /cluster has "tls-server-name"/],
  ]
  for (const [cluster, user, problem] of refused) {
    assert.throws(
      () => connectionFromKubeconfigData(config(cluster, user)),
      (error) => {
        assert.ok(error instanceof KubeconfigError, String(error))
        assert.match(error.message, problem)
        return true
      },
    )
  }
})

test('a second cluster, context or user is refused by its name, as is what belongs to none', () => {
  const base = JSON.parse(config()) as Record<string, { name: string }[]>
  for (const list of ['clusters', 'contexts', 'users']) {
    const more = { ...base, [list]: [...(base[list] ?? []), { ...base[list]?.[0], name: 'second' }] }
    assert.throws(
      () => connectionFromKubeconfigData(JSON.stringify(more)),
      new RegExp(`${list} has more than one entry: "second"`),
    )
  }
  const context = [{ name: 'x', context: { cluster: 'c', user: 'u', extensions: [{}] } }]
  assert.throws(
    () => connectionFromKubeconfigData(JSON.stringify({ ...base, contexts: context })),
    /context has "extensions"/,
  )
  assert.throws(
    () => connectionFromKubeconfigData(JSON.stringify({ ...base, hooks: [] })),
    /the top level has "hooks"/,
  )
})

test('hostile YAML costs no more than its own length', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
    .split('')
    .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(',')}]`)
    .join('\n')}\n`
  assert.throws(() => connectionFromKubeconfigData(bomb), KubeconfigError)
  assert.throws(() => connectionFromKubeconfigData('x'.repeat(300_000)), /longer than/)
  for (const text of ['', 'null', '[]', '"text"', 'users: [null]', 'contexts: 5'])
    assert.throws(() => connectionFromKubeconfigData(text), KubeconfigError, text)
})
