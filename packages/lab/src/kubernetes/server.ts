import { createServer } from 'node:https'
import type { Server as HttpsServer } from 'node:https'
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Admission, ApiServer, ApiServerOptions, Intercept, StaticToken } from './api.ts'
import type { KeyPair } from '../pki.ts'
import { keepApiServices } from './api-services/keep.ts'
import { checkAccess } from './auth/access.ts'
import { createAuthenticator } from './auth/authenticate.ts'
import { installDefaultRoles } from './auth/default-roles.ts'
import { escalationCheck } from './auth/escalation.ts'
import { impersonate } from './auth/impersonate.ts'
import { nodeRestriction } from './auth/node-restriction.ts'
import { fillTokenSecrets } from './auth/token-secrets.ts'
import { TokenSigner } from './auth/tokens.ts'
import { serveCrds } from './crds.ts'
import { answerBroken, refuseWithoutHost } from './http/broken.ts'
import { checkTimeout } from './http/deadline.ts'
import { Exchange } from './http/exchange.ts'
import type { Switchable } from './http/exchange.ts'
import { asksToSwitch, createFront } from './http/front.ts'
import { serveResource } from './http/objects.ts'
import { requestInfo } from './http/request-info.ts'
import type { RequestInfo } from './http/request-info.ts'
import { stateLog } from './http/pods/state-log.ts'
import { servePath } from './http/paths.ts'
import { startLifecycle } from './lifecycle.ts'
import { startHousekeeping } from './housekeeping.ts'
import { localStore } from './local-store.ts'
import { builtinDefinitions, builtinRules } from './builtin/index.ts'
import { ResourceRegistry } from './resources.ts'
import type { ApiObject } from './resources.ts'
import { bucketOf } from './rest/core.ts'
import type { Core } from './rest/core.ts'
import type { Server } from './server-parts.ts'
import { sizeLimit } from './store/size-limit.ts'
import { Storage } from './store/storage.ts'

const CRDS = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
const NAMESPACES = { group: '', version: 'v1', resource: 'namespaces' }
const FIRST_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease', 'default']

/** Most bytes of a request's head, as Go's server has it. */
const MOST_HEADERS = 1024 * 1024
/** Milliseconds that a client may take to close a connection that was refused another protocol and has its answer. */
const LINGER = 1000

/** Makes an emulated Kubernetes API server. It answers over TLS after `listen()`; its store works at once. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const registry = new ResourceRegistry()
  const storage = new Storage()
  const admissions: Admission[] = [...(options.admission ?? [])]
  const core: Core & { caPem: string } = {
    storage,
    registry,
    clock: options.clock,
    builtin: builtinRules(registry, storage, options),
    admissions,
    webhookServers: new Map(),
    caPem: options.caPem ?? options.clientCaPem ?? '',
  }
  admissions.push(nodeRestriction(), escalationCheck(core), sizeLimit())
  for (const definition of builtinDefinitions(registry)) registry.add(definition)
  // Nobody can have known a custom kind's objects before the kind was there.
  registry.subscribe(() => {
    for (const definition of registry.all()) if (definition.crd === true) storage.begin(bucketOf(definition))
  })
  serveCrds(core)
  const stopLifecycle = startLifecycle(core)
  const housekeeping = startHousekeeping(core)
  const { keep } = options
  const { restored } = keep ?? {}
  if (restored !== undefined) storage.restore(restored.revision, restored.objects)
  if (keep !== undefined)
    storage.tap((key, { type, object, revision }) =>
      keep.changed(key, type === 'DELETED' ? undefined : object, revision),
    )
  const store = localStore(core)
  if (restored === undefined) {
    installDefaultRoles(core)
    for (const name of FIRST_NAMESPACES)
      store.create(NAMESPACES, { metadata: { name } }, { fieldManager: 'kube-apiserver' })
  }
  const signer = new TokenSigner(
    options.issuer ?? 'https://kubernetes.default.svc.cluster.local',
    options.serviceAccountKeyPem,
  )
  const staticTokens: StaticToken[] = [...(options.staticTokens ?? [])]
  const authenticator = createAuthenticator(core, signer, {
    staticTokens,
    bootstrapTokens: options.bootstrapTokens ?? true,
    anonymous: options.anonymous ?? true,
    frontProxyCaPem: options.frontProxyCaPem,
  })
  const stopTokenSecrets = fillTokenSecrets(core, store, signer)
  const closing = new AbortController()
  const components = new Set<string>()
  const server: Server & { gitVersion: string } = {
    core,
    authenticator,
    signer,
    components,
    gitVersion: options.gitVersion ?? 'v1.36.3',
    podLog: options.podLog ?? stateLog,
    podPorts: options.podPorts ?? (() => undefined),
    closing: closing.signal,
  }
  const host = options.host ?? '127.0.0.1'
  let url = ''
  let certificate: KeyPair = options.tls
  const trusting = (clientCaPem: string): { ca: string[] } => ({
    ca: [clientCaPem, ...(options.frontProxyCaPem === undefined ? [] : [options.frontProxyCaPem])],
  })
  let trusted = options.clientCaPem === undefined ? {} : trusting(options.clientCaPem)
  const https: HttpsServer = createServer(
    {
      key: certificate.keyPem,
      cert: certificate.certPem,
      ALPNProtocols: ['http/1.1'],
      requireHostHeader: false,
      maxHeaderSize: MOST_HEADERS,
      shouldUpgradeCallback: asksToSwitch,
      ...trusted,
      ...(options.clientCaPem === undefined ? {} : { requestCert: true, rejectUnauthorized: false }),
    },
    (request, response) => {
      if (refuseWithoutHost(request, response)) return
      void answer(server, request, response, url.replace('https://', ''), options.intercept)
    },
  )
  https.on('upgrade', (request, socket, early) => {
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    // Unless the connection is taken from the answer, it ends with it.
    response.on('finish', () => {
      socket.end()
      setTimeout(() => socket.destroy(), LINGER).unref()
    })
    response.assignSocket(request.socket)
    // Nobody else looks at the connection any more: without a reader it would not be seen that its client has gone.
    socket.on('error', () => socket.destroy())
    void answer(server, request, response, url.replace('https://', ''), options.intercept, {
      socket,
      early,
    }).finally(() => {
      if (response.socket === null) return
      socket.on('end', () => socket.end())
      socket.resume()
    })
  })
  https.keepAliveTimeout = 90_000
  https.requestTimeout = 0
  // A client that breaks its connection is no fault of the server.
  https.on('tlsClientError', () => {})
  https.on('clientError', answerBroken)
  const front = createFront(https)
  const listen = async (port: number): Promise<void> => {
    const listens = await front.listen(port, host)
    url = `https://${host.includes(':') ? `[${host}]` : host}:${listens}`
  }
  const registerCrd = (crd: object): void => {
    store.create(CRDS, structuredClone(crd) as ApiObject)
  }
  const stopApiServices = keepApiServices(core)
  if (restored === undefined) for (const crd of options.crds ?? []) registerCrd(crd)
  return {
    get url() {
      return url
    },
    store,
    registry,
    components,
    clock: options.clock,
    registerCrd,
    get gitVersion() {
      return server.gitVersion
    },
    set gitVersion(version) {
      server.gitVersion = version
    },
    addAdmission(admission) {
      admissions.push(admission)
      return () => {
        const index = admissions.indexOf(admission)
        if (index >= 0) admissions.splice(index, 1)
      }
    },
    serveWebhook(address, webhook) {
      core.webhookServers.set(address, webhook)
    },
    addToken(token) {
      staticTokens.push(token)
    },
    get certificate() {
      return certificate
    },
    present(next, caPem) {
      certificate = next
      if (caPem !== undefined) {
        trusted = trusting(caPem)
        core.caPem = caPem
      }
      https.setSecureContext({ ...trusted, cert: next.certPem, key: next.keyPem })
      front.breakOff()
    },
    listen: () => listen(options.port ?? 0),
    suspend: () => front.close(),
    resume: () => listen(Number(new URL(url).port)),
    close: () => {
      stopLifecycle()
      housekeeping.stop()
      stopApiServices()
      stopTokenSecrets()
      closing.abort()
      return front.close()
    },
  }
}

async function answer(
  server: Server,
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  intercept: Intercept | undefined,
  switchable?: Switchable,
): Promise<void> {
  const { gitVersion } = server
  const exchange = new Exchange(request, response, { address, gitVersion }, switchable)
  try {
    exchange.user = server.authenticator.authenticate(request)
    const info = requestInfo(exchange.method, exchange.path, exchange.query)
    exchange.user = impersonate(server.core, info, exchange)
    const rest = (): Promise<void> => answerKnown(server, info, exchange)
    await (intercept === undefined ? rest() : intercept(exchange, rest))
  } catch (error) {
    refuse(exchange, error)
  }
}

/** Answers a request whose caller is known. */
async function answerKnown(server: Server, info: RequestInfo, exchange: Exchange): Promise<void> {
  try {
    checkTimeout(exchange.query)
    checkAccess(server.core, info, exchange)
    if (info.isResource && server.core.registry.versions(info.group).includes(info.version))
      await serveResource(server, info, exchange)
    else servePath(server, exchange)
  } catch (error) {
    refuse(exchange, error)
  }
}

function refuse(exchange: Exchange, error: unknown): void {
  if (error instanceof URIError) exchange.send(400, 'text/plain; charset=utf-8', '400 Bad Request')
  else exchange.sendError(error)
}
