import { Answer, type Call, type Handlers } from '../handler.ts'

/** Lines that a call gets without asking for a number. */
const LINES = 50

type Line = Call['world']['cluster']['log'][number]

/** What a host's system has logged: of the lab's hosts, the beginning and end of each task. */
export const logHandlers: Handlers = {
  'GET /nodes/{node}/syslog': (call) => {
    const since = secondsOf(call.optional('since'))
    const until = secondsOf(call.optional('until'))
    const service = call.optional('service')
    const lines = linesOf(call).filter(
      ({ time, tag }) =>
        (since === undefined || time >= since) &&
        (until === undefined || time <= until) &&
        (service === undefined || tag === service.replace(/\.service$/, '')),
    )
    const start = call.number('start') ?? 0
    const list = lines.map((line, index) => ({ n: index + 1, t: print(line) }))
    return new Answer(list.slice(start, start + (call.number('limit') ?? LINES)), { total: lines.length })
  },
  'GET /nodes/{node}/journal': journal,
}

function linesOf(call: Call): Line[] {
  return call.world.cluster.log.filter(({ node }) => node === call.text('node'))
}

/** Lines between two cursors, which stand before the first and behind the last. */
function journal(call: Call): string[] {
  const [since, until] = [call.number('since'), call.number('until')]
  const [from, to] = [positionOf(call.optional('startcursor')), positionOf(call.optional('endcursor'))]
  const last = call.number('lastentries')
  const lines = linesOf(call).filter(
    ({ id, time }) =>
      (since === undefined || time >= since) &&
      (until === undefined || time <= until) &&
      (from === undefined || id >= from) &&
      (to === undefined || id <= to),
  )
  const shown = last === undefined ? lines : lines.slice(lines.length - Math.min(last, lines.length))
  const cursor = (id: number): string => `s=lab;i=${id.toString(16)}`
  return [cursor(shown[0]?.id ?? from ?? 0), ...shown.map(print), cursor(shown.at(-1)?.id ?? to ?? 0)]
}

function positionOf(cursor: string | undefined): number | undefined {
  const position = /;i=([0-9a-f]+)$/.exec(cursor ?? '')?.[1]
  return position === undefined ? undefined : Number.parseInt(position, 16)
}

/** `2026-11-25 21:00` in seconds since 1970. */
function secondsOf(text: string | undefined): number | undefined {
  return text === undefined
    ? undefined
    : Date.parse(`${text.replace(' ', 'T')}${text.includes(' ') ? 'Z' : 'T00:00Z'}`) / 1000
}

/** A line as the system's log prints it: `Nov 25 21:00:00 pve1 pvedaemon[1234]: …`. */
function print({ time, node, tag, pid, user, msg }: Line): string {
  const [, day = '', month = '', , clock = ''] = new Date(time * 1000).toUTCString().split(/,? /)
  return `${month} ${day} ${clock} ${node} ${tag}[${pid}]: <${user}> ${msg}`
}
