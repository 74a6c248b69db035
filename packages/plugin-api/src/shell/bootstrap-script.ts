/** Where version managers keep Node, for those that a shell which is not interactive does not see. Words of the shell. */
export const NODE_PLACES: readonly string[] = [
  '"$HOME"/.nvm/versions/node/*/bin/node',
  '"$HOME"/.local/share/fnm/node-versions/*/installation/bin/node',
  '"$HOME"/.fnm/node-versions/*/installation/bin/node',
  '"$HOME"/.asdf/installs/nodejs/*/bin/node',
  '"$HOME"/.local/share/mise/installs/node/*/bin/node',
  '"$HOME"/.volta/tools/image/node/*/bin/node',
  '/opt/homebrew/bin/node',
  '/home/linuxbrew/.linuxbrew/bin/node',
]

/**
 * The part of the bootstrap that runs when something is missing. POSIX sh and the core utilities only; what else it uses
 * (curl, tar, a hash program) it can do without. Given: `m` marker, `u` uid, `own`, the arguments of the runner in `$@`, and
 * what `bringScript` sets. It says lines `<marker> <word> <rest>`, asks with `need`, and ends with the runner or with `failed`.
 * Everything it makes is in one temporary folder until it is whole; a failure takes away what this run made.
 */
export const SCRIPT = `
mask=$(umask); umask 077
made= placed= work= n= d= why=
say() { printf '%s %s\\n' "$m" "$*"; }
flat() { tr '\\n\\t\\r' '   ' | cut -c 1-900; }
unmake() { printf '%s' "$made" | while IFS= read -r p; do rmdir "$p" 2>/dev/null || :; done; made=; }
sweep() {
  [ -z "$work" ] || rm -rf "$work"
  printf '%s' "$placed" | while IFS= read -r p; do rm -f "$p"; done
  unmake
}
# Whoever hears of a failure may end us at once, so what was made goes before.
die() { f=$(printf '%s ' "$@" | flat); trap - EXIT; sweep; say "failed $f"; exit 1; }
trap sweep EXIT
trap 'exit 1' HUP INT TERM PIPE

# Makes a folder and remembers which of its parents are new.
make() {
  case $1 in ''|/) return 0;; esac
  [ -d "$1" ] && return 0
  make "\${1%/*}" || return 1
  mkdir "$1" 2>/dev/null || { [ -d "$1" ]; return; }
  made="$1
$made"
}
kept() { placed="$placed$1
"; }

pick() {
  for d in "$@"; do
    case $d in
      /var/tmp/*) p=\${d%/*}; [ -e "$p" ] && { [ -L "$p" ] || ! own "$p"; } && { why="$why$p is not a private folder of this user. "; continue; };;
      /*) ;;
      *) continue;;
    esac
    if make "$d" && chmod 700 "$d" 2>/dev/null && own "$d" && mkdir "$d/.tmp-$r" 2>/dev/null; then work=$d/.tmp-$r; return 0; fi
    why="$why$(mkdir -p "$d/.t$r" 2>&1 && rmdir "$d/.t$r" 2>&1). "
    unmake
  done
  return 1
}
free() { set -- $(df -Pk "$d" 2>/dev/null | tail -n 1); printf '%s' "$4"; }
full() { die space "$(free)" "$d" "$@"; }

q='if(parseInt(process.versions.node)>=20)process.stdout.write(process.execPath)'
good() { [ -n "$1" ] && [ -x "$1" ] && n=$("$1" -e "$q" 2>/dev/null </dev/null) && [ -n "$n" ] && [ -x "$n" ]; }
within() {
  if command -v timeout >/dev/null 2>&1; then timeout -k 1 "$@" </dev/null; return; fi
  s=$1; shift
  "$@" </dev/null & p=$!
  ( trap 'kill $k' TERM; sleep "$s" & k=$!; wait $k && kill -9 $p ) >/dev/null 2>&1 & g=$!
  wait $p; x=$?
  kill $g 2>/dev/null
  return $x
}
login() {
  h=$SHELL; [ -x "$h" ] || h=/bin/sh
  for f in -lc -ilc; do
    good "$(within 8 "$h" $f 'node -p "\\"@n@\\"+process.execPath"' 2>/dev/null | sed -n 's/.*@n@//p' | tail -n 1)" && return 0
  done
  return 1
}
find_node() {
  [ -f "$d/node-path" ] && read -r c <"$d/node-path" && good "$c" && return 0
  good "$(command -v node 2>/dev/null)" && return 0
  places && return 0
  say doing login
  login && return 0
  for c in "$d"/node/*/node; do good "$c" && return 0; done
  n=
  return 1
}

hash() {
  if command -v "sha$1sum" >/dev/null 2>&1; then "sha$1sum" <"$2"
  elif command -v shasum >/dev/null 2>&1; then shasum -a "$1" <"$2"
  elif command -v openssl >/dev/null 2>&1; then openssl dgst "-sha$1" -r <"$2"
  elif [ -n "$n" ]; then "$n" -e 'process.stdin.pipe(require("crypto").createHash("sha"+process.argv[1]).setEncoding("hex")).pipe(process.stdout)' "$1" <"$2"
  fi | cut -d ' ' -f 1
}
# $1 bytes of stdin to the file $2.
receive() {
  e=$(head -c "$1" 2>&1 >"$2") || full "$e"
  short "$1" "$2"
}
short() { [ "$(($(wc -c <"$2")))" -eq "$1" ] || die input; }

platform() {
  s=$(uname -s) a=$(uname -m)
  case $a in x86_64|amd64) a=x64;; aarch64|arm64) a=arm64;; esac
  case $s in Linux) s=linux;; Darwin) s=darwin;; esac
  release "$s-$a" || die platform "$s-$a"
  [ "$s" = linux ] || return 0
  g=$(getconf GNU_LIBC_VERSION 2>/dev/null) || g=
  g=\${g#glibc }
  if [ -z "$g" ]; then
    for p in /lib/ld-musl-*; do [ -e "$p" ] && die musl; done
    g=$(ldd --version 2>/dev/null | sed -n '1s/.* //p')
  fi
  minor=\${g#*.}; minor=\${minor%%[!0-9]*}
  case $g in
    2.*) [ "\${minor:-28}" -ge 28 ] || die glibc "$g";;
  esac
}
unpack() { e=$(tar -xzf - -O package/bin/node 2>&1 >"$1") || { why=$e; return 1; }; }
fetch() {
  [ -n "$registry" ] && [ -n "$tools" ] || return 1
  if [ -n "$NPM_CONFIG_REGISTRY" ]; then registry=$NPM_CONFIG_REGISTRY; fi
  command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || return 1
  url=\${registry%/}/$pkg/-/$pkg-$ver.tgz
  say doing fetch
  if command -v curl >/dev/null 2>&1; then e=$(curl -fsSL --connect-timeout 8 --max-time 240 -o "$work/tgz" "$url" 2>&1 </dev/null) || return 1
  else e=$(wget -q -T 8 -O "$work/tgz" "$url" 2>&1 </dev/null) || return 1; fi
  [ "$(hash 512 "$work/tgz")" = "$sum" ] || { rm -f "$work/tgz"; return 1; }
  unpack "$1" <"$work/tgz" || full "$why"
  rm -f "$work/tgz"
}
pipe() {
  say "need node $s-$a \${tools:-plain}"
  read -r z h || die input
  [ "$z" != none ] || die node "$h"
  if [ -n "$tools" ]; then head -c "$z" | unpack "$1" || full "$why"
  else receive "$z" "$1"; fi
  c=$(hash 256 "$1")
  [ -z "$c" ] || [ "$c" = "$h" ] || die hash node
}
bring_node() {
  platform
  k=$(free)
  [ "\${k:-200000}" -ge 200000 ] 2>/dev/null || full "Node needs 200 MB"
  tools=
  command -v tar >/dev/null 2>&1 && command -v gzip >/dev/null 2>&1 && tools=tgz
  fetch "$work/node" || pipe "$work/node"
  chmod 700 "$work/node"
  e=$("$work/node" -e 0 2>&1 </dev/null); x=$?
  [ $x -ne 126 ] || die noexec "$d" "$e"
  [ $x -eq 0 ] || die noderun "$e"
  n=$d/node/$ver-$s-$a/node
  make "\${n%/*}" && mv -f "$work/node" "$n" || full
  kept "$n"
}
bring_bundle() {
  f=$d/versions/$sha/runner.cjs
  [ -f "$f" ] && [ "$(hash 256 "$f")" = "$sha" ] && return 0
  say need bundle
  receive "$size" "$work/bundle"
  [ "$(hash 256 "$work/bundle")" = "$sha" ] || die hash bundle
  make "\${f%/*}" && mv -f "$work/bundle" "$f" || full
  kept "$f"
}

folders || die folder "$why"
find_node || bring_node
bring_bundle
{ printf '%s\\n' "$n" >"$work/path"; } 2>/dev/null && mv -f "$work/path" "$d/node-path" || full
rm -rf "$work"
trap - EXIT HUP INT TERM PIPE
umask "$mask"
exec "$n" "$f" "$@" --dir "$d"
`
