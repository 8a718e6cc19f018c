// Each asks `fochista completion -- WORDS… CURRENT`, which prints a line for each candidate: the whole word, and after a tab what
// it is. A candidate that ends in = or / goes on; the line `:files` alone means names of files. No word is ever evaluated.

/** Bash splits words at = and : where they stand in COMP_WORDBREAKS: they are put together again, and candidates cut as bash replaces them. */
const bash = String.raw`_fochista() {
  local rest=${'$'}{COMP_LINE:0:COMP_POINT} words=() i word gap line cur goes=1
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=${'$'}{COMP_WORDS[i]}
    gap=${'$'}{rest%%[![:space:]]*}
    rest=${'$'}{rest#"$gap"}
    ((i == COMP_CWORD)) && word=$rest
    rest=${'$'}{rest#"$word"}
    if ((i == 0)) || [[ -n $gap ]]; then words+=("$word"); else words[${'$'}{#words[@]} - 1]+=$word; fi
  done
  cur=${'$'}{words[${'$'}{#words[@]} - 1]}
  local done_=${'$'}{cur%"${'$'}{cur##*[=:]}"}
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then compopt -o default; return; fi
    line=${'$'}{line%%$'\t'*}
    [[ $line == *[=/] ]] || goes=0
    COMPREPLY+=("${'$'}{line#"$done_"}")
  done < <("$1" completion -- "${'$'}{words[@]:1}" 2>/dev/null)
  ((goes)) && compopt -o nospace
  return 0
}
complete -F _fochista fochista
`

const zsh = String.raw`_fochista() {
  local line value
  local -a names abouts going
  for line in "${'$'}{(@f)$("${'$'}{words[1]}" completion -- "${'$'}{(@Q)words[2,CURRENT-1]}" "${'$'}{(Q)PREFIX}" 2>/dev/null)}"; do
    [[ -z $line ]] && continue
    if [[ $line == :files ]]; then _files; return; fi
    value=${'$'}{line%%$'\t'*}
    if [[ $value == *[=/] ]]; then going+=("$value"); continue; fi
    names+=("$value")
    abouts+=("${'$'}{line/$'\t'/  -- }")
  done
  ((${'$'}{#names})) && compadd -l -d abouts -a names
  ((${'$'}{#going})) && compadd -S '' -a going
  return 0
}
compdef _fochista fochista
`

const fish = String.raw`function __fochista_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] completion -- $words[2..-1] "$current" 2>/dev/null)
    if test "$lines" = ':files'
        __fish_complete_path "$current"
    else
        printf '%s\n' $lines
    end
end
complete -c fochista -f -a '(__fochista_complete)'
`

/** The script of each shell. */
export const scripts: Readonly<Record<string, string>> = { bash, zsh, fish }
