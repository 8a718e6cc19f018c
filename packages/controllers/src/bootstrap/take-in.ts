import type { SeedFile } from './seed.ts'

const SCRIPT = '/usr/local/lib/fochista/take-in'
/** What the kubelet has counted when it started; in memory, as the next boot counts anew. */
const COUNTED = '/run/fochista-counted'

/** The kubelet's unit runs it before each start, so that the kubelet counts what there is. */
export const takeInBeforeStart = `/bin/sh ${SCRIPT} start`

/**
 * The files by which a guest takes in what its VM is given: a larger disk at the next start of the kubelet, so with each boot, and where
 * the kernel tells of it at once (cores and memory that are plugged; disks since Linux 5.11). A kubelet counts cores, memory and disk only
 * when it starts: if they have changed it is restarted, which touches no pod.
 */
export function takeInFiles(): SeedFile[] {
  return [
    { path: SCRIPT, content: script, permissions: '0755' },
    { path: '/etc/udev/rules.d/90-fochista-take-in.rules', content: rules },
  ]
}

/** At the next boot cloud-init finds no seed any more and may do nothing: so the disk is not left to it. */
const script = `#!/bin/sh
# Takes in what the VM was given. "start": before the kubelet starts; "changed": when the kernel tells of a change.
counted=${COUNTED}

grow() {
  source=$(findmnt -no SOURCE /)
  [ -n "$source" ] || return 0
  name=$(basename "$(readlink -f "$source")")
  if [ -r "/sys/class/block/$name/partition" ]; then
    disk=$(basename "$(dirname "$(readlink -f "/sys/class/block/$name")")")
    # It fails where there is nothing to grow.
    growpart "/dev/$disk" "$(cat "/sys/class/block/$name/partition")"
  fi
  case $(findmnt -no FSTYPE /) in
    ext*) resize2fs "/dev/$name" ;;
    xfs) xfs_growfs / ;;
    btrfs) btrfs filesystem resize max / ;;
  esac
}

count() {
  cat /sys/devices/system/cpu/online 2>/dev/null
  grep MemTotal /proc/meminfo 2>/dev/null
  findmnt -bno SIZE / 2>/dev/null
}

if [ "$1" = changed ] && [ ! -e "$counted" ]; then exit 0; fi
grow >/dev/null 2>&1
if [ "$1" = changed ]; then
  [ "$(count)" = "$(cat "$counted")" ] || systemctl try-restart kubelet.service
else
  count > "$counted"
fi
exit 0
`

/** Events come in numbers, one for each block of memory: while a timer of that name waits no second one is made. */
const run = `RUN+="/usr/bin/systemd-run --no-block --collect --unit=fochista-take-in --on-active=5 /bin/sh ${SCRIPT} changed"`

const rules = `# What is plugged is put to use.
SUBSYSTEM=="cpu", ACTION=="add", TEST=="online", ATTR{online}=="0", ATTR{online}="1"
SUBSYSTEM=="memory", ACTION=="add", TEST=="state", ATTR{state}=="offline", ATTR{state}="online"
SUBSYSTEM=="cpu", ACTION=="add|remove|online|offline", ${run}
SUBSYSTEM=="memory", ACTION=="add|remove|online|offline", ${run}
SUBSYSTEM=="block", ACTION=="change", ENV{DEVTYPE}=="disk", ENV{RESIZE}=="1", ${run}
`
