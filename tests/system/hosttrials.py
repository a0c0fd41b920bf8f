"""Gates with a host of their own, made and tried as `trials` does it for others, and what root of one may try."""

from typing import Final

from tests.system.trials import GATES, Trials

KIND: Final = "gatehost"
SECRET: Final = "only-root-of-the-machine-reads-this"
# What root of a host may try. None of it may say `OUT`.
TRIES: Final = r"""
set +e
out() { echo "OUT $*"; }
# What the machine has, and is not for gates.
grep -rqs [o]nly-root-of-the-machine /etc /var /run /root /home /srv /usr/local && out "a secret"
# Its own systemd makes these anew, of what the package has for everybody.
for made in /etc/pm-runner/*.toml; do cmp -s $made /usr/share/pm-runner/pm-runner.toml && rm $made; done
find /var/lib/pm-runner /run/pm-runner /etc/pm-runner /opt/pm-runner -type f -size +0c -o -type s 2>/dev/null | grep . && out "a state"
# Its programs: what is done to them in here is done to its own.
for program in /usr/bin/env /usr/bin/passwd; do
    (: >> $program) 2>/dev/null && out "writes $program"
    chmod 4777 $program 2>/dev/null && out "chmod $program"
    chown 0:0 $program 2>/dev/null && out "chown $program"
    ln $program /usr/bin/linked 2>/dev/null && out "another name of $program"
    setfattr -n user.x -v x $program 2>/dev/null && out "setfattr $program"
done
ls /.layers 2>/dev/null && out "the layers of its host"
umount /.layers 2>/dev/null || umount -l /.layers 2>/dev/null; ls /.layers 2>/dev/null && out "the layers once more"
umount -l /usr 2>/dev/null && out "what is below /usr"
mount -o remount,ro /usr 2>/dev/null && out "how /usr is mounted"
cp /usr/bin/id /usr/bin/another && mv /usr/bin/another /usr/bin/env && env -un | grep -qx root || echo "NO PROGRAM OF ITS OWN"
touch /usr/made-by-a-gate && rm /usr/bin/passwd || echo "NO /usr"
chmod u+w /run/gate/built 2>/dev/null && out "what was built"
touch /run/gate/built/x 2>/dev/null && out "what was built, by a file"
grep -q tool "$PMRUNNER_PREPARED/tool" || echo "NO TOOL"
touch "$PMRUNNER_PREPARED/x" 2>/dev/null && out "what was prepared"
# Its kernel and devices.
mount -t tmpfs tmpfs /mnt || echo "NO MOUNT"
for disk in 8:0 253:0 254:0 259:0; do
    mknod /tmp/disk b ${disk%:*} ${disk#*:} 2>/dev/null && head -c 1 /tmp/disk 2>/dev/null && out "a disk"
done
mknod /tmp/mem c 1 1 2>/dev/null && head -c 1 /tmp/mem >/dev/null 2>&1 && out "memory"
for file in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /sys/kernel/uevent_helper /proc/sys/vm/drop_caches; do
    (echo x > $file) 2>/dev/null && out $file
done
dmesg >/dev/null 2>&1 && out "the kernel's log"
date --set @1 >/dev/null 2>&1 && out "the clock"
# Its limits, by whichever version of control groups.
for file in /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/{,unified/}{memory,pids}.max; do
    (echo 99999999999 > $file) 2>/dev/null && out $file
done
# Who else is there.
test "$(ip -o link | wc -l)" = 1 || out "a network"
for port in 3502 3503 22; do (exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && out "port $port"; done
grep -q pm-runner /proc/net/unix && out "a socket"
ps -eo user,args | grep -e ^nobody -e ^6553 && out "a process"
awk '$2 != 0 && $2 < 65536' /proc/self/uid_map | grep . && out "a user"
awk '$2 == 0' /proc/self/uid_map | grep . && out "root"
unshare --user --map-root-user true || echo "NO NAMESPACE"
echo tried
"""


class HostTrials(Trials):
    """Gates of `dev`, each in a host."""

    def start(self, name: str, kind: str = KIND) -> None:
        super().start(name, kind)

    def make(self, command: str, **more: object) -> str:
        return super().make(command, **{"host": True, **more})

    def told(self, name: str) -> str:
        """Return what was told people of a gate."""
        return self.machine.run("cat", f"{GATES}/dev/{name}/told.json").stdout

    def says(self, name: str, text: str) -> None:
        """Wait until a gate that runs has said something."""
        log = self.machine.root / f"{GATES}/dev/{name}/log".lstrip("/")
        self.machine.wait(lambda: text in log.read_text())

    def unit(self, name: str, kind: str = KIND) -> str:
        return super().unit(name, kind)

    def left(self) -> str:
        """Return all that is there of any gate's host."""
        looks = (
            "ps -eo uid=,args= | awk '$1 > 65536 || /[s]ystemd-nspawn|[l]aunch gate/'",
            "grep -e pm-runner/work -e gatehost /proc/[0-9]*/mountinfo",
            "find /sys/fs/cgroup -name '*pm-runner-gatehost@*.service'",
            "find /var/lib/pm-runner/work /run/systemd/nspawn-uid /run/systemd/nspawn/{locks,propagate} -mindepth 1",
            "systemctl list-units --all --no-legend 'pm-runner-gatehost@*'",
        )
        return self.machine.run("bash", "-c", "; ".join(looks), check=False).stdout
