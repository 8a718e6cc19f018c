import type { ProxmoxWorld } from '../world.ts'
import { listed, runs } from './state.ts'

/** Bytes of all disks that are in and run. */
export function rawBytes(world: ProxmoxWorld): number {
  return [...listed(world, 'osd').values()]
    .filter((osd) => osd['in'] === '1' && runs(world, osd))
    .reduce((sum, { size }) => sum + Number(size), 0)
}

/** Bytes that a pool's volumes hold. */
export function bytesIn(world: ProxmoxWorld, pool: string): number {
  const storages = [...world.storages.values()].filter(
    ({ type, options }) => type === 'rbd' && options?.['pool'] === pool,
  )
  return [...world.volumes.values()]
    .filter(({ storage }) => storages.some(({ name }) => name === storage))
    .reduce((sum, { size }) => sum + size, 0)
}

/** Bytes that all pools take with their copies. */
export function storedBytes(world: ProxmoxWorld): number {
  return [...listed(world, 'pool')].reduce(
    (sum, [pool, { size }]) => sum + bytesIn(world, pool) * Number(size),
    0,
  )
}
