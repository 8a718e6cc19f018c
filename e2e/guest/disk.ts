import { spawnSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from 'node:fs'

const SECTOR = 512
const FIRST = 2048

/**
 * Writes a disk of so many bytes whose one partition, over all of it, holds a folder as ext4.
 * Throws what mkfs.ext4 says.
 */
export function makeDisk(path: string, folder: string, bytes: number): void {
  const part = `${path}.part`
  const sectors = bytes / SECTOR - FIRST
  run('truncate', ['-s', String(sectors * SECTOR), part])
  // An inode table for the size that it grows to is not made beforehand: it is the growing that is looked at.
  run('mkfs.ext4', ['-q', '-d', folder, part])
  const file = openSync(path, 'w')
  ftruncateSync(file, bytes)
  const entry = Buffer.alloc(16)
  entry[4] = 0x83
  entry.writeUInt32LE(FIRST, 8)
  entry.writeUInt32LE(sectors, 12)
  writeSync(file, entry, 0, 16, 446)
  writeSync(file, Buffer.from([0x55, 0xaa]), 0, 2, 510)
  closeSync(file)
  run('dd', ['if=' + part, 'of=' + path, 'bs=1M', 'seek=1', 'conv=notrunc,sparse', 'status=none'])
  rmSync(part)
}

function run(program: string, words: readonly string[]): void {
  const { status, stderr, error } = spawnSync(program, words, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`)
}
