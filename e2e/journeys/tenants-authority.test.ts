import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectTenant, createTenantControlPlane, isReady, TenantControlPlane } from '@fochista/kamaji'
import { connectionFromEnvironment, createKubernetes, Namespace, Secret } from '@fochista/kubernetes'
import { startBench } from '../harness.ts'

const bench = await startBench({ bare: true, speed: 100 })

test('a tenant whose authority was replaced shows a certificate of the new one, and its new kubeconfig works', async () => {
  const kubernetes = createKubernetes(await connectionFromEnvironment(bench.environment))
  const ref = { name: 'rotated', namespace: 'default' }
  /** The pin of the tenant's authority, once its API server answers to its kubeconfig. */
  const pin = async (not = ''): Promise<string> => {
    for (let tries = 0; ; tries += 1) {
      try {
        const controlPlane = await kubernetes.get(TenantControlPlane, ref)
        assert.ok(isReady(controlPlane))
        const tenant = await connectTenant(kubernetes, controlPlane)
        try {
          await tenant.kubernetes.get(Namespace, { name: 'kube-system' })
          assert.notEqual(tenant.caPin, not)
          return tenant.caPin
        } finally {
          await tenant.close()
        }
      } catch (error) {
        if (tries > 150) throw error
        await sleep(100)
      }
    }
  }
  try {
    await createTenantControlPlane(kubernetes, {
      apiVersion: TenantControlPlane.apiVersion,
      kind: TenantControlPlane.kind,
      metadata: ref,
      spec: {
        controlPlane: { deployment: { replicas: 1 }, service: { serviceType: 'LoadBalancer' } },
        kubernetes: { version: 'v1.30.0', kubelet: { cgroupfs: 'systemd' } },
        addons: {},
      },
    })
    const before = await pin()
    await kubernetes.delete(Secret, { name: 'rotated-ca', namespace: 'default' })
    assert.notEqual(await pin(before), before)
  } finally {
    await kubernetes.close()
  }
})
