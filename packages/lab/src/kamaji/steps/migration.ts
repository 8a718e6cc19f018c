import type { ApiObject } from '../../kubernetes/resources.ts'
import { asText, at } from '../../kubernetes/rest/json.ts'
import { KAMAJI_USER } from '../pass.ts'
import type { Pass } from '../pass.ts'
import { gvr, MANAGER } from '../vocabulary.ts'

const HOME = 'kamaji-system'
const WRITE = { user: KAMAJI_USER, fieldManager: MANAGER }
/** From the state to the frozen tenant, and from there to the end of the Job, on the recorded machine, ms. */
const FREEZE_AFTER_MS = 100
const JOB_MS = 900

/**
 * Moves the tenant's data to another DataStore: a Job does it while the tenant is frozen. The Job stays. Nothing happens when the
 * data is where the control plane wants it.
 * @param freeze lets the tenant's side do its part.
 */
export async function migrationStep(pass: Pass, freeze: () => Promise<void>): Promise<void> {
  const from = asText(at(pass.object, ['status', 'storage', 'dataStoreName']))
  const to = pass.tcp.spec.dataStore ?? ''
  if (from === '' || to === '' || from === to) return
  const name = `migrate-${pass.object.metadata.uid ?? ''}`
  const old = pass.store.get(gvr.jobs, HOME, name)
  if (old !== undefined && target(old) !== to)
    pass.store.delete(gvr.jobs, { namespace: HOME, name }, { ...WRITE, propagationPolicy: 'Background' })
  if (pass.store.get(gvr.jobs, HOME, name) === undefined)
    pass.store.create(gvr.jobs, jobOf(pass, name, to), WRITE)
  await pass.setStatus(['kubernetesResources', 'version', 'status'], 'Migrating')
  await pass.clock.sleep(FREEZE_AFTER_MS)
  await freeze()
  await pass.clock.sleep(JOB_MS)
  complete(pass, name)
}

function target(job: ApiObject): string {
  const containers = at(job, ['spec', 'template', 'spec', 'containers'])
  const args = Array.isArray(containers) ? at(containers[0], ['args']) : undefined
  const found = (Array.isArray(args) ? args.map(asText) : []).find((each) =>
    each.startsWith('--target-datastore='),
  )
  return found?.slice('--target-datastore='.length) ?? ''
}

function jobOf(pass: Pass, name: string, to: string): ApiObject {
  return {
    metadata: {
      name,
      namespace: HOME,
      labels: {
        'tcp.kamaji.clastix.io/name': pass.name,
        'tcp.kamaji.clastix.io/namespace': pass.namespace,
        'kamaji.clastix.io/component': 'migrate',
      },
    },
    spec: {
      parallelism: 1,
      completions: 1,
      template: {
        spec: {
          containers: [
            {
              name: 'migrate',
              image: 'clastix/kamaji:latest',
              args: [
                'migrate',
                `--tenant-control-plane=${pass.namespace}/${pass.name}`,
                `--target-datastore=${to}`,
              ],
            },
          ],
          restartPolicy: 'OnFailure',
          serviceAccountName: 'kamaji-controller-manager',
        },
      },
    },
  }
}

function complete(pass: Pass, name: string): void {
  const job = pass.store.get(gvr.jobs, HOME, name)
  if (job === undefined || at(job, ['status', 'succeeded']) === 1) return
  const condition = (type: string): { [key: string]: string } => ({
    type,
    status: 'True',
    lastProbeTime: pass.now,
    lastTransitionTime: pass.now,
    reason: 'CompletionsReached',
    message: 'Reached expected number of succeeded pods',
  })
  pass.store.update(
    gvr.jobs,
    {
      ...job,
      status: {
        startTime: pass.now,
        completionTime: pass.now,
        succeeded: 1,
        ready: 0,
        terminating: 0,
        uncountedTerminatedPods: {},
        conditions: [condition('SuccessCriteriaMet'), condition('Complete')],
      },
    },
    { ...WRITE, subresource: 'status' },
  )
}
