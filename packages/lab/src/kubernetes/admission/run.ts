import type { Admission, AdmissionRequest } from '../api.ts'
import { AdmissionDenied } from '../api.ts'
import { StatusError } from '../errors.ts'
import type { ApiObject } from '../resources.ts'
import type { Core, WriteContext } from '../rest/core.ts'
import { applyLimitRanges, checkLimitRanges } from './limit-range.ts'
import { runPolicies } from './policies.ts'
import { runQuotas } from './quota.ts'
import { checkSubject } from './signing-requests.ts'
import { runMutatingWebhooks, runValidatingWebhooks } from './webhooks.ts'

/** Runs the mutating hooks; returns the object as they leave it. */
export function mutate(core: Core, request: AdmissionRequest, ctx: WriteContext): ApiObject | undefined {
  let object = applyLimitRanges(core, request)
  for (const admission of core.admissions) {
    const asked: AdmissionRequest = { ...request, object }
    if (admission.mutate === undefined || admission.matches?.(asked) === false) continue
    object = denied(admission, () => admission.mutate?.(asked)) ?? object
  }
  return runMutatingWebhooks(core, { ...request, object }, ctx)
}

/** Runs the validating hooks: those of the lab, policies, webhooks, limit ranges, quotas. */
export function validateAdmission(core: Core, request: AdmissionRequest, ctx: WriteContext): void {
  for (const admission of core.admissions) {
    if (admission.validate === undefined || admission.matches?.(request) === false) continue
    denied(admission, () => admission.validate?.(request))
  }
  runPolicies(core, request, ctx)
  runValidatingWebhooks(core, request, ctx)
  checkSubject(request)
  checkLimitRanges(core, request)
  runQuotas(core, request)
}

function denied<T>(admission: Admission, call: () => T): T {
  try {
    return call()
  } catch (error) {
    if (error instanceof AdmissionDenied) {
      const text =
        error.message === ''
          ? 'denied the request without explanation'
          : `denied the request: ${error.message}`
      throw new StatusError(
        error.code,
        error.reason,
        `admission webhook ${JSON.stringify(admission.name)} ${text}`,
      )
    }
    throw error
  }
}
