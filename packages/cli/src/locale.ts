/** The languages in which the command speaks. */
type Language = 'en' | 'it'

/** The language of a POSIX environment: the first of LC_ALL, LC_MESSAGES and LANG that says something; English by default. */
export function languageOf(environment: Record<string, string | undefined>): Language {
  const said = environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || ''
  return /^it([_.@-]|$)/i.test(said) ? 'it' : 'en'
}

const language = languageOf(process.env)

/**
 * A sentence in the user's language. Both stand where the sentence is used, so that neither is forgotten when it changes.
 * Names of kinds, commands and technical words that operators say in English stay English in both.
 */
export function tr(en: string, it: string): string {
  return language === 'it' ? it : en
}
