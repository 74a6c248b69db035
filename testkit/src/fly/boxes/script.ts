/** What a namespace's first process is told. */
export interface RootScript {
  /** The machine's: its host name. */
  readonly id: string
  /** An empty folder of this computer. */
  readonly folder: string
  /** Copied over the root. */
  readonly images: readonly string[]
  readonly mounts: readonly { folder: string; path: string }[]
  /** Folders of this computer that the machine sees, unchangeable, where they are. */
  readonly shared: readonly string[]
  readonly user: number | undefined
}

/**
 * The first process of a machine's namespaces: makes its root, waits for its network, starts the main process and reaps whatever
 * loses its parent, as Fly's own init does. Below the machine's root, in memory, stands this computer's, so that its programs
 * are there; a machine sees no home and no temporary folder of it.
 */
export function rootScript({ id, folder, images, mounts, shared, user }: RootScript): string {
  const root = quote(`${folder}/root`)
  const hidden = ['tmp', 'run', 'root', 'home'].map((name) => `mount -t tmpfs -o mode=755 tmpfs ${root}/${name}`)
  const bind = (from: string, to: string) =>
    `mkdir -p ${root}${quote(to)} && mount --rbind ${quote(from)} ${root}${quote(to)}`
  const asUser = user === undefined ? [] : ['setpriv', `--reuid=${user}`, `--regid=${user}`, '--clear-groups']
  return [
    'set -e',
    `mount -t tmpfs -o mode=755 tmpfs ${quote(folder)}`,
    `mkdir ${quote(folder)}/upper ${quote(folder)}/work ${root}`,
    `mount -t overlay -o ${quote(`lowerdir=/,upperdir=${folder}/upper,workdir=${folder}/work`)} overlay ${root} 2>/dev/null ||`,
    ...withoutOverlay(root),
    ...hidden,
    `chmod 1777 ${root}/tmp`,
    `mount --rbind /dev ${root}/dev`,
    `mount -t tmpfs tmpfs ${root}/dev/shm 2>/dev/null || :`,
    `mount --rbind /sys ${root}/sys`,
    `mount -t proc proc ${root}/proc`,
    `hostname ${id} 2>/dev/null || :`,
    `rm -f ${root}/etc/resolv.conf && echo nameserver 10.0.2.3 >${root}/etc/resolv.conf`,
    `echo 10.0.2.100 ${id} >>${root}/etc/hosts`,
    ...shared.map(
      (path) => `${bind(path, path)} && { mount -o remount,bind,ro ${root}${quote(path)} 2>/dev/null || :; }`,
    ),
    ...images.map((image) => `cp -a ${quote(image)}/. ${root}/`),
    ...mounts.map((mount) => bind(mount.folder, mount.path)),
    // A line from outside: the network is there.
    'read -r _ <&3',
    // A shell makes what runs beside it deaf to these two.
    `chroot ${root} env --default-signal=INT,QUIT ${asUser.join(' ')} "$@" 3>&- </dev/null & main=$!`,
    'echo "$main" >&3',
    'exec 3>&- >/dev/null 2>&1',
    'set +e',
    'wait "$main"',
  ].join('\n')
}

/**
 * The same where the kernel allows no overlay over its root (another user than root, some containers): a new root in which what
 * stands in this computer's folders is bound, unchangeable; beside it a machine can write.
 */
function withoutOverlay(root: string): string[] {
  return [
    'for folder in /*; do',
    `  to=${root}$folder`,
    '  case $folder in',
    '    /proc | /sys | /dev | /tmp | /run | /root | /home) mkdir "$to"; continue ;;',
    '    /etc) cp -a /etc "$to" 2>/dev/null || :; continue ;;',
    '  esac',
    '  if [ -L "$folder" ]; then cp -P "$folder" "$to"; continue; fi',
    '  [ -d "$folder" ] || continue',
    '  mkdir "$to"',
    '  for from in "$folder"/*; do',
    `    to=${root}$from`,
    '    if [ -L "$from" ]; then cp -P "$from" "$to"; continue; fi',
    '    [ -e "$from" ] || continue',
    '    if [ -d "$from" ]; then mkdir "$to"; else : >"$to"; fi',
    '    mount --rbind "$from" "$to" 2>/dev/null || :',
    '    mount -o remount,bind,ro "$to" 2>/dev/null || :',
    '  done',
    'done',
  ]
}

/** As one word of a shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`
}
