/**
 * Makes a stock image a worker; run by its unit with the seed's folder as argument. One text for all machines: what differs stands in
 * files of that folder, and nothing is pasted in. Each line may run again, after a failure, a kill or a reboot. Only what apt has verified
 * is installed; what fails is said in a sentence on the console, and tried again with growing pauses.
 */
export const INSTALL_SCRIPT = String.raw`#!/bin/sh
# Written by Fochista: installs containerd and the kubelet from signed packages, then starts the kubelet.
set -u
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 LC_ALL=C
folder=$1
version=$(cat "$folder/kubelet-version")
log=/var/log/fochista-packages.log
keep='-o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef'

say() {
  echo "fochista: $*"
}

# The pool's own commands, each once. One that fails does not stop the rest.
run_once() {
  for command in "$folder/$1"/*/run; do
    if [ -e "$command" ] && [ ! -e "$command.done" ]; then
      sh "$command" || say "a command of the pool failed: $command"
      touch "$command.done"
    fi
  done
}

is_installed() {
  [ "$(dpkg-query -W -f '$''{db:Status-Status} ' containerd kubelet 2>/dev/null)" = 'installed installed ' ] &&
    [ "$(/usr/bin/kubelet --version 2>/dev/null)" = "Kubernetes v$version" ]
}

# Says in a sentence what apt says in many.
explain() {
  if grep -q 'Could not get lock' "$log"; then
    say 'another program installs packages at the moment.'
  elif grep -q 'is not valid yet' "$log"; then
    say 'the lists of packages are from the future: the clock of the machine is slow.'
  elif grep -q 'EXPKEYSIG' "$log"; then
    say 'the key of the packages has expired: nothing was installed. Give the new one as packages.keyring of the MachineClass.'
  elif grep -qE 'NO_PUBKEY|BADSIG|signatures were invalid|is not signed|signature verification failed|cannot be authenticated' "$log"; then
    say 'the signature of the packages does not fit the key: nothing was installed. See packages.keyring of the MachineClass.'
  elif grep -qE 'Hash Sum mismatch|unexpected size' "$log"; then
    say 'a package is not what the signed list says (checksum or size): it was not installed.'
  elif grep -qE "Version .* was not found|Unable to locate package|no installation candidate" "$log"; then
    say "the packages have no kubelet $version. See packages.mirror of the MachineClass and version of the NodePool."
  elif grep -qE 'Failed to fetch|Could not|Temporary failure|Unable to connect|does not have a Release file' "$log"; then
    say 'the packages could not be fetched. Network, name servers, proxy, packages.mirror of the MachineClass?'
  else
    say 'the packages could not be installed.'
  fi
  grep -E '^((E|W|Err):|dpkg: error)' "$log" || tail -n 5 "$log"
}

install_packages() {
  is_installed && return 0
  say "installing containerd and kubelet $version"
  # What a kill has left half done first, as far as it goes: what it lacks is fetched below.
  dpkg --force-confold --force-confdef --configure -a >"$log" 2>&1
  apt-get -q update --error-on=any >>"$log" 2>&1 &&
    apt-get -q -y --no-install-recommends --allow-downgrades --allow-change-held-packages \
      -o DPkg::Lock::Timeout=600 $keep --fix-broken install \
      containerd iptables qemu-guest-agent "kubelet=$version-*" >>"$log" 2>&1 &&
    is_installed && return 0
  explain
  return 1
}

start_containerd() {
  systemctl restart containerd && return 0
  say 'containerd does not start.'
  return 1
}

[ ! -e "$folder/done" ] || exit 0
run_once before-join
delay=5
until install_packages && start_containerd; do
  say "this is tried again in $delay s; all of it is in $log"
  sleep "$delay"
  delay=$((delay * 2))
  [ "$delay" -le 300 ] || delay=300
done
apt-mark hold containerd kubelet >/dev/null
mkdir -p /opt/cni/bin /etc/cni/net.d /etc/kubernetes/manifests
swapoff -a
modprobe -a overlay br_netfilter
sysctl -q --system
# From here on the kubelet may start; its unit asks for this file.
touch "$folder/installed"
systemctl daemon-reload
systemctl enable kubelet
systemctl restart kubelet
say "kubelet $version was installed and started"
run_once after-join
touch "$folder/done"
`
