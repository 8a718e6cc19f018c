import type { Handlers } from '../handler.ts'

/** The lists of what is below. */
export const accessIndex: Handlers = {
  'GET /access': () =>
    ['users', 'groups', 'roles', 'acl', 'domains', 'openid', 'tfa', 'ticket', 'password'].map((subdir) => ({
      subdir,
    })),
}
