import { organizationsOf } from '../../pki.ts'
import type { AdmissionRequest } from '../api.ts'
import { member, textOf } from '../builtin/defaults/fields.ts'
import { forbidden } from '../errors.ts'
import { groupResource } from '../resources.ts'

const SIGNER = 'kubernetes.io/kube-apiserver-client'
const MASTERS = 'system:masters'

/** Refuses a request for a client certificate of the group that may do everything. Throws Forbidden. */
export function checkSubject({ definition, operation, object }: AdmissionRequest): void {
  if (operation !== 'CREATE' || object === undefined) return
  if (groupResource(definition) !== 'certificatesigningrequests.certificates.k8s.io') return
  const spec = member(object, 'spec')
  if (spec?.['signerName'] !== SIGNER) return
  const organizations = organizationsOf(Buffer.from(textOf(spec['request']), 'base64').toString())
  if (organizations?.includes(MASTERS) === true)
    throw forbidden(
      definition,
      object.metadata.name,
      `use of ${SIGNER} signer with ${MASTERS} group is not allowed`,
    )
}
