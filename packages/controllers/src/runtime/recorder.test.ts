import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Machine } from '@fochista/api'
import { Event, KubernetesApiError } from '@fochista/kubernetes'
import { Machines } from '../kinds.ts'
import { createFakeKubernetes } from '../test/fake-kubernetes.ts'
import { createManualClock } from '../test/manual-clock.ts'
import { createVoice } from './conditions.ts'
import { silentLogger } from './logger.ts'
import { createRecorder } from './recorder.ts'

function aRecorder() {
  const clock = createManualClock()
  const fake = createFakeKubernetes(clock)
  const recorder = createRecorder({ kubernetes: fake.kubernetes, clock, logger: silentLogger })
  return { clock, fake, recorder, voice: createVoice({ clock, recorder }) }
}

const aThing = (namespace?: string): Machine =>
  ({
    apiVersion: Machines.apiVersion,
    kind: Machines.kind,
    metadata: { name: 'w-1', uid: `u-${namespace}`, generation: 3, ...(namespace ? { namespace } : {}) },
    spec: { id: 'i', nodePoolName: 'w', proxmoxCluster: 'dc1' },
  }) as Machine

const said = (message: string) => ({ type: 'Warning' as const, reason: 'Failed', message })

test('an Event names its object, and one on a cluster-scoped object lives in "default"', async () => {
  const { fake, recorder } = aRecorder()
  recorder.say(aThing('acme'), said('no room'))
  recorder.say(aThing(), said('no room'))
  await recorder.flush()
  const [first, second] = fake.all(Event)
  assert.equal(first?.metadata.namespace, 'acme')
  assert.deepEqual(
    [first?.involvedObject.kind, first?.involvedObject.name, first?.involvedObject.namespace],
    ['Machine', 'w-1', 'acme'],
  )
  assert.deepEqual([first?.reason, first?.message, first?.count], ['Failed', 'no room', 1])
  assert.equal(second?.metadata.namespace, 'default')
  assert.equal(second?.involvedObject.namespace, undefined)
})

test('the same sentence within ten minutes is counted, later it is news', async () => {
  const { clock, fake, recorder } = aRecorder()
  recorder.say(aThing('acme'), said('no room'))
  await recorder.flush()
  await clock.advance(9 * 60_000)
  recorder.say(aThing('acme'), said('no room'))
  await recorder.flush()
  assert.deepEqual(
    fake.all(Event).map(({ count, lastTimestamp }) => [count, lastTimestamp]),
    [[2, '2026-01-01T00:09:00Z']],
  )
  await clock.advance(11 * 60_000)
  recorder.say(aThing('acme'), said('no room'))
  await recorder.flush()
  assert.equal(fake.all(Event).length, 2)
})

test('a sentence whose Event has gone is said anew', async () => {
  const { fake, recorder } = aRecorder()
  recorder.say(aThing('acme'), said('no room'))
  await recorder.flush()
  const [event] = fake.all(Event)
  if (event) fake.vanish(Event, event.metadata)
  recorder.say(aThing('acme'), said('no room'))
  await recorder.flush()
  assert.deepEqual(
    fake.all(Event).map(({ count }) => count),
    [1],
  )
})

test('a flood of different sentences of one reason is drawn together', async () => {
  const { fake, recorder } = aRecorder()
  for (let count = 0; count < 100; count += 1) recorder.say(aThing('acme'), said(`try ${count}`))
  await recorder.flush()
  const events = fake.all(Event)
  assert.equal(events.length, 10)
  assert.equal(events[9]?.message, '(combined from similar events): try 99')
  assert.equal(events[9]?.count, 91)
})

test('saying never throws and never waits, even when the server refuses', async () => {
  const { fake, recorder } = aRecorder()
  fake.faults.before = () => new Error('the server is gone')
  recorder.say(aThing('acme'), said('one'))
  delete fake.faults.before
  await recorder.flush()
  fake.faults.before = () => new Error('the server is gone')
  recorder.say(aThing('acme'), said('two'))
  await recorder.flush()
  delete fake.faults.before
  recorder.say(aThing('acme'), said('three'))
  await recorder.flush()
  assert.equal(fake.all(Event).at(-1)?.message, 'three')
})

test('a condition that is news is an Event; a new message alone is not', async () => {
  const { fake, recorder, voice } = aRecorder()
  const machine = aThing('acme')
  voice.unknown(machine, 'Cloned', 'Cloning', '10 %')
  voice.unknown(machine, 'Cloned', 'Cloning', '20 %')
  voice.unknown(machine, 'Cloned', 'Cloning', '20 %')
  voice.yes(machine, 'Cloned', 'Cloned', 'done')
  voice.no(machine, 'Cloned', 'NotOurs', 'somebody else’s')
  await recorder.flush()
  assert.deepEqual(
    fake.all(Event).map(({ type, reason, message }) => [type, reason, message]),
    [
      ['Normal', 'Cloning', '10 %'],
      ['Normal', 'Cloned', 'done'],
      ['Warning', 'NotOurs', 'somebody else’s'],
    ],
  )
})

test('a condition’s time moves only with its status, and it names the generation looked at', async () => {
  const { clock, voice } = aRecorder()
  const machine = aThing('acme')
  voice.unknown(machine, 'Cloned', 'Cloning', '10 %')
  await clock.advance(60_000)
  voice.unknown(machine, 'Cloned', 'Locked', 'waiting')
  assert.deepEqual(machine.status?.conditions, [
    {
      type: 'Cloned',
      status: 'Unknown',
      reason: 'Locked',
      message: 'waiting',
      lastTransitionTime: '2026-01-01T00:00:00Z',
      observedGeneration: 3,
    },
  ])
  voice.yes(machine, 'Cloned', 'Cloned', 'done')
  assert.equal(machine.status?.conditions?.[0]?.lastTransitionTime, '2026-01-01T00:01:00Z')
  voice.unsay(machine, 'Cloned')
  assert.deepEqual(machine.status?.conditions, [])
})

test('what cannot be written because the namespace goes stands in the log, as news and not as a fault', async () => {
  const { clock, fake } = aRecorder()
  const logged: string[] = []
  const note = (level: string) => (facts: object, message: string) =>
    void logged.push(`${level} ${message} ${JSON.stringify(facts)}`)
  const recorder = createRecorder({
    kubernetes: fake.kubernetes,
    clock,
    logger: { ...silentLogger, info: note('info'), warn: note('warn') },
  })
  const causes = [{ reason: 'NamespaceTerminating', message: 'namespace acme is being terminated' }]
  fake.kubernetes.create = () =>
    Promise.reject(
      new KubernetesApiError(
        403,
        { message: 'events "w-1" is forbidden', reason: 'Forbidden', code: 403, details: { causes } },
        { method: 'POST', path: '/api/v1/namespaces/acme/events' },
      ),
    )
  recorder.say(aThing('acme'), said('VM 412 is let go'))
  await recorder.flush()
  assert.deepEqual(logged, [
    'info Event: VM 412 is let go {"kind":"Machine","namespace":"acme","name":"w-1","type":"Warning","reason":"Failed","message":"VM 412 is let go"}',
  ])
})
