import type { Verb } from '../proxmox-call/verb.ts'
import { onOne } from './call.ts'

/** A call of the guest agent that has a path of its own, which takes no parameters. */
const plain = (
  name: string,
  method: Verb['method'],
  en: string,
  it: string,
  more: Partial<Verb> = {},
): Verb => onOne(`agent ${name}`, method, `/agent/${name}`, [en, it], '101', more)

/** Calls on the agent within a VM. */
export const agentVerbs: readonly Verb[] = [
  onOne(
    'agent list',
    'GET',
    '/agent',
    ['list the calls of the guest agent', 'elenca le chiamate del guest agent'],
    '101',
  ),
  plain('ping', 'POST', 'see whether the guest agent answers', 'verifica se il guest agent risponde'),
  plain(
    'info',
    'GET',
    'show the guest agent’s version, and what it can do',
    'mostra la versione del guest agent e cosa sa fare',
  ),
  plain('get-host-name', 'GET', 'show the guest’s name', 'mostra il nome del guest'),
  plain('get-osinfo', 'GET', 'show the guest’s operating system', 'mostra il sistema operativo del guest'),
  plain('get-time', 'GET', 'show the guest’s clock', 'mostra l’orologio del guest'),
  plain('get-timezone', 'GET', 'show the guest’s time zone', 'mostra il fuso orario del guest'),
  plain('get-users', 'GET', 'list who is signed in to the guest', 'elenca chi è connesso al guest'),
  plain(
    'network-get-interfaces',
    'GET',
    'list the guest’s network interfaces and addresses',
    'elenca le interfacce di rete del guest e i loro indirizzi',
  ),
  plain('get-fsinfo', 'GET', 'list the guest’s file systems', 'elenca i file system del guest'),
  plain('get-vcpus', 'GET', 'list the guest’s processors', 'elenca i processori del guest'),
  plain(
    'get-memory-blocks',
    'GET',
    'list the guest’s memory blocks',
    'elenca i blocchi di memoria del guest',
  ),
  plain(
    'get-memory-block-info',
    'GET',
    'show how large the guest’s memory blocks are',
    'mostra quanto sono grandi i blocchi di memoria del guest',
  ),
  plain(
    'fsfreeze-freeze',
    'POST',
    'let the guest hold writes to its file systems, for a consistent copy',
    'fa sospendere al guest le scritture sui file system, per una copia coerente',
  ),
  plain(
    'fsfreeze-status',
    'POST',
    'show whether the guest holds writes',
    'mostra se il guest sospende le scritture',
  ),
  plain('fsfreeze-thaw', 'POST', 'let the guest write again', 'fa riprendere le scritture al guest'),
  plain(
    'fstrim',
    'POST',
    'let the guest give back the blocks it does not use',
    'fa restituire al guest i blocchi che non usa',
  ),
  plain('shutdown', 'POST', 'let the guest shut itself down', 'fa spegnere il guest da sé'),
  plain('suspend-ram', 'POST', 'let the guest sleep', 'mette il guest in sospensione'),
  plain('suspend-disk', 'POST', 'let the guest hibernate', 'mette il guest in ibernazione'),
  plain(
    'suspend-hybrid',
    'POST',
    'let the guest sleep, with its memory on the disk as well',
    'mette il guest in sospensione, con la memoria anche su disco',
  ),
  onOne(
    'agent call <command>',
    'POST',
    '/agent',
    ['ask the guest agent by the name of a call', 'interroga il guest agent col nome di una chiamata'],
    '101 ping',
    { asParameter: ['command'] },
  ),
  onOne(
    'agent exec',
    'POST',
    '/agent/exec',
    ['run a program in the guest', 'esegue un programma nel guest'],
    '101 command=uname command=-a',
  ),
  onOne(
    'agent exec-status',
    'GET',
    '/agent/exec-status',
    ['see how a program in the guest ended', 'mostra com’è finito un programma nel guest'],
    '101 pid=1234',
  ),
  onOne(
    'agent read',
    'GET',
    '/agent/file-read',
    ['read a file of the guest', 'legge un file del guest'],
    '101 file=/etc/hostname',
  ),
  onOne(
    'agent write',
    'POST',
    '/agent/file-write',
    ['write a file of the guest', 'scrive un file del guest'],
    '101 file=/etc/motd content=hello',
  ),
  onOne(
    'agent password',
    'POST',
    '/agent/set-user-password',
    ['set a password in the guest', 'imposta una password nel guest'],
    '101 username=debian password=…',
  ),
]
