import { X509Certificate } from 'node:crypto'
import { apiSchema } from '@fochista/proxmox/schema'
import { ApiError, die, parameterError } from '../api-error.ts'
import { accountsOf, noAccount } from '../cluster/acme/accounts.ts'
import { addressAt, DEFAULT_DIRECTORY, issueFor } from '../cluster/acme/authority.ts'
import { pluginsOf } from '../cluster/acme/plugins.ts'
import type { Call, Handlers } from '../handler.ts'
import { listOf } from '../sections.ts'
import { spend, startTask, type Worker } from '../tasks.ts'
import { readProperties } from '../verify/property-string.ts'
import { customCertificateOf, dropCustomCertificate, keepCustomCertificate } from './certificates.ts'

const PATH = '/nodes/{node}/certificates/acme'
const CERTIFICATE = `${PATH}/certificate`
/** Milliseconds before its end from which a certificate is renewed. */
const SOON = 30 * 24 * 60 * 60 * 1000
/** Milliseconds that a host waits for an authority's look, and for what it wrote into a name server. */
const LOOK = 5000
const PROPAGATION = 30_000

/** Certificates that a host orders from an authority. */
export const acmeCertificateHandlers: Handlers = {
  [`GET ${PATH}`]: () => [{ name: 'certificate' }],
  [`POST ${CERTIFICATE}`]: (call) => {
    if (customCertificateOf(call) !== undefined && !call.flag('force'))
      parameterError({ force: "Custom certificate exists but 'force' is not set." })
    const wanted = wantedOf(call)
    return work(call, 'acmenewcert', (worker) => order(call, wanted, worker))
  },
  [`PUT ${CERTIFICATE}`]: (call) => {
    const { chain } = customCertificateOf(call) ?? noCertificate()
    const endsSoon = Date.parse(new X509Certificate(chain).validTo) - call.world.clock.now() < SOON
    if (!endsSoon && !call.flag('force'))
      parameterError({
        force: "Certificate does not expire within the next 30 days, and 'force' is not set.",
      })
    const wanted = wantedOf(call)
    return work(call, 'acmerenew', async (worker) => {
      await order(call, wanted, worker)
      worker.log('Revoking old certificate')
    })
  },
  [`DELETE ${CERTIFICATE}`]: (call) => {
    const { account } = wantedOf(call)
    if (customCertificateOf(call) === undefined) noCertificate()
    return work(call, 'acmerevoke', async (worker) => {
      worker.log('Loading ACME account details')
      directoryOf(call, account)
      worker.log('Revoking old certificate')
      await spend(call.world, worker, LOOK / 10)
      worker.log('Deleting certificate files')
      dropCustomCertificate(call)
      worker.log('Restarting pveproxy to revert to self-signed certificates')
    })
  },
}

function noCertificate(): never {
  throw new ApiError(400, 'No current (custom) certificate found, please order a new certificate!\n')
}

/** What a host's configuration says of its certificate. */
interface Wanted {
  readonly account: string
  readonly domains: readonly { readonly domain: string; readonly plugin: string }[]
}

function wantedOf(call: Call): Wanted {
  const config = call.world.cluster.hostConfigs.get(call.text('node')) ?? {}
  const { account = 'default', domains = '' } = properties('node.acme', config['acme'])
  const listed = listOf(domains).map((domain) => ({ domain, plugin: 'standalone' }))
  const others = Object.keys(config)
    .filter((key) => /^acmedomain\d+$/.test(key))
    .map((key) => properties('node.acmedomain', config[key]))
    .map(({ domain = '', plugin = 'standalone' }) => ({ domain, plugin }))
  const wanted = [...listed, ...others]
  if (wanted.length === 0) throw new ApiError(400, 'ACME domain list in node configuration is missing!\n')
  if (!accountsOf(call.world).has(account)) die(noAccount(account))
  for (const { plugin } of wanted)
    if (!pluginsOf(call.world).has(plugin)) die(`plugin with ID '${plugin}' not found!`)
  return { account, domains: wanted }
}

function properties(format: string, text: string | undefined): Record<string, string> {
  const fields = apiSchema.formats[format]
  if (text === undefined || fields === undefined) return {}
  const read = readProperties(fields, text)
  return typeof read === 'string' ? {} : read
}

function directoryOf(call: Call, account: string): string {
  const kept = accountsOf(call.world).get(account) ?? die(noAccount(account))
  return String(kept['directory'] ?? DEFAULT_DIRECTORY)
}

async function order(call: Call, { account, domains }: Wanted, worker: Worker): Promise<void> {
  const { world } = call
  worker.log('Loading ACME account details')
  const directory = directoryOf(call, account)
  worker.log('Placing ACME order')
  worker.log(`Order URL: ${addressAt(directory, `order/${Math.floor(world.clock.now() / 1000)}`)}`)
  for (const [index, { domain, plugin }] of domains.entries()) {
    worker.log(`\nGetting authorization details from '${addressAt(directory, `authz/${index + 1}`)}'`)
    worker.log(`The validation for ${domain} is pending!`)
    if (plugin === 'standalone') worker.log('Setting up webserver')
    else {
      worker.log(`[Lab] ${plugin}: TXT record of _acme-challenge.${domain} written`)
      worker.log('Sleeping 30 seconds to wait for TXT record propagation')
      await spend(world, worker, PROPAGATION)
    }
    worker.log('Triggering validation')
    worker.log('Sleeping for 5 seconds')
    await spend(world, worker, LOOK)
    worker.log(`Status is 'valid', domain '${domain}' OK!`)
  }
  worker.log('\nAll domains validated!\n\nCreating CSR')
  worker.log('Checking order status')
  worker.log('Order is ready, finalizing order\nvalid!\n\nDownloading certificate')
  keepCustomCertificate(
    call,
    await issueFor(
      world,
      domains.map(({ domain }) => domain),
    ),
  )
  worker.log('Setting pveproxy certificate and key')
  worker.log('Restarting pveproxy')
}

function work(call: Call, type: string, run: (worker: Worker) => Promise<void>): string {
  return startTask(call.world, { node: call.text('node'), type, id: '', user: call.user }, run)
}
