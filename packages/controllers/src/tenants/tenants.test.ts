import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectTenantOptions, Tenant, TenantControlPlane } from '@fochista/kamaji'
import {
  isConnectionError,
  KubernetesConnectionError,
  KubernetesTimeoutError,
  Node,
} from '@fochista/kubernetes'
import { silentLogger } from '../runtime/logger.ts'
import { aControlPlane, NAMESPACE } from '../test/factories.ts'
import { createFakeKubernetes } from '../test/fake-kubernetes.ts'
import { createManualClock, settled } from '../test/manual-clock.ts'
import { createBreaker } from './breaker.ts'
import { createLimiter } from './limiter.ts'
import { createNews } from './news.ts'
import { createTenants } from './tenants.ts'

function someTenants() {
  const clock = createManualClock()
  const api = createFakeKubernetes(clock)
  const opened: string[] = []
  const closed: string[] = []
  let options: ConnectTenantOptions | undefined
  let refusal: Error | undefined
  const tenants = createTenants({
    kubernetes: api.kubernetes,
    logger: silentLogger,
    clock,
    connect: (_kubernetes, controlPlane, given) => {
      const { uid = '' } = controlPlane.metadata
      if (refusal) return Promise.reject(refusal)
      opened.push(uid)
      options = given
      return Promise.resolve({
        nodes: api.informer(Node),
        close: () => Promise.resolve(void closed.push(uid)),
      } as unknown as Tenant)
    },
  })
  const heard: (string | undefined)[] = []
  tenants.subscribe((_namespace, _cluster, node) => heard.push(node))
  return {
    clock,
    api,
    tenants,
    opened,
    closed,
    heard,
    fails: (error: Error | undefined) => (refusal = error),
    nodesFail: (error: Error = new Error('watch')) => options?.onNodesError?.(error),
  }
}
const aNode = (name: string): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } })
const of = (uid: string): TenantControlPlane => aControlPlane({ metadata: { uid } })

test('one connection serves all who ask, and another control plane of the name gets another', async () => {
  const { tenants, opened, closed } = someTenants()
  const [one, same] = await Promise.all([tenants.get(of('a')), tenants.get(of('a'))])
  assert.equal(one, same)
  assert.notEqual(await tenants.get(of('b')), one)
  await settled()
  assert.deepEqual(opened, ['a', 'b'])
  assert.deepEqual(closed, ['a'])
  await tenants.close()
  assert.deepEqual(closed, ['a', 'b'])
})

test('a connection that failed is made anew with the next wish', async () => {
  const { tenants, opened, fails } = someTenants()
  fails(new Error('no kubeconfig'))
  await assert.rejects(tenants.get(of('a')), /no kubeconfig/)
  fails(undefined)
  await tenants.get(of('a'))
  assert.deepEqual(opened, ['a'])
})

test('Nodes are known while connected, and every change of one is told', async () => {
  const { tenants, api, heard } = someTenants()
  assert.equal(tenants.node(NAMESPACE, 'tenant-test', 'n'), undefined)
  await tenants.get(of('a'))
  await settled()
  assert.deepEqual(heard, [undefined], 'all have been listed')
  api.has(Node, aNode('n'))
  assert.deepEqual(heard, [undefined, 'n'])
  assert.equal(tenants.node(NAMESPACE, 'tenant-test', 'n')?.metadata.name, 'n')
  assert.equal(tenants.nodes(NAMESPACE, 'tenant-test').length, 1)
  assert.equal(tenants.node('other', 'tenant-test', 'n'), undefined)
  tenants.forget(NAMESPACE, 'tenant-test')
  assert.equal(tenants.node(NAMESPACE, 'tenant-test', 'n'), undefined)
})

test('a tenant has answered since its Nodes were listed, or since its watch failed last', async () => {
  const { clock, tenants, nodesFail } = someTenants()
  assert.equal(tenants.answeringSince(NAMESPACE, 'tenant-test'), undefined)
  await tenants.get(of('a'))
  await settled()
  const listed = tenants.answeringSince(NAMESPACE, 'tenant-test')
  assert.equal(listed, clock.now())
  await clock.advance(60_000)
  nodesFail()
  assert.equal(tenants.answeringSince(NAMESPACE, 'tenant-test'), clock.now())
})

test('a Node that changes all the time is told of once a second, and of many only some in a round', async () => {
  const clock = createManualClock()
  const told: string[] = []
  const news = createNews(clock, (name) => told.push(name))
  for (let change = 0; change < 1000; change += 1) news.add('a')
  assert.deepEqual(told, ['a'])
  await clock.advance(1000)
  assert.deepEqual(told, ['a', 'a'], 'the last state is not missed')
  await clock.advance(5000)
  assert.equal(told.length, 2)
  for (let node = 0; node < 120; node += 1) news.add(`n${node}`)
  assert.equal(new Set(told).size, 51)
  await clock.advance(2000)
  assert.equal(new Set(told).size, 121, 'the rest follows')
  news.add('a')
  news.add('a')
  news.close()
  await clock.advance(5000)
  assert.equal(told.filter((name) => name === 'a').length, 3)
})

test('calls to one tenant run four at once, the others in their order', async () => {
  const limited = createLimiter(4)
  const gates = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
  const begun: number[] = []
  const ended = gates.map(({ promise }, index) =>
    limited(async () => {
      begun.push(index)
      await promise
    }),
  )
  await settled()
  assert.deepEqual(begun, [0, 1, 2, 3])
  gates[2]?.reject(new Error('no answer'))
  await assert.rejects(ended[2] ?? Promise.resolve())
  assert.deepEqual(begun, [0, 1, 2, 3, 4])
  for (const { resolve } of gates) resolve()
  await Promise.allSettled(ended)
  await limited(() => Promise.resolve(begun.push(9)))
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 9])
})

test('a tenant that has not answered four calls in a row is not waited for; a while later it is asked again', async () => {
  const clock = createManualClock()
  const guarded = createBreaker(() => clock.now())
  let asked = 0
  const hang = (): Promise<never> => {
    asked += 1
    return Promise.reject(new KubernetesTimeoutError({ method: 'GET', path: '/' }, 10_000))
  }
  for (let call = 0; call < 3; call += 1) await assert.rejects(guarded(hang))
  assert.equal(await guarded(() => Promise.resolve(1)), 1, 'an answer, and all is well')
  for (let call = 0; call < 8; call += 1) await assert.rejects(guarded(hang))
  assert.equal(asked, 7)
  await assert.rejects(
    guarded(hang),
    (error) => isConnectionError(error) && /asked again in 15 s/.test(error.message),
  )
  await clock.advance(15_000)
  assert.equal(await guarded(() => Promise.resolve(2)), 2)
})

test('a server that shows another CA is connected to anew, by the kubeconfig as it is now, and not in a tight loop', async () => {
  const { clock, tenants, opened, heard, nodesFail } = someTenants()
  await tenants.get(of('a'))
  await settled()
  const replaced = new KubernetesConnectionError('self-signed certificate', {
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
  })
  await clock.advance(60_000)
  nodesFail()
  await tenants.get(of('a'))
  assert.equal(opened.length, 1, 'a failure of another kind is no reason')
  heard.length = 0
  nodesFail(replaced)
  await clock.advance(1)
  assert.deepEqual(heard, [undefined], 'whoever uses it is woken')
  await tenants.get(of('a'))
  nodesFail(replaced)
  await tenants.get(of('a'))
  assert.equal(opened.length, 2)
  await clock.advance(15_000)
  await tenants.get(of('a'))
  assert.equal(opened.length, 3)
})
