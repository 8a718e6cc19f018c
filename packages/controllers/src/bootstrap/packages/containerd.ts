/**
 * containerd's configuration for a distribution's own package. Debian's looks for network plugins in a folder of Debian's, where no CNI
 * puts them, leaves cgroups to runc though systemd rules them, and reads no mirrors. Version 2 is what containerd 1.5 to 1.7 read and
 * what 2 converts.
 */
export function containerdConfig(cgroupDriver: string): string {
  return `version = 2

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/opt/cni/bin"
  conf_dir = "/etc/cni/net.d"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = ${cgroupDriver !== 'cgroupfs'}

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
`
}
