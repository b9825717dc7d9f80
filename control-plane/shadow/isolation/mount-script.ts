/** What the shadow may see of this machine's files. All paths are absolute and resolved. */
export interface MountPlan {
  /** `<run>/shadow`, read-only but for {@link writable}. */
  readonly shadow: string;
  /**
   * Folders in it that the shadow may write to, the only ones of this machine. What this side of the wall writes lies elsewhere:
   * a service could put a link there, and have us follow it.
   */
  readonly writable: readonly string[];
  /** Production's data, tokens, store and sockets live below it: replaced by an empty folder that holds the shadow's own alone. */
  readonly home: string;
  /** Production's own folder below {@link home}: every attempt to look into it is denied and counted. */
  readonly production: string;
  /** Folders replaced by empty ones of the shadow's own: temporary files, the user's home, sockets of other programs. */
  readonly privates: readonly string[];
  /** Folders that stay visible, read-only, although they lie below a private one: programs, this package. */
  readonly keeps: readonly string[];
  /** Folders of the application: visible, and what is written there stays in the shadow. */
  readonly overlays: readonly string[];
}

/** One word for `sh`. */
export const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

const isBelow = (path: string, folder: string) =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

/** Without those that lie below another: a second bind would hide the first. */
function outermost(paths: readonly string[]): string[] {
  const kept: string[] = [];
  for (const path of [...new Set(paths)].sort((a, b) => a.length - b.length))
    if (!kept.some((k) => isBelow(path, k))) kept.push(path);
  return kept;
}

/** Marks our own writable mounts, so that everything else can be made read-only. */
const PRIVATE = 'umbra-private';
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
/** Overlayfs separates its options with these and offers no way around that works on all kernels. */
const unfitForOverlay = /[,:\\]/;

/**
 * A script for `sh` inside fresh user, mount, PID and network namespaces: builds a new root out of read-only views of this one,
 * hides what the shadow must not see, moves there (pivot_root(2)) and runs what it is given. Binds are recursive because the
 * kernel refuses others in a user namespace (they could uncover what a mount hides); therefore the read-only pass over
 * everything that was bound. It ends with the words `wall=fuse` or `wall=plain` in the environment: with `fuse`, file descriptor
 * 4 speaks for production's folder (file-wall.ts); without it, the folder is empty and denied, and attempts are not counted.
 */
export function mountScript(plan: MountPlan): string {
  const root = `${plan.shadow}/root`;
  const R = quote(root);
  const at = (path: string) => quote(root + path);
  const lines: string[] = [
    'set -eu',
    'export PATH="$PATH:/usr/sbin:/sbin"',
    'ip link set lo up',
    `mkdir -p ${R}`,
    `mount -t tmpfs -o mode=755,size=64m ${PRIVATE} ${R}`,
    'for d in /*; do',
    '  n=$' + '{d#/}',
    '  case $n in proc|dev|tmp|run) continue;; esac',
    `  if [ -L "$d" ]; then cp -P "$d" ${R}/"$n"`,
    `  elif [ -d "$d" ]; then mkdir ${R}/"$n"; mount --rbind "$d" ${R}/"$n"; fi`,
    'done',
    `mkdir ${R}/proc ${R}/dev ${R}/tmp ${R}/run`,
  ];
  for (const folder of plan.privates) {
    const mode = folder === '/tmp' || folder === '/var/tmp' ? '1777' : '755';
    lines.push(`mkdir -p ${at(folder)}`, `mount -t tmpfs -o mode=${mode},size=256m ${PRIVATE} ${at(folder)}`);
  }
  const hidden = (path: string) => plan.privates.some((folder) => isBelow(path, folder));
  const shown = outermost([...plan.keeps, ...plan.overlays].filter(hidden));
  for (const path of shown)
    lines.push(
      `if [ -d ${quote(path)} ]; then mkdir -p ${at(path)}; else mkdir -p "$(dirname ${at(path)})"; : > ${at(path)}; fi`,
      `mount --rbind ${quote(path)} ${at(path)}`,
    );
  // A private folder may lie on a mount of this machine's: `mount` would find the private one by that mount's path, and close it.
  const covering = plan.privates.filter((folder) => !shown.includes(folder)).map(at);
  lines.push(
    'while read -r line; do',
    '  case "$line" in *" - tmpfs ' + PRIVATE + ' "*) continue;; esac',
    '  set -- $line',
    '  target=$(printf "%b" "$5")',
    `  case "$target" in ${covering.length > 0 ? `${covering.join('|')}) continue;; ` : ''}${R}/*) ;; *) continue;; esac`,
    // One that a private folder hides is not there any more.
    '  [ -e "$target" ] || continue',
    '  mount -o "remount,bind,ro$' + '{6#r[ow]}" "$target"',
    'done < /proc/self/mountinfo',
  );
  for (const [i, path] of plan.overlays.entries()) {
    if (unfitForOverlay.test(path + plan.shadow)) continue;
    const own = `${plan.shadow}/overlay/${i}`;
    lines.push(
      `rm -rf ${quote(own)}; mkdir -p ${quote(`${own}/up`)} ${quote(`${own}/work`)}`,
      `mount -t overlay -o ${quote(`userxattr,lowerdir=${path},upperdir=${own}/up,workdir=${own}/work`)} overlay ${at(path)} 2>/dev/null || echo ${quote(`isolation: ${path} is read-only in the shadow`)} >&2`,
    );
  }
  lines.push(
    `mkdir -p ${at(plan.home)}`,
    `mount -t tmpfs -o mode=755,size=1m ${PRIVATE} ${at(plan.home)}`,
    `mkdir -p ${at(plan.shadow)} ${at(plan.production)}`,
    `mount --bind ${quote(plan.shadow)} ${at(plan.shadow)}`,
    `mount -o remount,bind,ro ${at(plan.shadow)}`,
    ...plan.writable.map((name) => `mount --bind ${quote(`${plan.shadow}/${name}`)} ${at(`${plan.shadow}/${name}`)}`),
    // The new root is mounted inside it: not to be seen from there.
    `mount -t tmpfs -o mode=000,size=4k,ro ${PRIVATE} ${at(`${plan.shadow}/root`)}`,
    `mount -t tmpfs -o mode=755,size=1m,nosuid ${PRIVATE} ${at('/dev')}`,
    `for d in ${DEVICES.join(' ')}; do if [ -e /dev/$d ]; then : > ${R}/dev/$d; mount --bind /dev/$d ${R}/dev/$d; fi; done`,
    `mkdir ${R}/dev/shm; mount -t tmpfs -o mode=1777,size=256m ${PRIVATE} ${R}/dev/shm`,
    `ln -s /proc/self/fd ${R}/dev/fd; ln -s /proc/self/fd/0 ${R}/dev/stdin; ln -s /proc/self/fd/1 ${R}/dev/stdout; ln -s /proc/self/fd/2 ${R}/dev/stderr`,
    // Read-only: a process whose owner is this machine's root could write to sysrq-trigger and the like.
    `mount -t proc -o nosuid,nodev,noexec,ro proc ${R}/proc`,
    'wall=plain',
    'if [ -c /dev/fuse ] && : 2>/dev/null <> /dev/fuse; then',
    '  exec 4<>/dev/fuse',
    `  if mount -i -t fuse -o fd=4,rootmode=40000,user_id=0,group_id=0,allow_other umbra-wall ${at(plan.production)} 2>/dev/null; then wall=fuse; else exec 4<&-; fi`,
    'fi',
    `if [ $wall = plain ]; then mount -t tmpfs -o mode=000,size=4k,ro ${PRIVATE} ${at(plan.production)}; fi`,
    'export wall',
    `mkdir ${R}/.old`,
    `cd ${R}`,
    'pivot_root . .old',
    'cd /',
    'umount -l /.old',
    'rmdir /.old',
    'mount -o remount,bind,ro /',
  );
  return `${lines.join('\n')}\n`;
}
