import { tr } from '../../locale.ts'
import { ok, warning, wrong, type Finding } from './finding.ts'

/** A difference that is worth a word, milliseconds: half of it may be the way there and back. */
const NOTICED_MS = 5000
/** A difference that breaks things, milliseconds: certificates and tokens begin and end at moments. */
const HARMFUL_MS = 60_000

/**
 * How far another clock is from ours.
 * @param theirs Milliseconds since 1970, as told by the other side between `asked` and `answered` of our clock.
 */
export function clockFinding(
  check: string,
  subject: string,
  theirs: number,
  { asked, answered }: { asked: number; answered: number },
): Finding {
  // Anything between the two moments is no difference; whole seconds are told, so that one more may be lost.
  const ms = theirs < asked - 1000 ? theirs - asked : theirs > answered ? theirs - answered : 0
  const seconds = Math.round(ms / 1000)
  const facts = { differenceSeconds: seconds }
  if (Math.abs(ms) < NOTICED_MS)
    return ok(check, subject, tr('The clock agrees with ours.', 'L’orologio concorda con il nostro.'), facts)
  const message =
    seconds > 0
      ? tr(`The clock is ${seconds} s ahead of ours.`, `L’orologio è avanti di ${seconds} s sul nostro.`)
      : tr(`The clock is ${-seconds} s behind ours.`, `L’orologio è indietro di ${-seconds} s sul nostro.`)
  const next = tr(
    'Let both machines follow the same time servers (chronyc tracking says how it stands).',
    'Fa’ seguire a entrambe le macchine gli stessi server dell’ora (chronyc tracking dice come stanno).',
  )
  return (Math.abs(ms) < HARMFUL_MS ? warning : wrong)(check, subject, message, next, { facts })
}
