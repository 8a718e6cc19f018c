import type { Random } from '../../chaos/seed.ts'
import { kubernetesBody, proxmoxBody } from './bodies.ts'
import type { Body } from './bodies.ts'
import type { Server } from './server.ts'

/** What is thrown at a server, and how its client ends. */
export interface Case {
  /** What it is, for the message of a failure. */
  name: string
  /** Whether TLS is spoken at all. */
  isTls: boolean
  /** Sent one after the other. */
  parts: Buffer[]
  /** `end` says that nothing more comes, `destroy` is gone at once, `wait` looks at the answer for a moment. */
  ending: 'end' | 'destroy' | 'wait'
  /** Made when it is known what to send before the parts: tickets of the server. */
  before?: (server: Server) => Promise<Buffer>
  /** The parts wait for the first that comes of what was sent before them. */
  isPatient?: boolean
  /** Reads nothing of what comes. */
  isDeaf?: boolean
  /** A second request stands in the body of the first: nobody may answer it. */
  hides?: boolean
}

/** Makes a kind of case. */
export type Make = (random: Random, server: Server) => Partial<Case> & Pick<Case, 'parts'>

const PATHS = {
  kubernetes: [
    '/api/v1/namespaces/default/configmaps',
    '/api/v1/namespaces/default/configmaps/fuzz',
    '/api/v1/namespaces/default/pods',
    '/api/v1/namespaces/default/pods/fuzz/status',
    '/api/v1/namespaces/default/pods/fuzz/log',
    '/api/v1/namespaces/default/serviceaccounts/default/token',
    '/apis/apps/v1/namespaces/default/deployments/fuzz/scale',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    '/apis/authentication.k8s.io/v1/tokenreviews',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    '/api/v1/namespaces/default/configmaps?watch=true&timeoutSeconds=1',
    '/api/v1/pods?limit=1&continue=e30',
    '/apis',
    '/openapi/v3',
    '/version',
  ],
  proxmox: [
    '/api2/json/version',
    '/api2/json/nodes',
    '/api2/json/cluster/resources',
    '/api2/json/access/ticket',
    '/api2/json/nodes/pve1/qemu',
    '/api2/json/nodes/pve1/qemu/100/config',
    '/api2/json/nodes/pve1/qemu/100/vncwebsocket?port=5900&vncticket=x',
    '/api2/json/nodes/pve1/storage/local/upload',
    '/api2/extjs/nodes/pve1/qemu/100/status/start',
    '/api2/json/nodes/pve1/qemu/100/agent/exec',
  ],
}
/** Methods, and what is none. */
export const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'BREW',
  '',
  'get',
]
const QUERIES = [
  'labelSelector=a%20in%20(',
  'fieldSelector=metadata.name%3D%5C',
  'limit=-1',
  'limit=99999999999999999999',
  'continue=%ff',
  'resourceVersion=x',
  'timeoutSeconds=1e9',
  'dryRun=All',
  'fieldManager=%00',
  'watch=1&timeoutSeconds=1',
  'a=%',
  '%E0%A4%A',
  'pretty=1&pretty=2',
]
const ACCEPTS = [
  '*/*',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf',
  'application/yaml',
  ';;q=',
  ',,,',
]
/** Lines of a head that are wrong, or that others pass over. */
export const ODD_HEADERS = [
  'No colon at all',
  ': no name',
  'Spaced : x',
  ' Folded: x',
  'Nul\0: x',
  'X-Nul: \0',
  'Content-Length: 5',
  'Content-Length: -1',
  'Content-Length: 0x10',
  'Content-Length: 99999999999999999999',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: \u000bchunked',
  'Content-Encoding: gzip',
  'Host: other',
  'Expect: 100-continue',
  'Expect: nonsense',
  'Connection: upgrade',
  'Upgrade: h2c',
  'Authorization: Bearer',
  'Authorization: Bearer a.b.c',
  'Authorization: PVEAPIToken=x',
  'Cookie: PVEAuthCookie=%',
  'Impersonate-User: x',
  'Impersonate-Extra-%zz: x',
  'Range: bytes=0-,-1',
  'If-None-Match: "',
]

/** How a client mostly ends. */
export function ending(random: Random): Case['ending'] {
  return random.pick(['wait', 'wait', 'end', 'destroy'])
}

/** So many bytes of anything. */
export function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.whole(0, 255)))
}

/** A path of a server, often with a query. */
export function pathOf(random: Random, { speaks }: Server): string {
  const path = random.pick(PATHS[speaks])
  if (random() < 0.5) return path
  return `${path}${path.includes('?') ? '&' : '?'}${random.pick(QUERIES)}`
}

/** A body for a server. */
export function bodyOf(random: Random, { speaks }: Server): Body {
  return speaks === 'kubernetes' ? kubernetesBody(random) : proxmoxBody(random)
}

/** The beginning of a request as it should be; `path` is any of the server's where none is given. */
export function head(
  random: Random,
  server: Server,
  method: string,
  more: readonly string[] = [],
  path = pathOf(random, server),
): string {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: lab',
    `Authorization: ${server.authorization}`,
    `Accept: ${random.pick(ACCEPTS)}`,
    ...more,
    '',
    '',
  ].join('\r\n')
}

/** Cut into parts at random places. */
export function inParts(random: Random, whole: Buffer): Buffer[] {
  const parts: Buffer[] = []
  let from = 0
  for (let cuts = random.whole(0, 3); cuts > 0 && from < whole.length; cuts--) {
    const to = random.whole(from, whole.length)
    parts.push(whole.subarray(from, to))
    from = to
  }
  return [...parts, whole.subarray(from)]
}

/** Methods of requests with a body. */
export const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE']
