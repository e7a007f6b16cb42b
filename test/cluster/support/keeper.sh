#!/bin/sh
# keeper.sh FOLDER CGROUP: keeps one cluster's namespaces for as long as its standard input is open, and cleans up then,
# whatever ended its starter. It prints the process id of the `unshare` whose child is process 1 inside.
#
# All processes of the cluster are inside, so they, their mounts and their network go with process 1; what the kernel does not
# take with it are the control groups that kubelet made, and the folder.
folder=$1 cgroup=$2

# When this script itself is killed, unshare goes with it (pdeathsig), and process 1 with that (--kill-child).
# Process 1 ignores SIGCHLD, so that the kernel buries the orphans that come to it.
setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc \
  sh -c 'trap "" CHLD; exec sleep infinity' &
machine=$!
echo "$machine"

cat > /dev/null

kill -KILL "$machine"
wait "$machine" 2> /dev/null
# A killed process leaves its control group a moment after it ended.
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  find /sys/fs/cgroup -depth -type d -path "/sys/fs/cgroup*/$cgroup*" -exec rmdir {} + 2> /dev/null
  [ -z "$(find /sys/fs/cgroup -type d -name "$cgroup" 2> /dev/null)" ] && break
  sleep 0.1
done
rm -rf "$folder"
