import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  allocationOf,
  isCdrom,
  isCloudInit,
  parseDrive,
  parseSize,
  printDrive,
  printSize,
  storageOf,
  withOptions,
} from './drive.ts'
import { parseNic, printNic, withMac } from './nic.ts'

test('a drive is printed with its volume first and its fields sorted', () => {
  const drive = parseDrive('scsi0', 'ssd=1,file=local-lvm:vm-100-disk-0,size=32G,discard=on,iothread=yes')
  assert.equal(printDrive(drive), 'local-lvm:vm-100-disk-0,discard=on,iothread=1,size=32G,ssd=1')
})

test('rates given in bytes are kept in megabytes with three decimals', () => {
  assert.equal(printDrive(parseDrive('scsi0', 'l:v,bps_rd=1500000')), 'l:v,mbps_rd=1.500')
  assert.equal(printDrive(parseDrive('scsi0', 'l:v,mbps_rd=10')), 'l:v,mbps_rd=10')
})

test('a field can be changed and taken away', () => {
  const drive = parseDrive('ide2', 'local:iso/a.iso,media=cdrom,format=raw')
  assert.equal(
    printDrive(withOptions(drive, { format: undefined, size: '356K' })),
    'local:iso/a.iso,media=cdrom,size=356K',
  )
})

test('only a storage and a number ask for a new volume', () => {
  assert.deepEqual(allocationOf(parseDrive('scsi0', 'local-lvm:32')), { storage: 'local-lvm', gib: 32 })
  assert.deepEqual(allocationOf(parseDrive('scsi0', 'dir2:0.5')), { storage: 'dir2', gib: 0.5 })
  assert.deepEqual(allocationOf(parseDrive('scsi0', '4')), { storage: undefined, gib: 4 })
  assert.equal(allocationOf(parseDrive('scsi0', 'local:100/vm-100-disk-0.qcow2')), undefined)
  assert.equal(storageOf('local:iso/x.iso'), 'local')
  assert.equal(storageOf('none'), undefined)
  assert.equal(storageOf('/dev/sda'), undefined)
})

test('seeds of Proxmox are told from other media', () => {
  const seed = parseDrive('ide2', 'local:100/vm-100-cloudinit.qcow2,media=cdrom')
  assert.ok(isCloudInit(seed) && isCdrom(seed) && !isCdrom(seed, true))
  assert.ok(isCloudInit(parseDrive('ide2', 'local-lvm:cloudinit')))
  assert.ok(!isCloudInit(parseDrive('ide2', 'local:iso/cloudinit.iso,media=cdrom')))
})

test('sizes take the largest unit that divides them', () => {
  for (const [bytes, text] of [
    [540_672, '528K'],
    [1024 ** 3, '1G'],
    [536_870_912, '512M'],
    [40_448, '40448'],
    [1024 ** 4, '1T'],
    [0, '0'],
  ] as const) {
    assert.equal(printSize(bytes), text)
    assert.equal(parseSize(text), bytes)
  }
  assert.equal(parseSize('1.5G'), 1.5 * 1024 ** 3)
  assert.equal(parseSize('big'), undefined)
})

test('a card keeps the address it was given and gets one under the prefix otherwise', () => {
  const text = 'e1000=BC:24:11:AA:bb:01,tag=20,bridge=vmbr0,firewall=on'
  assert.equal(printNic(parseNic(text)), 'e1000=BC:24:11:AA:bb:01,bridge=vmbr0,firewall=1,tag=20')
  assert.match(withMac('virtio,bridge=vmbr0'), /^virtio=BC:24:11(?::[0-9A-F]{2}){3},bridge=vmbr0$/)
  assert.match(withMac('model=virtio,bridge=vmbr0'), /^virtio=BC:24:11/)
})
