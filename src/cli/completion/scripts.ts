/** The shells that completion is for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/*
 * The scripts ask the program itself: `keyferry __complete -- WORDS…` answers a line a candidate, `value<TAB>description`,
 * and nothing where the shell's own completion of file names is wanted. The program is the one that is typed, so that
 * ./bin/keyferry of a clone completes as well.
 */

// Readline has no place for descriptions. A candidate's part up to the last = or : is on the line already.
const BASH = `_keyferry() {
  local line value current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    value="\${line%%$'\\t'*}"
    value="\${value##*=}"
    [[ $current == '=' || $value == "$current"* ]] && COMPREPLY+=("$value")
  done < <("$1" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -o nosort -F _keyferry keyferry
`;

const ZSH = `#compdef keyferry
_keyferry() {
  local line
  local -a found
  while IFS= read -r line; do
    found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done < <("\${(Q)words[1]}" __complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( $#found )); then
    _describe keyferry found
  else
    _files
  fi
}
if [[ $funcstack[1] == _keyferry ]]; then
  _keyferry "$@"
else
  compdef _keyferry keyferry
fi
`;

const FISH = `function __keyferry_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete -- $words[2..-1] 2>/dev/null
end
complete -c keyferry -a '(__keyferry_complete)'
`;

const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

/** The script that a shell reads to complete `keyferry`. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}
