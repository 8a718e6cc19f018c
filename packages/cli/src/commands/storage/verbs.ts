import type { Command } from '../../command.ts'
import { tr } from '../../locale.ts'
import { verbCommand, type Find, type Verb } from '../proxmox-call/verb.ts'
import { storageUpload } from './upload.ts'

const here: Find = (_proxmox, _words, { node, storage }) =>
  Promise.resolve([
    {
      name: storage ?? node ?? 'storage',
      path: { ...(node ? { node } : {}), ...(storage ? { storage } : {}) },
    },
  ])

/** Calls on storages: what is configured, and what a host has on them. */
export const storageVerbs: readonly Verb[] = [
  {
    path: 'storage list',
    method: 'GET',
    call: '/storage',
    summary: tr('list the storages', 'elenca gli storage'),
    examples: ['fochista storage list'],
  },
  {
    path: 'storage get <storage>',
    method: 'GET',
    call: '/storage/{storage}',
    summary: tr('show a storage’s configuration', 'mostra la configurazione di uno storage'),
    examples: ['fochista storage get local'],
  },
  {
    path: 'storage create [parameters...]',
    method: 'POST',
    call: '/storage',
    summary: tr('add a storage', 'aggiunge uno storage'),
    examples: ['fochista storage create storage=nas type=nfs server=192.0.2.5 export=/vm content=images,iso'],
  },
  {
    path: 'storage set <storage> [parameters...]',
    method: 'PUT',
    call: '/storage/{storage}',
    summary: tr('change a storage', 'cambia uno storage'),
    examples: ['fochista storage set nas content=images,iso,backup'],
  },
  {
    path: 'storage remove <storage>',
    method: 'DELETE',
    call: '/storage/{storage}',
    summary: tr(
      'remove a storage’s configuration; its content stays',
      'rimuove la configurazione di uno storage; il contenuto resta',
    ),
    isDestructive: true,
    examples: ['fochista storage remove nas'],
  },
  {
    path: 'storage status <node> <storage>',
    method: 'GET',
    call: '/nodes/{node}/storage/{storage}/status',
    summary: tr('show how full a storage is', 'mostra quanto è pieno uno storage'),
    examples: ['fochista storage status pve1 local'],
  },
  {
    path: 'storage content <node> <storage> [parameters...]',
    method: 'GET',
    call: '/nodes/{node}/storage/{storage}/content',
    summary: tr('list what is on a storage', 'elenca il contenuto di uno storage'),
    examples: ['fochista storage content pve1 local content=iso'],
  },
  {
    path: 'storage alloc <node> <storage> [parameters...]',
    method: 'POST',
    call: '/nodes/{node}/storage/{storage}/content',
    summary: tr('make a disk image', 'crea l’immagine di un disco'),
    examples: ['fochista storage alloc pve1 local-lvm vmid=101 filename=vm-101-disk-1 size=8G'],
  },
  {
    path: 'storage volume <node> <storage> <volume> [parameters...]',
    method: 'GET',
    call: '/nodes/{node}/storage/{storage}/content/{volume}',
    whenGiven: 'PUT',
    summary: tr(
      'show a volume, or change its notes and its protection',
      'mostra un volume, o ne cambia le note e la protezione',
    ),
    examples: [
      'fochista storage volume pve1 local local:backup/vzdump-qemu-101-2026_11_20-02_00_00.vma.zst notes="before the upgrade"',
    ],
  },
  {
    path: 'storage rrd <node> <storage> [parameters...]',
    method: 'GET',
    call: '/nodes/{node}/storage/{storage}/rrddata',
    summary: tr(
      'print a storage’s figures of a time (timeframe=hour)',
      'mostra le misure di uno storage di un periodo (timeframe=hour)',
    ),
    initial: { timeframe: 'hour' },
    examples: ['fochista storage rrd pve1 local timeframe=day'],
  },
  {
    path: 'storage delete <node> <storage> <volume>',
    method: 'DELETE',
    call: '/nodes/{node}/storage/{storage}/content/{volume}',
    summary: tr('delete a volume', 'elimina un volume'),
    isDestructive: true,
    examples: ['fochista storage delete pve1 local local:iso/debian.iso'],
  },
  {
    path: 'storage download <node> <storage> [parameters...]',
    method: 'POST',
    call: '/nodes/{node}/storage/{storage}/download-url',
    summary: tr('let a host download a file', 'fa scaricare un file a un host'),
    examples: [
      'fochista storage download pve1 local content=iso filename=debian.iso url=https://… checksum=… checksum-algorithm=sha256',
    ],
  },
]

/** The commands of the noun `storage`. */
export const storageCommands: readonly Command[] = [
  ...storageVerbs.map((verb) => verbCommand(verb, here)),
  storageUpload,
]
