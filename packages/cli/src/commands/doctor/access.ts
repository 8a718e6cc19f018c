import type { Access, Kubernetes } from '@fochista/kubernetes'
import { tr } from '../../locale.ts'
import { ok, warning, wrong, wordsOf, type Finding } from './finding.ts'

const CHECK = 'management.rbac'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/**
 * Whether the controllers' service account may do all that the roles of `install` give it, asked by SubjectAccessReviews, and no Secret is
 * open to it by lists.
 * @param namespaces Namespaces of control planes, whose Secrets it gets.
 */
export async function accessFindings(
  kubernetes: Kubernetes,
  namespaces: readonly string[],
): Promise<Finding[]> {
  const { CONTROLLERS_ACCOUNT, installManifests, SYSTEM_NAMESPACE } = await import('@fochista/api')
  const user = `system:serviceaccount:${SYSTEM_NAMESPACE}:${CONTROLLERS_ACCOUNT}`
  const who = {
    user,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${SYSTEM_NAMESPACE}`, 'system:authenticated'],
  }
  const may = async (access: Access): Promise<boolean> => (await kubernetes.canThey(who, access)).allowed
  const rulesOf = (name: string, kind: string): Rule[] =>
    installManifests({ installation: '' })
      .filter((one) => one.kind === kind && one.metadata.name === name)
      .flatMap((one) => one['rules'] as Rule[])
  const wanted: Access[] = [
    ...rulesOf('fochista-controllers', 'ClusterRole').flatMap((rule) => accessesOf(rule)),
    ...rulesOf('fochista-controllers', 'Role').flatMap((rule) => accessesOf(rule, SYSTEM_NAMESPACE)),
    ...namespaces.map((namespace) => ({ verb: 'get', resource: 'secrets', namespace })),
  ]
  try {
    const answers = await Promise.all(wanted.map(async (access) => ({ access, allowed: await may(access) })))
    const refused = answers.filter(({ allowed }) => !allowed).map(({ access }) => printed(access))
    const tooMuch = await Promise.all(
      ['list', 'watch'].map(async (verb) =>
        (await may({ verb, resource: 'secrets' })) ? [`${verb} secrets`] : [],
      ),
    )
    return [rightsFinding(user, wanted.length, refused), secretsFinding(user, tooMuch.flat())]
  } catch (error) {
    return [
      warning(
        CHECK,
        user,
        tr(`Could not be asked: ${wordsOf(error)}`, `Non si è potuto chiedere: ${wordsOf(error)}`),
        tr(
          'Ask as somebody who may create subjectaccessreviews: kubectl auth can-i create subjectaccessreviews.authorization.k8s.io',
          'Chiedilo come chi può creare subjectaccessreviews: kubectl auth can-i create subjectaccessreviews.authorization.k8s.io',
        ),
      ),
    ]
  }
}

function rightsFinding(user: string, asked: number, refused: readonly string[]): Finding {
  if (refused.length === 0)
    return ok(CHECK, user, tr(`Has all ${asked} permissions.`, `Ha tutti i ${asked} permessi.`))
  const shown = refused.slice(0, 5).join(', ') + (refused.length > 5 ? ` … (${refused.length})` : '')
  return wrong(
    CHECK,
    user,
    `${tr('May not', 'Non può')}: ${shown}.`,
    tr(
      'Apply our roles again (with --namespaces, name every namespace that has clusters): fochista install',
      'Applica di nuovo i nostri ruoli (con --namespaces, indica ogni namespace che ha cluster): fochista install',
    ),
    { facts: { refused } },
  )
}

function secretsFinding(user: string, tooMuch: readonly string[]): Finding {
  const check = 'management.rbac.secrets'
  if (tooMuch.length === 0)
    return ok(check, user, tr('May not list or watch Secrets.', 'Non può elencare né osservare i Secret.'))
  return warning(
    check,
    user,
    `${tr('May', 'Può')} ${tooMuch.join(', ')}: ${tr('more than it needs', 'più del necessario')}.`,
    tr(
      'Take back the binding that gives it: kubectl get clusterrolebindings -o wide | grep fochista',
      'Ritira il binding che lo concede: kubectl get clusterrolebindings -o wide | grep fochista',
    ),
    { facts: { tooMuch } },
  )
}

function accessesOf({ apiGroups, resources, verbs }: Rule, namespace?: string): Access[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((one) => {
      const [resource = '', subresource] = one.split('/')
      return verbs.map((verb) => ({
        verb,
        group,
        resource,
        ...(subresource === undefined ? {} : { subresource }),
        ...(namespace === undefined ? {} : { namespace }),
      }))
    }),
  )
}

function printed({ verb, resource, subresource, group, namespace }: Access): string {
  const what = `${resource}${group ? `.${group}` : ''}${subresource ? `/${subresource}` : ''}`
  return `${verb} ${what}${namespace ? ` (${namespace})` : ''}`
}
