import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Replay } from './outcome.ts'

const BESIDE = join(import.meta.dirname, '..', '..', '..', 'shared')

/** Recordings that are replayed together, not yet begun. */
export interface Replayable {
  /** Names of the recordings: `kubernetes/03-errors`. */
  names: string[]
  /** How many times slower they are replayed on a machine that is busy. Default 1: what waits for others is not told in their time. */
  busyPace?: number
  /** What is not on this machine, without which they cannot be replayed. */
  needs?: string
  /** Replays them. With a `pace` above 1 everything that waits for something takes its time: what a busy machine needs. Default 1. */
  run(this: void, pace?: number): Promise<Replay[]>
}

/** Where recordings are. */
export interface Folders {
  proxmox: string
  kubernetes: string
  kamaji: string
}

/**
 * Where the recordings of each product are: in `given`, in `FOCHISTA_RECORDINGS`, else in `../shared` beside the checkout. The
 * folder holds them as `pve/transcripts` and `kamaji/transcripts-*`, or is one of these itself: what does not fit there is not read.
 * Undefined when there is no such folder.
 */
export function recordingFolders(given?: string): Folders | undefined {
  const folder = given ?? process.env['FOCHISTA_RECORDINGS'] ?? BESIDE
  if (!existsSync(folder)) return undefined
  const orItself = (...inside: string[]): string => {
    const path = join(folder, ...inside)
    return existsSync(path) ? path : folder
  }
  return {
    proxmox: orItself('pve', 'transcripts'),
    kubernetes: orItself('kamaji', 'transcripts-kubernetes'),
    kamaji: orItself('kamaji', 'transcripts-kamaji'),
  }
}

/** Names of the recordings in a folder that match, sorted. Empty when the folder is not there. */
export function recordingsIn(folder: string, pattern: RegExp): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder)
    .filter((name) => pattern.test(name))
    .toSorted()
}

/** The lines of a recording. */
export function readRecording<Line>(path: string): Line[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}
