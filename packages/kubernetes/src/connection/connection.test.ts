import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import { createKubernetes } from '../client.ts'
import { isUnauthorized, KubeconfigError } from '../errors.ts'
import { json, refuse, serve, testdata } from '../test-server.ts'
import { connectionFromEnvironment, connectionInCluster, connectionToProxy } from './environment.ts'
import { connectionFromKubeconfig } from './kubeconfig.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const caData = base64(testdata('ca.crt'))

/** A folder that goes with the test. */
async function folderOf(t: TestContext, files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fochista-kubeconfig-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

const kubeconfig = (
  server: string,
  user: object,
  cluster: object = { 'certificate-authority-data': caData },
  more: object = {},
): string =>
  JSON.stringify({
    'current-context': 'main',
    clusters: [{ name: 'c', cluster: { server, ...cluster } }],
    contexts: [{ name: 'main', context: { cluster: 'c', user: 'u', namespace: 'acme' } }],
    users: [{ name: 'u', user }],
    ...more,
  })

/** A server that says who asked; each request's `Authorization`, or the certificate's name. */
async function whoAsks(t: TestContext, accept: (authorization: string | undefined) => boolean = () => true) {
  const server = await serve(
    t,
    ({ headers }, response) =>
      accept(headers.authorization)
        ? json(response, { gitVersion: 'v1' })
        : refuse(response, 401, 'Unauthorized', 'Unauthorized'),
    { tls: true },
  )
  return { ...server, authorizations: () => server.seen.map(({ headers }) => headers.authorization) }
}

async function askOnce(
  t: TestContext,
  connection: Parameters<typeof createKubernetes>[0],
  times = 1,
): Promise<void> {
  const kubernetes = createKubernetes(connection, { timeoutMs: 60_000 })
  t.after(() => kubernetes.close())
  for (let time = 0; time < times; time += 1) await kubernetes.version()
}

test('a kubeconfig’s token and CA, inline, reach the server', async (t) => {
  const { url, authorizations } = await whoAsks(t)
  const connection = await connectionFromKubeconfig(kubeconfig(url, { token: 'abc' }))
  assert.equal(connection.namespace, 'acme')
  await askOnce(t, connection)
  assert.deepEqual(authorizations(), ['Bearer abc'])
})

test('client certificates work from data and from files beside the kubeconfig', async (t) => {
  const { url } = await serve(t, (_, response) => json(response, { gitVersion: 'v1' }), {
    tls: true,
    clientCertificates: true,
  })
  await askOnce(
    t,
    await connectionFromKubeconfig(
      kubeconfig(url, {
        'client-certificate-data': base64(testdata('client.crt')),
        'client-key-data': base64(testdata('client.key')),
      }),
    ),
  )
  const files = {
    'ca.crt': testdata('ca.crt'),
    'c.crt': testdata('client.crt'),
    'c.key': testdata('client.key'),
  }
  const folder = await folderOf(t, {
    ...files,
    config: kubeconfig(
      url,
      { 'client-certificate': 'c.crt', 'client-key': 'c.key' },
      { 'certificate-authority': 'ca.crt' },
    ),
  })
  await askOnce(t, await connectionFromKubeconfig(join(folder, 'config')))
})

test('a token file is read again after the server refused its token', async (t) => {
  let valid = 'first'
  const { url, authorizations } = await whoAsks(t, (authorization) => authorization === `Bearer ${valid}`)
  const folder = await folderOf(t, { token: 'first\n', config: kubeconfig(url, { tokenFile: 'token' }) })
  const kubernetes = createKubernetes(await connectionFromKubeconfig(join(folder, 'config')))
  t.after(() => kubernetes.close())
  await kubernetes.version()
  valid = 'second'
  await writeFile(join(folder, 'token'), 'second\n')
  await kubernetes.version()
  assert.deepEqual(authorizations(), ['Bearer first', 'Bearer first', 'Bearer second'])
})

test('several files in KUBECONFIG are one: the first mention of a name wins, and a file that is missing is passed over', async (t) => {
  const { url, authorizations } = await whoAsks(t)
  const folder = await folderOf(t, {
    a: JSON.stringify({
      contexts: [{ name: 'main', context: { cluster: 'c', user: 'mine' } }],
      users: [{ name: 'mine', user: { token: 'mine' } }],
      'current-context': 'main',
    }),
    b: kubeconfig(url, { token: 'theirs' }),
  })
  const KUBECONFIG = [join(folder, 'a'), join(folder, 'missing'), join(folder, 'b')].join(':')
  await askOnce(t, await connectionFromEnvironment({ KUBECONFIG }))
  assert.deepEqual(authorizations(), ['Bearer mine'])
  await assert.rejects(
    connectionFromEnvironment({ KUBECONFIG: join(folder, 'missing') }),
    /names no file that exists/,
  )
})

test('a context is chosen by name, and an unknown one is told with those there are', async () => {
  const text = kubeconfig(
    'https://a',
    { token: 'x' },
    {},
    {
      contexts: [
        { name: 'main', context: { cluster: 'c', user: 'u' } },
        { name: 'other', context: { cluster: 'c', user: 'u', namespace: 'two' } },
      ],
    },
  )
  assert.equal((await connectionFromKubeconfig(text, { context: 'other' })).namespace, 'two')
  await assert.rejects(
    connectionFromKubeconfig(text, { context: 'nope' }),
    /no context "nope"; it has: main, other/,
  )
})

test('what a kubeconfig lacks is named, and never its secrets', async () => {
  const secret = 'c2VjcmV0LWtleQ'
  const wrong: [string, RegExp][] = [
    ['a: [\n', /not YAML/],
    ['[1]\n', /not a mapping/],
    [`clusters: ${secret}\n`, /clusters is not a list/],
    [kubeconfig('nowhere', { token: secret }), /server is not a URL/],
    [kubeconfig('ftp://a', { token: secret }), /protocol ftp:/],
    [kubeconfig('https://a', { 'client-key-data': secret }), /a key without a certificate/],
    [
      kubeconfig('https://a', { 'client-key-data': `${secret}!`, 'client-certificate-data': 'eA==' }),
      /client-key-data is not base64/,
    ],
    [kubeconfig('https://a', { 'auth-provider': { name: 'gcp' }, token: secret }), /auth-provider/],
    [
      kubeconfig('https://a', { tokenFile: '/nonexistent' }, { 'certificate-authority': '/nonexistent/ca' }),
      /cannot read the certificate-authority/,
    ],
    [
      kubeconfig('https://a', {}, {}, { contexts: [{ name: 'main', context: { cluster: 'gone' } }] }),
      /unknown cluster "gone"/,
    ],
  ]
  for (const [text, problem] of wrong) {
    await assert.rejects(connectionFromKubeconfig(text), (error) => {
      assert.ok(error instanceof KubeconfigError)
      assert.match(error.message, problem)
      assert.ok(!inspect(error, { depth: 9 }).includes(secret))
      return true
    })
  }
})

const plugin = (script: string, more: object = {}) => ({
  exec: {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './plugin',
    interactiveMode: 'Never',
    args: ['--token', 'arg-secret'],
    ...more,
    script,
  },
})
/** A kubeconfig in a folder with an executable plug-in beside it. */
async function withPlugin(t: TestContext, url: string, script: string, more: object = {}): Promise<string> {
  const folder = await folderOf(t, {
    config: kubeconfig(url, plugin('', more)),
    plugin: `#!/bin/sh\n${script}\n`,
  })
  await chmod(join(folder, 'plugin'), 0o755)
  return join(folder, 'config')
}
const credential = (status: object): string =>
  JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status })

test('an exec plug-in is run when first needed, knows its environment, and is kept until its credential expires', async (t) => {
  const { url, authorizations } = await whoAsks(t)
  const answer = credential({ token: 'from-$WHO', expirationTimestamp: '2100-01-01T00:00:00Z' }).replaceAll(
    '"',
    '\\"',
  )
  const script = `echo run >> "$(dirname "$0")/runs"; echo "$KUBERNETES_EXEC_INFO" | grep -q '"interactive":false' || exit 9; echo "${answer}"`
  const config = await withPlugin(t, url, script, { env: [{ name: 'WHO', value: 'me' }] })
  await askOnce(t, await connectionFromKubeconfig(config), 3)
  assert.deepEqual(authorizations(), ['Bearer from-me', 'Bearer from-me', 'Bearer from-me'])
  const { readFile } = await import('node:fs/promises')
  assert.equal(await readFile(join(config, '..', 'runs'), 'utf8'), 'run\n')
})

test('an exec plug-in is asked again when its credential has expired, and when the server refuses it', async (t) => {
  const { url, authorizations } = await whoAsks(t, (authorization) => authorization !== 'Bearer 1')
  const count = 'n=$(cat "$0.n" 2>/dev/null || echo 0); n=$((n+1)); echo $n > "$0.n"'
  const answer = credential({ token: '$n', expirationTimestamp: '2001-01-01T00:00:00Z' }).replaceAll(
    '"',
    '\\"',
  )
  const config = await withPlugin(t, url, `${count}; echo "${answer}"`)
  await askOnce(t, await connectionFromKubeconfig(config), 2)
  assert.deepEqual(authorizations(), ['Bearer 1', 'Bearer 2', 'Bearer 3'])
})

test('an exec plug-in may give a client certificate', async (t) => {
  const { url } = await serve(t, (_, response) => json(response, { gitVersion: 'v1' }), {
    tls: true,
    clientCertificates: true,
  })
  const answer = credential({
    clientCertificateData: testdata('client.crt'),
    clientKeyData: testdata('client.key'),
  })
  const config = await withPlugin(t, url, `cat <<'END'\n${answer}\nEND`)
  await askOnce(t, await connectionFromKubeconfig(config))
})

test('an exec plug-in that fails is told with its own words and install hint, without its arguments', async (t) => {
  const failing: [string, object, RegExp][] = [
    ['echo "please log in" >&2; exit 3', {}, /exec plug-in .*plugin: exit status 3: please log in/],
    [
      '',
      { command: 'fochista-no-such-plugin', installHint: 'get it from the shelf' },
      /not found\nget it from the shelf/,
    ],
    ['echo nonsense', {}, /its answer is not JSON/],
    [`echo '${credential({})}'`, {}, /neither token nor certificate/],
    [`echo '{"kind":"ExecCredential","apiVersion":"v9"}'`, {}, /not an ExecCredential of client/],
  ]
  for (const [script, more, problem] of failing) {
    const connection = await connectionFromKubeconfig(
      await withPlugin(t, 'https://127.0.0.1:1', script, more),
    )
    await assert.rejects(askOnce(t, connection), (error) => {
      assert.ok(error instanceof KubeconfigError)
      assert.match(error.message, problem)
      assert.ok(!inspect(error, { depth: 9 }).includes('arg-secret'))
      return true
    })
  }
  await assert.rejects(
    connectionFromKubeconfig(kubeconfig('https://a', plugin('', { interactiveMode: 'Always' }))),
    /wants a terminal/,
  )
  await assert.rejects(
    connectionFromKubeconfig(
      kubeconfig('https://a', plugin('', { apiVersion: 'client.authentication.k8s.io/v1alpha1' })),
    ),
    /known are/,
  )
})

test('a Pod finds its own cluster, and its token is read again as the kubelet renews it', async (t) => {
  let valid = 'first'
  const { url, authorizations } = await whoAsks(t, (authorization) => authorization === `Bearer ${valid}`)
  const folder = await folderOf(t, {
    token: 'first',
    'ca.crt': testdata('ca.crt'),
    namespace: 'fochista-system\n',
  })
  const { hostname, port } = new URL(url)
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  const connection = await connectionInCluster(env, folder)
  assert.equal(connection.namespace, 'fochista-system')
  const kubernetes = createKubernetes(connection)
  t.after(() => kubernetes.close())
  await kubernetes.version()
  valid = 'second'
  // As the kubelet does it: the folder's content is replaced in one go.
  await mkdir(join(folder, 'next'))
  await writeFile(join(folder, 'token'), 'second')
  await kubernetes.version()
  assert.deepEqual(authorizations(), ['Bearer first', 'Bearer first', 'Bearer second'])
  await assert.rejects(connectionInCluster({}, folder), /not in a Pod/)
  assert.equal(
    (await connectionInCluster({ KUBERNETES_SERVICE_HOST: 'fd00::1' }, folder)).server,
    'https://[fd00::1]:443',
  )
})

test('settings count in their order: flags, KUBECONFIG, KAMAJI_URL, ~/.kube/config', async (t) => {
  const folder = await folderOf(t, {
    a: kubeconfig('https://a', { token: 'x' }),
    b: kubeconfig('https://b', { token: 'x' }),
  })
  await mkdir(join(folder, '.kube'))
  await writeFile(join(folder, '.kube', 'config'), kubeconfig('https://home', { token: 'x' }))
  const env = {
    KUBECONFIG: join(folder, 'a'),
    KAMAJI_URL: 'https://kamaji/',
    KAMAJI_TOKEN: 'k',
    KAMAJI_CA: testdata('ca.crt'),
    HOME: folder,
  }
  const serverOf = async (...args: Parameters<typeof connectionFromEnvironment>) =>
    (await connectionFromEnvironment(...args)).server
  assert.equal(await serverOf(env, { kubeconfig: join(folder, 'b') }), 'https://b')
  assert.equal(await serverOf(env, { server: 'https://flag', token: 't' }), 'https://flag')
  assert.equal(await serverOf(env), 'https://a')
  const { KUBECONFIG: _, ...without } = env
  assert.deepEqual(await connectionFromEnvironment(without, { namespace: 'n' }), {
    server: 'https://kamaji',
    token: 'k',
    ca: testdata('ca.crt'),
    namespace: 'n',
  })
  assert.equal(await serverOf({ HOME: folder }), 'https://home')
  await assert.rejects(
    connectionFromEnvironment({ HOME: join(folder, 'nobody') }),
    /no management cluster: set KUBECONFIG/,
  )
})

test('a running kubectl proxy is asked in plain HTTP and without credentials', async (t) => {
  const { url, seen } = await serve(t, (_, response) => json(response, { gitVersion: 'v1' }))
  await askOnce(t, connectionToProxy(`${url}/`))
  await askOnce(t, await connectionFromEnvironment({ KAMAJI_URL: url }))
  assert.deepEqual(
    seen.map(({ headers }) => headers.authorization),
    [undefined, undefined],
  )
})

test('no error of a call holds the token, and a refused one is asked again only if it can have changed', async (t) => {
  const { url, seen } = await whoAsks(t, () => false)
  const kubernetes = createKubernetes(
    { server: url, ca: testdata('ca.crt'), token: 'geheim-token' },
    { retries: 0 },
  )
  const elsewhere = createKubernetes(
    { server: url, ca: testdata('other-ca.crt'), token: 'geheim-token' },
    { retries: 0 },
  )
  t.after(() => Promise.all([kubernetes.close(), elsewhere.close()]))
  for (const client of [kubernetes, elsewhere]) {
    const error: unknown = await client.version().catch((caught: unknown) => caught)
    assert.ok(error instanceof Error)
    const text = `${inspect(error, { depth: 20, showHidden: true })}${JSON.stringify(error)}${error.stack}`
    assert.ok(!text.includes('geheim-token'))
    if (client === kubernetes) assert.ok(isUnauthorized(error))
  }
  assert.equal(seen.length, 1)
})
