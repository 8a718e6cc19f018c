import type { Handlers } from '../handler.ts'

/** The lists of what is below. */
export const accessIndex: Handlers = {
  'GET /access': () =>
    ['users', 'groups', 'roles', 'acl', 'domains', 'openid', 'tfa', 'ticket', 'password'].map((subdir) => ({
      subdir,
    })),
  // Nobody has a second factor here.
  'GET /access/tfa': () => [],
  'GET /access/tfa/{userid}': () => [],
  'GET /access/users/{userid}/tfa': () => ({}),
  'GET /access/openid': () => [{ subdir: 'login' }, { subdir: 'auth-url' }],
}
