import type { Task } from '../tasks.ts'
import type { ProxmoxWorld } from '../world.ts'

/** Lines that the cluster's log keeps. */
const KEPT = 1000

/** Writes the beginning and end of every task into the cluster's log. Returns what stops it. */
export function keepClusterLog(world: ProxmoxWorld): () => void {
  const add = ({ node, pid, user }: Task, pri: number, msg: string): void => {
    const { log } = world.cluster
    const id = (log.at(-1)?.id ?? 0) + 1
    log.push({ id, node, time: Math.floor(world.clock.now() / 1000), pri, pid, user, tag: 'pvedaemon', msg })
    if (log.length > KEPT) log.splice(0, log.length - KEPT)
  }
  const started = (task: Task): void => add(task, 6, `starting task ${task.upid}`)
  const ended = (task: Task): void => {
    const isGood = task.exitstatus === 'OK'
    add(task, isGood ? 6 : 3, `end task ${task.upid} ${task.exitstatus}`)
  }
  world.events.on('taskStarted', started)
  world.events.on('taskEnded', ended)
  return () => {
    world.events.off('taskStarted', started)
    world.events.off('taskEnded', ended)
  }
}
