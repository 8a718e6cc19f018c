import { asText, at, isObject } from '../../kubernetes/rest/json.ts'
import { dataStoreCertificateData, dataStoreConfigData } from '../certificates.ts'
import type { Pass } from '../pass.ts'
import { Requeue } from '../pass.ts'
import { gvr, keys } from '../vocabulary.ts'

/** The tenant's place in the data store: its credentials, the set-up with the finalizer, the client's certificate. */
export async function dataStoreSteps(pass: Pass): Promise<void> {
  const { tcp } = pass
  const name = tcp.spec.dataStore ?? ''
  const store = pass.store.get(gvr.dataStores, undefined, name)
  if (store === undefined) throw new Requeue(`DataStore ${name} is not there`)
  if (at(store, ['status', 'ready']) !== true) throw new Requeue(`DataStore ${name} is not ready`)
  const made = await pass.keepSecret({
    suffix: 'datastore-config',
    finalizers: [keys.dataStoreSecretFinalizer],
    make: (old) => old ?? dataStoreConfigData(tcp),
  })
  const secretName = `${tcp.metadata.name}-datastore-config`
  const sum = pass.get(gvr.secrets, secretName)?.metadata.annotations?.[keys.checksum] ?? ''
  const { storage } = tcp.status ?? {}
  // After a migration the name alone is another.
  if (made || storage?.config?.checksum !== sum || storage.dataStoreName !== name)
    await pass.writeStatus((status) => {
      const before = isObject(status['storage']) ? status['storage'] : {}
      status['storage'] = {
        ...before,
        driver: asText(at(store, ['spec', 'driver'])),
        dataStoreName: name,
        config: { checksum: sum, secretName },
      }
    })
  await setUp(pass, sum)
  const user = pass.secretTexts('datastore-config')?.['DB_USER'] ?? ''
  await pass.keepSecret({
    suffix: 'datastore-certificate',
    statusPath: ['storage', 'certificate'],
    lifecycle: 'x509',
    costMs: 100,
    make: () => dataStoreCertificateData(pass.etcdCa, user, pass.clock.now()),
  })
}

async function setUp(pass: Pass, sum: string): Promise<void> {
  if (!(pass.object.metadata.finalizers ?? []).includes(keys.finalizer)) {
    await pass.clock.sleep(80)
    pass.change((object) => {
      object.metadata.finalizers = [...(object.metadata.finalizers ?? []), keys.finalizer]
      // Kamaji writes the object back from its own types, and with it the empty members that those always print.
      const spec = isObject(object['spec']) ? object['spec'] : {}
      spec['writePermissions'] ??= {}
      const controlPlane = spec['controlPlane']
      if (!isObject(controlPlane)) return
      const { deployment, service } = controlPlane
      if (isObject(deployment)) {
        deployment['additionalMetadata'] ??= {}
        deployment['podAdditionalMetadata'] ??= {}
      }
      if (isObject(service)) service['additionalMetadata'] ??= {}
    })
  }
  if (at(pass.object, ['status', 'storage', 'setup', 'checksum']) === sum) return
  const texts = pass.secretTexts('datastore-config') ?? {}
  await pass.setStatus(['storage', 'setup'], {
    checksum: sum,
    lastUpdate: pass.now,
    schema: texts['DB_SCHEMA'] ?? '',
    user: texts['DB_USER'] ?? '',
  })
}
