import type { Command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { verbCommand, type Find, type Verb } from '../proxmox-call/verb.ts'

const ofUser: Find = (_proxmox, _words, { userid = '', tokenid }) => {
  const path: Record<string, string> = tokenid === undefined ? { userid } : { userid, tokenid }
  return Promise.resolve([{ name: tokenid === undefined ? userid : `${userid}!${tokenid}`, path }])
}

/** Calls on the API tokens of Proxmox users. The secret is shown once, when the token is made. */
const verbs: readonly Verb[] = [
  {
    path: 'token proxmox list <userid>',
    method: 'GET',
    call: '/access/users/{userid}/token',
    summary: tr('list the API tokens of a Proxmox user', 'elenca i token API di un utente Proxmox'),
    examples: ['fochista token proxmox list root@pam'],
  },
  {
    path: 'token proxmox get <userid> <tokenid>',
    method: 'GET',
    call: '/access/users/{userid}/token/{tokenid}',
    summary: tr('show an API token of a Proxmox user', 'mostra un token API di un utente Proxmox'),
    examples: ['fochista token proxmox get fochista@pve ci'],
  },
  {
    path: 'token proxmox create <userid> <tokenid> [parameters...]',
    method: 'POST',
    call: '/access/users/{userid}/token/{tokenid}',
    summary: tr(
      'make an API token of a Proxmox user, and print its secret, which is shown this once',
      'crea un token API di un utente Proxmox e ne mostra il segreto, visibile solo questa volta',
    ),
    examples: ['fochista token proxmox create fochista@pve ci privsep=1 comment="for scripts"'],
  },
  {
    path: 'token proxmox set <userid> <tokenid> [parameters...]',
    method: 'PUT',
    call: '/access/users/{userid}/token/{tokenid}',
    summary: tr('change an API token of a Proxmox user', 'cambia un token API di un utente Proxmox'),
    examples: ['fochista token proxmox set fochista@pve ci expire=0'],
  },
  {
    path: 'token proxmox delete <userid> <tokenid>',
    method: 'DELETE',
    call: '/access/users/{userid}/token/{tokenid}',
    summary: tr('delete an API token of a Proxmox user', 'elimina un token API di un utente Proxmox'),
    isDestructive: true,
    examples: ['fochista token proxmox delete fochista@pve ci'],
  },
]

/** The commands of `token proxmox`. */
export const proxmoxTokenCommands: readonly Command[] = verbs.map((verb) => verbCommand(verb, ofUser))
