import { parseAllDocuments } from 'yaml'
import type { Json, JsonObject } from '../../kubernetes/resources.ts'
import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import type { Disk } from '../disk.ts'
import { KubeadmError } from './error.ts'

/** What `kubeadm join` is asked to do. */
export interface JoinRequest {
  /** `host:port` of the API server. */
  endpoint: string
  token: string
  tlsToken: string
  caCertHashes: string[]
  skipCaVerification: boolean
  /** Empty for the host's name. */
  nodeName: string
  kubeletExtraArgs: [name: string, value: string][]
  taints: JsonObject[]
  ignoredErrors: Set<string>
}

/** Flags with a value. */
const VALUED = new Set([
  'token',
  'discovery-token',
  'tls-bootstrap-token',
  'discovery-token-ca-cert-hash',
  'node-name',
  'cri-socket',
  'config',
  'ignore-preflight-errors',
  'skip-phases',
  'patches',
  'v',
])
const BARE = new Set(['discovery-token-unsafe-skip-ca-verification'])
const NODE_NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

/** Reads the words behind `kubeadm join`, and the file that `--config` names. Throws a KubeadmError in kubeadm's words. */
export function readRequest(disk: Disk, args: readonly string[]): JoinRequest {
  const request: JoinRequest = {
    endpoint: '',
    token: '',
    tlsToken: '',
    caCertHashes: [],
    skipCaVerification: false,
    nodeName: '',
    kubeletExtraArgs: [],
    taints: [],
    ignoredErrors: new Set(),
  }
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    const match = /^--?([a-z-]+)(?:=([\s\S]*))?$/.exec(word)
    if (match === null) {
      request.endpoint = word
      continue
    }
    const name = match[1] ?? ''
    if (BARE.has(name)) {
      request.skipCaVerification = match[2] !== 'false'
      continue
    }
    if (!VALUED.has(name)) throw new KubeadmError(`unknown flag: --${name}`)
    let value = match[2]
    if (value === undefined) value = args[++at]
    if (value === undefined) throw new KubeadmError(`flag needs an argument: --${name}`)
    applyFlag(disk, request, name, value)
  }
  request.tlsToken ||= request.token
  check(request)
  return request
}

function applyFlag(disk: Disk, request: JoinRequest, name: string, value: string): void {
  if (name === 'token' || name === 'discovery-token') request.token = value
  else if (name === 'tls-bootstrap-token') request.tlsToken = value
  else if (name === 'discovery-token-ca-cert-hash') request.caCertHashes.push(...value.split(','))
  else if (name === 'node-name') request.nodeName = value
  else if (name === 'ignore-preflight-errors')
    for (const each of value.split(',')) request.ignoredErrors.add(each.toLowerCase())
  else if (name === 'config') readConfig(disk, request, value)
}

function readConfig(disk: Disk, request: JoinRequest, path: string): void {
  const text = disk.read(path)
  if (text === undefined)
    throw new KubeadmError(`unable to read config from "${path}" : open ${path}: no such file or directory`)
  const documents = parseAllDocuments(text, { uniqueKeys: false }).map((each) => each.toJS() as Json)
  const found = documents.filter(isObject).find((each) => each['kind'] === 'JoinConfiguration')
  if (found === undefined)
    throw new KubeadmError(
      `no InitConfiguration or JoinConfiguration kind was found in the config file "${path}"`,
    )
  const apiVersion = asText(found['apiVersion'])
  if (!['kubeadm.k8s.io/v1beta3', 'kubeadm.k8s.io/v1beta4'].includes(apiVersion))
    throw new KubeadmError(
      `your configuration file uses an API spec: ${JSON.stringify(apiVersion)} that this version of kubeadm does not support`,
    )
  const discovery = at(found, ['discovery', 'bootstrapToken'])
  request.endpoint = asText(at(discovery, ['apiServerEndpoint']))
  request.token = asText(at(discovery, ['token']))
  request.tlsToken = asText(at(found, ['discovery', 'tlsBootstrapToken']))
  request.caCertHashes = textsOf(at(discovery, ['caCertHashes']))
  request.skipCaVerification = at(discovery, ['unsafeSkipCAVerification']) === true
  const node = at(found, ['nodeRegistration'])
  request.nodeName = asText(at(node, ['name']))
  for (const each of textsOf(at(node, ['ignorePreflightErrors'])))
    request.ignoredErrors.add(each.toLowerCase())
  const taints = at(node, ['taints'])
  request.taints = Array.isArray(taints) ? taints.filter(isObject) : []
  request.kubeletExtraArgs = extraArgs(at(node, ['kubeletExtraArgs']))
}

/** A list of name and value in v1beta4, a map in v1beta3. */
function extraArgs(value: Json | undefined): [string, string][] {
  if (Array.isArray(value))
    return value.filter(isObject).map((each) => [asText(each['name']), asText(each['value'])])
  return isObject(value) ? Object.entries(value).map(([name, text]) => [name, asText(text)]) : []
}

function textsOf(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.map((each) => asText(each)) : []
}

function check(request: JoinRequest): void {
  if (request.endpoint === '')
    throw new KubeadmError('discovery: Invalid value: "": bootstrapToken or file must be set')
  const valid = (token: string): boolean => /^[a-z0-9]{6}\.[a-z0-9]{16}$/.test(token)
  const wrong = [
    ...(valid(request.token)
      ? []
      : [
          `discovery.bootstrapToken.token: Invalid value: "${request.token}": the bootstrap token is invalid`,
        ]),
    ...(valid(request.tlsToken)
      ? []
      : [
          `discovery.tlsBootstrapToken: Invalid value: "${request.tlsToken}": the bootstrap token is invalid`,
        ]),
  ]
  if (wrong.length > 0)
    throw new KubeadmError(wrong.length === 1 ? (wrong[0] ?? '') : `[${wrong.join(', ')}]`)
  if (request.caCertHashes.length === 0 && !request.skipCaVerification)
    throw new KubeadmError(
      'discovery.bootstrapToken.caCertHashes: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
    )
  if (request.nodeName !== '' && !NODE_NAME.test(request.nodeName))
    throw new KubeadmError(
      `nodeRegistration.name: Invalid value: "${request.nodeName}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    )
}
